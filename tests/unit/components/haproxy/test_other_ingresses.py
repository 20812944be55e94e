"""Ingresses of other sites: a layout that states a document, an edge that is elsewhere."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from greygate.site.model import Layout
from ingress import open_ingress, proxy_header

pytestmark = pytest.mark.programs


def test_the_document_for_apps_is_there_in_one_layout_only(tmp_path: Path) -> None:
    document = b"/.well-known/matrix/client"
    with open_ingress(tmp_path, layout=Layout.CLEARNET, legacy_media=True) as ingress:
        answer = ingress.ask(document)
        assert (answer.status, b"m.homeserver" in answer.body) == (200, True)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert ingress.ask(document, method=b"OPTIONS").status == 204
        assert ingress.ask(b"/.well-known/matrix/server").status == 404
        assert ingress.ask(b"/.well-known/matrix/support").status == 404
        assert ingress.ask(b"/_matrix/media/v3/download/twinkle.example/abc").status == 200
        assert ingress.ask(b"/_matrix/media/v3/download/other.example/abc").status == 404
        assert ingress.ask(b"/_matrix/media/v3/config").status == 404


def test_who_is_no_edge_is_refused_unread(tmp_path: Path) -> None:
    with open_ingress(tmp_path, near=False) as ingress:
        with suppress(ConnectionResetError), ingress.plain() as stranger:  # may be while it opens
            stranger.sendall(proxy_header())
            assert stranger.recv(1) == b""
        assert ingress.asked.heads == []
