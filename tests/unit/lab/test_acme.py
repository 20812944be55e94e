"""What the authority and acme-dns of the lab are given before they boot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greygate.lab import acme, acme_dns
from greygate.lab.topology import CERTIFIED


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The disk of a host, as far as packages made it."""
    for folder in (acme.UNITS, "etc/unbound"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def wanted(root: Path) -> set[str]:
    return {path.name for path in (root / acme.WANTED).iterdir()}


def test_the_authority_starts_two_pebbles_and_a_resolver(root: Path) -> None:
    acme.furnish_authority(root)
    assert wanted(root) == {"pebble@usual.service", "pebble@brief.service", "unbound.service"}
    brief = json.loads((root / "etc/pebble/brief.json").read_text())["pebble"]
    assert brief["certificateValidityPeriod"] == acme.LIVES["brief"]
    assert acme.BRIEF.endswith(f"{brief['listenAddress']}/dir")


def test_acme_dns_has_its_own_addresses_and_all_of_its_program(root: Path) -> None:
    host = CERTIFIED.host("acme-dns")
    acme.furnish_acme_dns(root, host, CERTIFIED)
    assert wanted(root) == {"acme-dns.service"}
    options = (root / "etc/acme-dns").read_text().splitlines()
    assert options[1] == "auth.acme-dns.example"
    assert "auth.acme-dns.example. A 198.51.100.34" in options
    assert "auth.acme-dns.example. AAAA 2001:db8:134::2" in options
    there = {path.name for path in (root / acme.PROGRAM).iterdir()}
    assert there == {path.name for path in Path(acme_dns.__file__).parent.glob("*.py")}
