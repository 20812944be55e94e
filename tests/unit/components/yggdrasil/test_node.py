"""The managed node's configuration, shown to the real program; and when there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import some_sites
from greygate.components import yggdrasil
from greygate.components.component import Service
from greygate.plan.paths import Paths
from greygate.site.model import Node
from greygate.spec.yggdrasil import address_of


def _proof(root: Path, *, spoil: str = "") -> subprocess.CompletedProcess[str]:
    site = some_sites.site(Node.MANAGED)
    paths = Paths.below(PurePosixPath(root / "a state"), PurePosixPath(root / "run"))
    plan = some_sites.plan(site, paths=paths, interface="greygate0")
    file = yggdrasil.files(site, plan)[0]
    path = Path(paths.rendered / file.path)
    path.parent.mkdir(parents=True)
    path.write_text(file.text + spoil)
    service = yggdrasil.units(site, plan)[0]
    assert isinstance(service, Service)
    return subprocess.run(service.proof, capture_output=True, text=True)


def _key(root: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path = root / "a state/keys/overlay.pem"
    path.parent.mkdir(parents=True)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return key


@pytest.mark.programs
def test_yggdrasil_reads_it_and_has_the_address_of_our_key(tmp_path: Path) -> None:
    public = _key(tmp_path).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    proof = _proof(tmp_path)
    assert proof.returncode == 0, proof.stderr
    assert proof.stdout.strip() == str(address_of(public))


@pytest.mark.programs
def test_the_proof_finds_a_key_that_is_not_there(tmp_path: Path) -> None:
    assert _proof(tmp_path).returncode != 0


@pytest.mark.programs
def test_the_proof_finds_bad_syntax(tmp_path: Path) -> None:
    _key(tmp_path)
    assert _proof(tmp_path, spoil="}").returncode != 0


@pytest.mark.parametrize("node", [Node.ROUTED, Node.LOOPBACK])
def test_without_a_node_on_this_machine_there_is_nothing(node: Node) -> None:
    site = some_sites.site(node)
    plan = some_sites.plan(site)
    assert yggdrasil.files(site, plan) == ()
    assert yggdrasil.units(site, plan) == ()
    assert yggdrasil.packages(site) == ()


def test_a_system_node_without_peers_of_ours_is_left_alone() -> None:
    site = some_sites.site(Node.SYSTEM, peers=())
    plan = some_sites.plan(site)
    assert yggdrasil.files(site, plan) == ()
    assert yggdrasil.units(site, plan) == ()
