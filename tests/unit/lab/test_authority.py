"""The lab's own authority: whom its hosts trust, and under which names OpenSSL finds that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from greygate.lab import authority
from greygate.plan.plan import CertificateNames
from own_certificate import self_signed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host that trusts the lab's own authority and one more root."""
    authority.make(tmp_path / "authority")
    authority.add_root(tmp_path / "authority", other_root())
    (tmp_path / "root" / authority.STORE).mkdir(parents=True)
    (tmp_path / "root" / authority.STORE / "mozilla.pem").write_text("somebody")
    authority.trust(tmp_path / "authority", tmp_path / "root")
    return tmp_path / "root"


def other_root() -> str:
    return self_signed(CertificateNames(("Other.Example",), ()))[0].decode()


def test_a_host_trusts_the_labs_authorities_and_no_other(root: Path) -> None:
    store = root / authority.STORE
    bundle = (store / "ca-certificates.crt").read_text()
    assert bundle.count("BEGIN CERTIFICATE") == 2
    assert other_root() not in bundle  # made anew at each call: what is there is the first one's
    assert not (store / "mozilla.pem").exists()
    assert len([*store.glob("*.0")]) == 2
    assert len([*(root / authority.ADDED).iterdir()]) == 2


def test_names_are_those_that_openssl_looks_for(root: Path) -> None:
    for path in (root / authority.STORE).glob("*.0"):
        asked = ("openssl", "x509", "-noout", "-subject_hash", "-in", str(path))
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert path.stem == said.strip()


def test_a_certificate_may_be_for_an_address(tmp_path: Path) -> None:
    authority.make(tmp_path / "authority")
    authority.issue(tmp_path / "authority", ("home.example", "127.0.0.1"), tmp_path / "issued")
    made = x509.load_pem_x509_certificate((tmp_path / "issued/chain.pem").read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["home.example"]
    assert [str(it) for it in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
