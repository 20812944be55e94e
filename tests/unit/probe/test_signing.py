"""How zones are signed: a real Knot signs, a real Unbound verifies."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest

from acme_rig.programs import answers, own_network, program, wait
from greygate.probe.dns import Resolver
from greygate.spec.dns import Signing, Unanswered

pytestmark = pytest.mark.acme

ZONES = ("signed.example", "wrong.example", "plain.example")
KNOT = """\
server:
    listen: {net}.54@53
    rundir: {below}
database:
    storage: {below}/database
policy:
  - id: quick
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: {below}
    zonefile-sync: -1
zone:
  - domain: example
    file: parent
  - domain: signed.example
    file: zone
    dnssec-signing: on
    dnssec-policy: quick
  - domain: wrong.example
    file: zone
    dnssec-signing: on
    dnssec-policy: quick
  - domain: plain.example
    file: zone
"""
UNBOUND = """\
server:
    interface: {net}.53
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    do-ip6: no
    module-config: "{modules}"
    trust-anchor: "{anchor}"
    trust-anchor: "wrong.example. DS {nonsense}"
    directory: {below}
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
remote-control:
    control-enable: no
stub-zone:
    name: example
    stub-addr: {net}.54
"""
NONSENSE = f"1 13 2 {'0' * 64}"
ZONE = "$TTL 60\n@ SOA ns hostmaster 1 60 60 3600 1\n@ NS ns\nns A 127.0.0.1\n"


@pytest.fixture(scope="module", params=["validator iterator", "iterator"])
def resolver(request: pytest.FixtureRequest) -> Iterator[tuple[str, Resolver]]:
    """A resolver, and whether it verifies."""
    with ExitStack() as ending:
        below = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="gg-signing-")))
        net = own_network()
        for name in ("zone", "parent"):
            (below / name).write_text(ZONE)
        (below / "database").mkdir()
        (below / "knot.conf").write_text(KNOT.format(net=net, below=below))
        argv = ("knotd", "-c", f"{below}/knot.conf")
        knot = ending.enter_context(program(argv, below / "knot.log"))
        wait(lambda: all(answers(f"{net}.54", it) for it in ZONES), knot, below / "knot.log")
        anchor = _ds(below)
        _delegate(below, anchor)
        config = UNBOUND.format(
            net=net, below=below, modules=request.param, anchor=anchor, nonsense=NONSENSE
        )
        (below / "unbound.conf").write_text(config)
        shutil.copy2(shutil.which("unbound") or "", below / "unbound")
        argv = (f"{below}/unbound", "-c", f"{below}/unbound.conf")
        unbound = ending.enter_context(program(argv, below / "unbound.log"))
        wait(lambda: answers(f"{net}.53", "plain.example"), unbound, below / "unbound.log")
        yield request.param, Resolver((ip_address(f"{net}.53"), 53), patience=3.0)


def _ds(below: Path) -> str:
    """The zone's DS, as its parent would publish it."""
    argv = ("keymgr", "-c", f"{below}/knot.conf", "signed.example", "ds")
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return next(line for line in said.splitlines() if " 13 2 " in line)


def _delegate(below: Path, ds: str) -> None:
    """Have the parent tell the zones' DS."""
    delegated = "".join(f"{zone}. NS ns\n" for zone in ZONES)
    signed = f"{ds}\nwrong.example. DS {NONSENSE}\n"
    (below / "parent").write_text(ZONE.replace(" 1 60 60", " 2 60 60") + delegated + signed)
    argv = ("knotc", "-s", f"{below}/knot.sock", "-b", "zone-reload", "example")
    subprocess.run(argv, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("zone", "verifying", "other"),
    [
        ("signed.example", Signing.VALID, Signing.UNCHECKED),
        ("wrong.example", Signing.BOGUS, Signing.UNCHECKED),
        ("plain.example", Signing.UNSIGNED, Signing.UNSIGNED),
    ],
)
def test_how_a_zone_is_signed(
    resolver: tuple[str, Resolver], zone: str, verifying: Signing, other: Signing
) -> None:
    modules, asked = resolver
    assert asked.signing(zone) is (verifying if "validator" in modules else other)


def test_who_cannot_be_asked_says_nothing_of_signatures() -> None:
    nobody = Resolver((ip_address("127.0.0.1"), 1), patience=0.3)
    assert isinstance(nobody.signing("signed.example"), Unanswered)
