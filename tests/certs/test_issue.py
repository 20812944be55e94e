"""A real authority issues, and what serves is exchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from acme_rig.rig import Authority, Rig
from greygate.certs.issue import issue, rehearsed
from greygate.certs.kept import Kept
from greygate.errors import Trouble
from greygate.progress import Silent
from greygate.site.model import Challenge, KeyType
from greygate.spec.certificate import covered_by
from some_orders import NAMES, Orders, Watching, orders, zones

pytestmark = pytest.mark.acme


def test_two_zones_by_acme_dns(acme: Orders) -> None:
    acme.lead()
    issue(acme.ordering, Silent())
    assert covered_by(acme.leaf).names == set(NAMES)
    assert isinstance(acme.leaf.public_key(), ec.EllipticCurvePublicKey)
    key = load_pem_private_key(acme.served, None)
    assert key.public_key() == acme.leaf.public_key()
    assert len(x509.load_pem_x509_certificates(acme.served)) == 2
    for path in (acme.paths.certificate, acme.paths.acme_accounts, acme.paths.acme_dns):
        assert Path(path).stat().st_mode & 0o077 == 0, path
    assert Kept(acme.paths, acme.ordering.authority).order() is None


def test_nothing_is_known_at_first_and_all_that_is_missing_is_said(acme: Orders) -> None:
    with pytest.raises(Trouble, match="there is no CNAME at _acme") as trouble:
        issue(acme.ordering, Silent())
    assert "_acme-challenge.edge.other.example" in trouble.value.what
    typed = [line.strip() for line in trouble.value.hint.splitlines()]
    assert typed[0].startswith(
        "publish in twinkle.example: name _acme-challenge  type CNAME  value "
    )
    assert typed[0].endswith(".auth.example.")
    assert typed[2].startswith("publish in other.example: name _acme-challenge.edge  type CNAME")


def test_two_zones_by_two_solvers(rig: Rig, authority: Authority, tmp_path: Path) -> None:
    mixed = zones(rig, twinkle=Challenge.MANUAL)
    with orders(rig, authority, tmp_path, mixed) as acme:
        acme.lead("edge.other.example")
        typist = Typist(rig)
        issue(acme.ordering, typist)
        assert covered_by(acme.leaf).names == set(NAMES)
        assert len(typist.typed) == 2


class Typist(Silent):
    """A person who types what is asked for."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.typed: list[str] = []

    def note(self, text: str) -> None:
        if text.startswith("publish in "):
            words = text.split()
            zone, name, value = words[2].rstrip(":"), words[4], words[8]
            self.rig.publish(f"{name}.{zone}", "TXT", value)
            self.typed.append(value)


def test_a_rehearsal_orders_nothing_and_leaves_nothing(acme: Orders) -> None:
    acme.lead()
    proofs = rehearsed(acme.ordering, Silent())
    assert [it.name for it in proofs] == list(NAMES)
    assert not Path(acme.paths.certificate).exists()


def test_an_order_for_show_serves_nowhere(rig: Rig, issued: Orders) -> None:
    before, account = issued.served, Path(issued.paths.acme_accounts).read_bytes()
    with rig.authority() as staging:
        shown = replace(issued.ordering, authority=staging.directory)
        issue(shown, Silent(), for_show=True)
    assert issued.served == before
    kept = json.loads(Path(issued.paths.acme_accounts).read_bytes())
    assert set(kept) == {issued.ordering.authority, staging.directory}
    assert kept[issued.ordering.authority] == json.loads(account)[issued.ordering.authority]


def test_an_authority_that_refuses_half_of_all_nonces(rig: Rig, tmp_path: Path) -> None:
    with (
        rig.authority(nonce_reject=50, authz_reuse=50) as ca,
        orders(rig, ca, tmp_path) as acme,
    ):
        acme.lead()
        serials = set()
        for _number in range(3):
            issue(acme.ordering, Silent())
            serials.add(acme.leaf.serial_number)
        assert len(serials) == 3


def test_what_was_proved_lately_is_not_proved_again(rig: Rig, tmp_path: Path) -> None:
    with rig.authority(authz_reuse=100) as ca, orders(rig, ca, tmp_path) as acme:
        acme.lead()
        issue(acme.ordering, Silent())
        watching = Watching()
        issue(acme.ordering, watching)
        assert not [it for it in watching.heard if "has seen it" in it]


def test_rsa_by_choice(acme: Orders) -> None:
    chosen = acme.with_(key_type=KeyType.RSA)
    chosen.lead()
    issue(chosen.ordering, Silent())
    key = chosen.leaf.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072


def test_the_preferred_chain(rig: Rig, tmp_path: Path) -> None:
    with rig.authority(alternates=1) as ca, orders(rig, ca, tmp_path) as acme:
        other = x509.load_pem_x509_certificate(ca.root(1).encode())
        (name,) = other.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        chosen = acme.with_(preferred_chain=str(name.value))
        chosen.lead()
        issue(chosen.ordering, Silent())
        last = x509.load_pem_x509_certificates(chosen.served)[-1]
        assert last.issuer == other.subject
        issue(acme.ordering, Silent())
        assert x509.load_pem_x509_certificates(acme.served)[-1].issuer != other.subject
