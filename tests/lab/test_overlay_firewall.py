"""The overlay's firewall, loaded into a kernel, with somebody knocking from the other side."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path, PurePosixPath

import pytest

import some_sites
from greygate.components import edge, firewall
from greygate.components.component import Task
from greygate.plan.edge import edge_plan
from greygate.plan.paths import Paths
from greygate.run.lockout import BACK
from greygate.site.model import Node, Opening
from our_end import WITH_US
from unit.plan.test_token import TOKEN

pytestmark = pytest.mark.lab

STRANGER = "200::5"
KNOCK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"
STAY = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 443), 5)
print("ready", flush=True)
sys.stdin.read()
"""
SAY = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as said:
    said.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND: the address may be gone
    said.bind((sys.argv[1], 0))
    said.sendto(b"", (sys.argv[2], 9))
"""
LISTEN = """
import socket, sys
ports = [socket.create_server(("::", int(p)), family=socket.AF_INET6) for p in sys.argv[1:]]
print("ready", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A network namespace, kept by a process that sleeps in it."""

    keeper: int

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        inside = ("nsenter", "-t", str(self.keeper), "-n", *command)
        return subprocess.run(inside, capture_output=True, text=True, timeout=20)

    def must(self, *command: str) -> str:
        ended = self.run(*command)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def reaches(self, port: int, address: str = str(some_sites.ADDRESS)) -> bool:
        return self.run("python3", "-c", KNOCK, address, str(port)).returncode == 0


LOOK = "import sys; from greygate.probe import firewall; from pathlib import Path; "
LOOK += "print(firewall.table(Path(sys.argv[1])))"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Home and a stranger, joined by what stands for the overlay; and home's firewall."""

    home: Host
    stranger: Host
    task: Task
    paths: Paths

    def check(self) -> str:
        """What the guard says."""
        done = self.home.run(*self.task.check)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def table(self, *under: str) -> str:
        """How our table is, as we see it; `under`: another account."""
        return self.home.must(*under, sys.executable, "-c", LOOK, str(self.paths.firewall)).strip()

    def up(self) -> None:
        self._all(self.task.up)

    def down(self) -> None:
        self._all(self.task.down)

    def _all(self, commands: Sequence[Sequence[str]]) -> None:
        for command in commands:
            self.home.must(*command)


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Overlay]:
    with ExitStack() as stack:
        home, stranger = (stack.enter_context(_host()) for _ in range(2))
        home.must("ip", "link", "add", "greygate0", "type", "veth", "peer", "name", "overlay")
        home.must("ip", "link", "set", "overlay", "netns", str(stranger.keeper))
        _address(home, "greygate0", str(some_sites.ADDRESS), "02:00:00:00:00:01")
        _address(stranger, "overlay", STRANGER, "02:00:00:00:00:02")
        # No neighbour discovery: a TUN device has no neighbours either.
        _neighbour(home, "greygate0", STRANGER, "02:00:00:00:00:02")
        _neighbour(stranger, "overlay", str(some_sites.ADDRESS), "02:00:00:00:00:01")
        stack.enter_context(_listening(home, 443, 8448, 22, 8080))
        yield Overlay(home, stranger, *_task(tmp_path))


@contextmanager
def _host() -> Iterator[Host]:
    with subprocess.Popen((*WITH_US, "unshare", "-n", "sleep", "300")) as keeper:
        host = Host(keeper.pid)
        while "lo" in host.run("ip", "-br", "link", "show", "up").stdout:
            pass  # still in our own namespace
        host.must("ip", "link", "set", "lo", "up")
        yield host
        keeper.kill()


@contextmanager
def _listening(host: Host, *ports: int) -> Iterator[None]:
    command = ("nsenter", "-t", str(host.keeper), "-n", "python3", "-c", LISTEN, *map(str, ports))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.kill()


def _address(host: Host, device: str, address: str, mac: str) -> None:
    host.must("ip", "link", "set", device, "address", mac, "up")
    host.must("ip", "-6", "addr", "add", f"{address}/7", "dev", device, "nodad")


def _neighbour(host: Host, device: str, address: str, mac: str) -> None:
    host.must("ip", "-6", "neigh", "replace", address, "lladdr", mac, "dev", device)


def _task(root: Path) -> tuple[Task, Paths]:
    site = some_sites.site(Node.MANAGED, allow=(Opening("tcp", 22),))
    opened = ("192.168.7.128/30", "192.168.7.128", "2a01:db8:7:7::80/124")
    site = replace(site, open_networks=tuple(map(ip_network, opened)))
    paths = Paths.below(PurePosixPath(root / "a state"), PurePosixPath(root / "run"))
    plan = some_sites.plan(site, paths=paths, interface="greygate0")
    for file in firewall.files(site, plan):
        path = Path(paths.rendered / file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text.replace("greygate-synapse", "nobody"))  # who is on any machine
    (task,) = firewall.units(site, plan)
    assert isinstance(task, Task)
    return task, paths


def test_only_the_plan_and_what_is_allowed_answers(overlay: Overlay) -> None:
    assert overlay.stranger.reaches(8080)
    overlay.up()
    open_ = {port for port in (443, 8448, 22, 8080) if overlay.stranger.reaches(port)}
    assert open_ == {443, 8448, 22}
    assert "counter packets 0" not in _last_rule(overlay.home)


def test_home_can_ask_and_be_answered(overlay: Overlay) -> None:
    overlay.up()
    with _listening(overlay.stranger, 9000):
        assert overlay.home.reaches(9000, STRANGER)


def test_the_listeners_are_open_at_our_address_only(overlay: Overlay) -> None:
    other = "200::77"
    overlay.home.must("ip", "-6", "addr", "add", f"{other}/128", "dev", "greygate0", "nodad")
    _neighbour(overlay.stranger, "overlay", other, "02:00:00:00:00:01")
    assert overlay.stranger.reaches(443, other)
    overlay.up()
    assert not overlay.stranger.reaches(443, other)


def test_it_is_replaced_and_taken_away_any_number_of_times(overlay: Overlay) -> None:
    overlay.up()
    once = overlay.home.must("nft", "-s", "list", "ruleset")
    overlay.up()
    assert overlay.home.must("nft", "-s", "list", "ruleset") == once
    overlay.down()
    overlay.down()
    assert overlay.home.must("nft", "list", "ruleset") == ""
    assert overlay.stranger.reaches(8080)


def test_taken_away_with_its_interface_it_leaves_no_connection(overlay: Overlay) -> None:
    """The kernel would go on sending what is left of them, by whatever way there is."""
    address = str(some_sites.ADDRESS)
    overlay.up()
    with subprocess.Popen(
        ("nsenter", "-t", str(overlay.stranger.keeper), "-n", "python3", "-c", STAY, address),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as connected:
        assert connected.stdout is not None
        assert connected.stdout.readline() == b"ready\n"
        for kept, before in ((True, ("true",)), (False, ("ip", "link", "delete", "greygate0"))):
            overlay.home.must(*before)
            overlay.down()
            left = overlay.home.must("ss", "--no-header", "--tcp", "--numeric")
            assert (address in left) == kept, left
        connected.kill()


def test_other_tables_and_interfaces_are_left_alone(overlay: Overlay) -> None:
    theirs = "table inet theirs { chain c { type filter hook input priority 5; counter; }; }"
    overlay.home.must("nft", theirs)
    overlay.up()
    assert overlay.home.reaches(8080, "::1")
    overlay.down()
    assert "table inet theirs" in overlay.home.must("nft", "list", "ruleset")


def test_the_proof_changes_nothing(overlay: Overlay) -> None:
    overlay.home.must(*overlay.task.proof)
    assert overlay.home.must("nft", "list", "ruleset") == ""


UNDONE = {
    "flushed": "flush ruleset",
    "deleted": "delete table inet greygate",
    "emptied": "flush chain inet greygate from_overlay",
    "added to": "insert rule inet greygate from_overlay tcp dport 8080 accept",
    "replaced": "flush ruleset; table inet greygate { chain c { }; }",
}


@pytest.mark.parametrize("how", UNDONE)
def test_what_others_undo_is_seen_and_done_again(overlay: Overlay, how: str) -> None:
    """As `systemctl restart nftables` does, and whoever edits the ruleset by hand."""
    overlay.up()
    overlay.stranger.reaches(8080)  # it is counted, and that changes nothing
    assert overlay.table() == "Table.INTACT"
    overlay.home.must("nft", UNDONE[how])
    assert overlay.table() in ("Table.GONE", "Table.CHANGED")
    assert "loaded again" in overlay.check()
    assert overlay.table() == "Table.INTACT"
    assert not overlay.stranger.reaches(8080)
    assert overlay.check() == ""


def test_one_rule_that_is_taken_away_is_missed(overlay: Overlay) -> None:
    overlay.up()
    rules = overlay.home.must("nft", "-a", "list", "chain", "inet", "greygate", "from_overlay")
    handle = next(it for it in rules.splitlines() if "not in the plan" in it).split()[-1]
    overlay.home.must("nft", f"delete rule inet greygate from_overlay handle {handle}")
    assert overlay.stranger.reaches(8080)
    assert overlay.table() == "Table.CHANGED"
    overlay.check()
    assert not overlay.stranger.reaches(8080)


def test_nothing_is_done_again_once_it_was_taken_down(overlay: Overlay) -> None:
    overlay.up()
    overlay.down()
    assert overlay.check() == ""
    assert overlay.home.must("nft", "list", "ruleset") == ""
    assert overlay.table() == "Table.GONE"


def test_who_may_not_look_hears_that_it_is_not_known(overlay: Overlay) -> None:
    overlay.up()
    assert "NoAnswer" in overlay.table("setpriv", "--reuid=65534", "--clear-groups")


def test_the_way_back_keeps_what_it_brings_back(overlay: Overlay, tmp_path: Path) -> None:
    """Or the guard would bring the rules again that nobody agreed to."""
    overlay.up()
    before = overlay.home.must("nft", "-s", "list", "ruleset")
    former = tmp_path / "former"
    former.write_text(
        "table inet greygate\ndelete table inet greygate\n"
        + overlay.home.must("nft", "list", "table", "inet", "greygate")
    )
    overlay.home.must("nft", "flush chain inet greygate from_overlay")
    kept = str(overlay.paths.firewall)
    overlay.home.must("/bin/sh", "-c", BACK, "sh", "0", str(former), kept)
    assert overlay.home.must("nft", "-s", "list", "ruleset") == before
    assert (overlay.table(), overlay.check()) == ("Table.INTACT", "")


def test_the_overlays_address_leaves_by_no_other_way(overlay: Overlay) -> None:
    """As when its interface goes while connections are open."""
    home, say = overlay.home, ("python3", "-c", SAY, str(some_sites.ADDRESS), "2001:db8::1")
    _lose_the_overlay(home)
    home.must(*say)
    overlay.up()
    assert "Operation not permitted" in home.run(*say).stderr


@pytest.mark.parametrize("end", ["home", "edge"])
def test_the_other_ends_address_is_asked_for_by_no_other_way(
    overlay: Overlay, tmp_path: Path, end: str
) -> None:
    """As while Yggdrasil is down: both ends send each other something all the while."""
    rules, theirs = _home_and_edge() if end == "home" else _edge_and_home(tmp_path)
    host, say = overlay.home, ("python3", "-c", SAY, "::", theirs)
    _lose_the_overlay(host)
    host.must(*say)
    (tmp_path / "rules.nft").write_text(rules)
    host.must("nft", "-f", str(tmp_path / "rules.nft"))
    assert "Operation not permitted" in host.run(*say).stderr
    host.must("python3", "-c", SAY, "::", "2001:db8::1")


ASK = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as it:
    it.sendto(b"", (sys.argv[1], int(sys.argv[2])))
"""


def _asks(host: Host, address: str, port: int, *under: str) -> bool:
    """Whether what it sends there leaves the machine; `under`: another account."""
    return host.run(*under, "python3", "-c", ASK, address, str(port)).returncode == 0


AS_SYNAPSE = ("setpriv", "--reuid=nobody", "--clear-groups")


@pytest.fixture
def at_home(overlay: Overlay) -> Host:
    """Home in its own networks, with a router and a resolver."""
    home = overlay.home
    home.must("ip", "link", "add", "lan", "type", "veth", "peer", "name", "switch")
    for device in ("switch", "lan"):
        home.must("ip", "link", "set", device, "up")
    home.must("ip", "addr", "add", "192.168.7.2/24", "dev", "lan")
    home.must("ip", "-6", "addr", "add", "2a01:db8:7:7::2/64", "dev", "lan", "nodad")
    home.must("ip", "route", "add", "default", "via", "192.168.7.1")
    home.must("ip", "-6", "route", "add", "default", "via", "2a01:db8:7:7::1", "dev", "lan")
    home.must("ip", "route", "add", "0.0.0.0/1", "dev", "lan")  # as a tunnel to everywhere does
    overlay.up()
    return home


@pytest.mark.parametrize(
    ("address", "leaves"),
    [
        ("192.168.7.1", False),
        ("192.168.7.2", False),  # this machine itself, by its address there
        ("2a01:db8:7:7::1", False),
        ("2a01:db8:7:7:ffff::1", False),
        ("2a01:db8:7:7::2", False),
        ("192.168.7.130", True),  # the operator lets it go there
        ("192.168.7.132", False),
        ("2a01:db8:7:7::81", True),
        ("2a01:db8:7:8::1", True),
        ("203.0.113.5", True),
        ("9.9.9.9", True),
        (STRANGER, True),
        ("127.0.0.1", True),
        ("::1", True),
    ],
)
def test_synapse_is_not_led_into_homes_own_networks(
    at_home: Host, address: str, leaves: bool
) -> None:
    assert _asks(at_home, address, 8448, *AS_SYNAPSE) is leaves
    assert _asks(at_home, address, 8448)  # others may


def test_another_network_is_closed_without_a_restart(overlay: Overlay, at_home: Host) -> None:
    """As when the provider gives home another prefix."""
    assert _asks(at_home, "2a01:db8:9:9::5", 443, *AS_SYNAPSE)
    at_home.must("ip", "-6", "addr", "add", "2a01:db8:9:9::2/64", "dev", "lan", "nodad")
    at_home.must("ip", "-6", "addr", "del", "2a01:db8:7:7::2/64", "dev", "lan")
    assert overlay.check() == ""
    assert not _asks(at_home, "2a01:db8:9:9::5", 443, *AS_SYNAPSE)
    assert overlay.table() == "Table.INTACT"


def test_the_resolver_is_asked_all_the_same(overlay: Overlay, at_home: Host) -> None:
    told = Path("/etc/resolv.conf").read_text()
    assert overlay.check() == ""
    at_home.must("nft", "add", "element", "inet", "greygate", "resolvers4", "{ 192.168.7.1 }")
    assert _asks(at_home, "192.168.7.1", 53, *AS_SYNAPSE)
    assert not _asks(at_home, "192.168.7.1", 80, *AS_SYNAPSE)
    named = [line.split()[1] for line in told.splitlines() if line.startswith("nameserver")]
    listed = "".join(
        at_home.must("nft", "list", "set", "inet", "greygate", f"resolvers{it}") for it in "46"
    )
    assert named
    assert {it.partition("%")[0] for it in named} <= set(re.findall(r"[0-9a-f.:]+", listed))


def _home_and_edge() -> tuple[str, str]:
    """The rules of a home, and its edge's overlay address."""
    site, plan = some_sites.federating()
    rules, _guard = firewall.files(site, plan)
    return rules.text.replace("greygate-synapse", "nobody"), str(plan.edges[0].address)


def _edge_and_home(below: Path) -> tuple[str, str]:
    """The rules of an edge, and its home's overlay address."""
    paths = Paths.below(PurePosixPath(below / "edge"), PurePosixPath(below / "run"))
    (component,) = (it for it in edge.ALL if it.name == "firewall")
    rules, _guard = component.files(TOKEN, edge_plan(TOKEN, paths))
    return rules.text, str(TOKEN.homes[0])


def _lose_the_overlay(host: Host) -> None:
    """There is a way to everywhere, and the interface of the node has gone."""
    host.must("ip", "link", "add", "clearnet", "type", "veth", "peer", "name", "cable")
    host.must("ip", "link", "set", "cable", "up")
    host.must("ip", "link", "set", "clearnet", "up")
    host.must("ip", "-6", "route", "add", "default", "dev", "clearnet")
    host.must("ip", "link", "delete", "greygate0")


def _last_rule(host: Host) -> str:
    rules = host.must("nft", "list", "chain", "inet", "greygate", "from_overlay")
    return next(line for line in rules.splitlines() if "not in the plan" in line)
