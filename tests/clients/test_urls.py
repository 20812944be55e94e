"""An app stays at the URL by which it came, whatever the site: nothing sends it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import httpx
import pytest

import some_sites
from greygate.site.model import Layout
from whole_server import WholeServer, whole_server

pytestmark = [pytest.mark.engine, pytest.mark.programs]

SITES: dict[str, some_sites.Make] = {
    "standalone": some_sites.system,
    "trial": some_sites.trial,
    "loopback": some_sites.loopback,
    "federating": some_sites.managed,
    "overlay": lambda: some_sites.federating(Layout.OVERLAY),
}


@pytest.fixture(scope="module", params=SITES)
def server(request: pytest.FixtureRequest, engine: PurePosixPath) -> Iterator[WholeServer]:
    site, _plan = SITES[request.param]()
    with whole_server(site, engine) as it:
        yield it


@pytest.fixture(scope="module")
def login(server: WholeServer) -> dict[str, object]:
    who = {"type": "m.id.user", "user": "anna"}
    password = server.person("anna").reveal()
    return {"type": "m.login.password", "identifier": who, "password": password}


@pytest.fixture(params=["by_address", "by_name"])
def url(request: pytest.FixtureRequest, server: WholeServer) -> str:
    told: str = getattr(server, request.param)
    return told


def test_login_names_no_other_url(server: WholeServer, login: dict[str, object], url: str) -> None:
    with server.app(url) as app:
        answer = app.post("/_matrix/client/v3/login", json=login).raise_for_status()
    assert "access_token" in answer.json()
    assert "well_known" not in answer.json()
    assert _urls(answer.json()) <= {url}


def test_the_join_page_tells_the_url_by_which_it_was_opened(server: WholeServer, url: str) -> None:
    with server.app(url) as app:
        page = app.get("/join").raise_for_status().text
    told = server.plan.address_url if url == server.by_address else server.plan.base_url
    assert f"{told}</" in page
    for other in {server.plan.address_url, server.plan.base_url} - {told}:
        assert f"{other}</" not in page


def test_discovery_tells_the_url_by_which_it_was_asked(server: WholeServer, url: str) -> None:
    with server.app(url) as app:
        told: dict[str, Any] = app.get("/.well-known/matrix/client").raise_for_status().json()
    want = server.plan.address_url if url == server.by_address else server.plan.base_url
    assert told == {"m.homeserver": {"base_url": want}}


def _urls(value: object) -> set[str]:
    """Every URL anywhere in a JSON value."""
    match value:
        case dict():
            return set().union(*map(_urls, value.values()))
        case list():
            return set().union(*map(_urls, value))
        case str() if value.startswith(("http://", "https://")):
            return {str(httpx.URL(value))}
        case _:
            return set()
