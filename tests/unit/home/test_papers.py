"""The authority's certificate and the identity, as they are taken away."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from greygate.errors import NotRunning, Trouble
from greygate.home import papers
from greygate.home.place import Place
from greygate.identity import archive, authority, keys
from greygate.plan.plan import CertificateNames
from greygate.progress import Silent
from some_homes import place

SITE = 'server_name = "home.example.net"\nfederation = false\n'


@pytest.fixture
def made(tmp_path: Path) -> Place:
    where = place(tmp_path / "s")
    keys.claim(where.paths, "home.example.net")
    keys.ensure_keys(where.paths, accounts=False)
    wanted = CertificateNames(("home.example.net",), ())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    authority.ensure_certificate(where.paths, wanted, accounts=False, now=now)
    where.trial_site.write_text(SITE)
    return where


def test_the_authority_is_the_same_in_each_form(made: Place) -> None:
    pem = papers.authority_paper(made.paths, form="pem")
    der = papers.authority_paper(made.paths, form="der")
    assert x509.load_pem_x509_certificate(pem.content) == x509.load_der_x509_certificate(
        der.content
    )
    assert pem.fingerprint == der.fingerprint


def test_in_json_pem_is_itself_and_der_is_base64(made: Place) -> None:
    pem = papers.authority_paper(made.paths, form="pem")
    der = papers.authority_paper(made.paths, form="der")
    assert pem.told()["content"] == pem.content.decode()
    assert base64.b64decode(der.told()["content"], validate=True) == der.content


def test_the_identity_is_whole_and_has_the_site_file(made: Place) -> None:
    identity = archive.read(papers.identity(made, None, {}))
    assert identity.server_name == "home.example.net"
    assert identity.site == SITE


def test_the_site_file_of_another_server_does_not_come_into_it(made: Place, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(SITE.replace("home", "other"))
    with pytest.raises(Trouble, match=r"home\.example\.net"):
        papers.identity(made, other, {})


def test_without_a_server_there_is_no_paper(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no server here yet"):
        papers.identity(place(tmp_path / "s"), None, {})
    with pytest.raises(Trouble, match="there is none yet"):
        papers.authority_paper(place(tmp_path / "s").paths, form="pem")


def test_before_the_first_start_there_is_no_identity(tmp_path: Path) -> None:
    where = place(tmp_path / "s")
    where.trial_site.parent.mkdir()
    where.trial_site.write_text(SITE)
    with pytest.raises(Trouble, match="there is none yet") as trouble:
        papers.identity(where, None, {})
    assert "greygate up" in trouble.value.hint


def test_a_server_comes_back_from_its_identity_where_there_is_none(
    made: Place, tmp_path: Path
) -> None:
    kept = tmp_path / "identity.tar"
    kept.write_bytes(papers.identity(made, None, {}))
    other = place(tmp_path / "second")
    restored = papers.restore(other, kept, Silent())
    assert restored.server_name == Path(other.paths.site_mark).read_text().strip()
    assert keys.overlay_address(other.paths) == keys.overlay_address(made.paths)
    assert restored.site.read_text() == made.trial_site.read_text()
    assert papers.restore(other, kept, Silent()) == restored


def test_no_identity_is_read_from_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as told:
        papers.restore(place(tmp_path / "s"), tmp_path / "absent.tar", Silent())
    assert "No such file" in told.value.what
