"""The site's own authority: trusted for the site, and for nothing else."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path, PurePosixPath

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from greygate.errors import Trouble
from greygate.identity import authority
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames
from greygate.spec.certificate import Due

NOW = datetime.now(UTC)
SITE = CertificateNames(
    ("home.example", "m.home.example"), (IPv6Address("200::1"), IPv4Address("127.0.0.1"))
)
OTHER = CertificateNames(("bank.example",), (IPv6Address("200::1"),))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))


def _ensured(paths: Paths, names: CertificateNames, *, now: datetime) -> authority.Certified:
    return authority.ensure_certificate(paths, names, accounts=False, now=now)


def _accepts(paths: Paths, certificate: Path, name: str) -> bool:
    """Whether Python's ssl trusts the certificate for `name`, with our authority as its root."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    asking = ssl.create_default_context(cafile=str(paths.ca))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    serving_thread = threading.Thread(target=serve)
    serving_thread.start()
    try:
        asking.wrap_socket(ours, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        serving_thread.join()
    return True


def _forged(paths: Paths, names: CertificateNames, tmp_path: Path) -> Path:
    """A certificate for `names` signed by the authority, as a thief of its key would make it."""
    key = serialization.load_pem_private_key(Path(paths.ca_key).read_bytes(), password=None)
    stolen = authority.Authority(authority.authority_certificate(paths), key)  # type: ignore[arg-type]
    forged = tmp_path / "forged.pem"
    forged.write_bytes(authority._issue(stolen, names, NOW))
    return forged


def test_the_second_start_changes_nothing(paths: Paths) -> None:
    first = _ensured(paths, SITE, now=NOW)
    before = Path(paths.certificate).read_bytes()
    second = _ensured(paths, SITE, now=NOW + timedelta(days=100))
    assert (first.renewed, first.new_authority) == (Due.UNREADABLE, Due.UNREADABLE)
    assert (second.renewed, second.new_authority) == (None, None)
    assert first.fingerprint == second.fingerprint
    assert Path(paths.certificate).read_bytes() == before


@pytest.mark.parametrize("name", ["home.example", "m.home.example", "200::1", "127.0.0.1"])
def test_python_trusts_the_server_for_each_name(paths: Paths, name: str) -> None:
    _ensured(paths, SITE, now=NOW)
    assert _accepts(paths, Path(paths.certificate), name)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (CertificateNames(("bank.example",), ()), "bank.example"),
        (CertificateNames(("home.example",), (IPv6Address("200::2"),)), "200::2"),
        (CertificateNames(("home.example",), (IPv4Address("127.0.0.2"),)), "127.0.0.2"),
    ],
)
def test_a_stolen_authority_is_no_good_for_others(
    paths: Paths, names: CertificateNames, asked: str, tmp_path: Path
) -> None:
    _ensured(paths, SITE, now=NOW)
    forged = _forged(paths, names, tmp_path)
    assert not _accepts(paths, forged, asked)
    said = subprocess.run(
        ("openssl", "verify", "-CAfile", paths.ca, forged), capture_output=True, text=True
    )
    assert said.returncode != 0
    assert "permitted subtree violation" in said.stdout + said.stderr


def test_openssl_accepts_the_chain(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    for question in (("-verify_hostname", "m.home.example"), ("-verify_ip", "200::1")):
        said = subprocess.run(
            (
                *("openssl", "verify", "-x509_strict", "-purpose", "sslserver", *question),
                *("-CAfile", str(paths.ca), str(paths.certificate)),
            ),
            capture_output=True,
            text=True,
        )
        assert said.returncode == 0, said.stderr


def test_a_new_certificate_two_thirds_through_its_life(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    later = _ensured(paths, SITE, now=NOW + timedelta(days=265))
    assert (later.renewed, later.new_authority) == (Due.OLD, None)


def test_other_names_need_another_trust(paths: Paths) -> None:
    first = _ensured(paths, SITE, now=NOW)
    changed = _ensured(paths, replace(SITE, addresses=(IPv6Address("200::5"),)), now=NOW)
    assert changed.new_authority is Due.OTHER_NAMES
    assert changed.renewed is Due.OTHER_ISSUER
    assert changed.fingerprint != first.fingerprint
    assert _accepts(paths, Path(paths.certificate), "200::5")


def test_that_another_trust_will_be_needed_is_known_beforehand(paths: Paths) -> None:
    assert authority.outgrown(paths, SITE, now=NOW) is None
    _ensured(paths, SITE, now=NOW)
    before = Path(paths.ca).read_bytes()
    assert authority.outgrown(paths, SITE, now=NOW) is None
    assert authority.outgrown(paths, OTHER, now=NOW) is Due.OTHER_NAMES
    assert Path(paths.ca).read_bytes() == before


def test_fewer_names_need_no_other_trust(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    changed = _ensured(paths, CertificateNames(SITE.names, SITE.addresses[:1]), now=NOW)
    assert (changed.renewed, changed.new_authority) == (Due.OTHER_NAMES, None)


def test_a_start_killed_before_the_certificate_goes_on(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    Path(paths.ca).unlink()
    Path(paths.certificate).unlink()
    _ensured(paths, SITE, now=NOW)
    assert _accepts(paths, Path(paths.certificate), "home.example")


def test_a_lost_authority_is_never_replaced(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    Path(paths.ca_key).unlink()
    with pytest.raises(Trouble, match=r"ca\.key is gone"):
        _ensured(paths, SITE, now=NOW)


def test_a_damaged_authority_is_never_replaced(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    Path(paths.ca_key).write_bytes(b"-----BEGIN")
    with pytest.raises(Trouble, match="damaged"):
        _ensured(paths, SITE, now=NOW)


def test_export_gives_the_authority_in_both_forms(paths: Paths) -> None:
    shown = _ensured(paths, SITE, now=NOW).fingerprint
    pem = x509.load_pem_x509_certificate(authority.export(paths, form="pem"))
    assert x509.load_der_x509_certificate(authority.export(paths, form="der")) == pem
    said = subprocess.run(
        ("openssl", "x509", "-in", paths.ca, "-noout", "-fingerprint", "-sha256"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip().endswith(shown)


def test_the_key_of_the_authority_is_ours_alone(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    assert Path(paths.ca_key).stat().st_mode & 0o777 == 0o600
    assert Path(paths.certificate).stat().st_mode & 0o777 == 0o400


@pytest.mark.programs
def test_haproxy_takes_the_certificate_as_it_is(paths: Paths, tmp_path: Path) -> None:
    _ensured(paths, SITE, now=NOW)
    settings = tmp_path / "haproxy.cfg"
    settings.write_text(
        "defaults\n    mode http\n    timeout client 1s\n    timeout server 1s\n"
        "    timeout connect 1s\nfrontend people\n"
        f"    bind 127.0.0.1:18443 ssl crt {paths.certificate}\n"
    )
    said = subprocess.run(("haproxy", "-c", "-f", settings), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr


def test_before_the_first_start_there_is_nothing_to_export(paths: Paths) -> None:
    with pytest.raises(Trouble, match="none yet") as met:
        authority.export(paths, form="pem")
    assert "greygate up" in met.value.hint


def test_a_certificate_of_a_clock_ahead_is_replaced(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW + timedelta(days=1000))
    later = _ensured(paths, SITE, now=NOW)
    assert later.new_authority is Due.NOT_YET_VALID
    assert _accepts(paths, Path(paths.certificate), "home.example")


def test_the_authority_is_renewed_before_it_ends(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    later = _ensured(paths, SITE, now=NOW + timedelta(days=3300))
    assert (later.new_authority, later.renewed) == (Due.OLD, Due.OTHER_ISSUER)


def test_half_a_certificate_is_made_anew(paths: Paths) -> None:
    _ensured(paths, SITE, now=NOW)
    whole = Path(paths.certificate).read_bytes()
    for damaged in (whole[:500], whole.partition(b"-----BEGIN PRIVATE")[0], b""):
        Path(paths.certificate).chmod(0o600)
        Path(paths.certificate).write_bytes(damaged)
        assert _ensured(paths, SITE, now=NOW).renewed is Due.UNREADABLE
