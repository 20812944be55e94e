"""Other packet filters on this machine: what we say of them is what a packet meets."""

from __future__ import annotations

import grp
import json
import os
import shlex
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, which
from typing import Any

import pytest

from lab.test_overlay_firewall import Overlay, overlay

pytestmark = pytest.mark.lab
__all__ = ["overlay"]  # the fixture

RECORDED = Path(__file__).parents[1] / "recorded" / "filters"
JUDGE = """
import json, sys
import some_sites
from greygate.plan.barriers import to_json
from greygate.run import barrier_words, filters
from greygate.site.model import Node

site = some_sites.site(Node.MANAGED)
plan = some_sites.plan(site, interface="greygate0")
found = filters.at_home(site, plan)
told = [{**to_json(it), "cure": barrier_words.cure(it, plan.interface)} for it in found]
print(json.dumps(told))
"""

THEIRS = """table inet theirs {{
    {more}
    chain c {{
        type filter hook {hook} priority {at};
        {rules}
    }}
}}
"""
RULES = {
    "an empty chain": "",
    "policy drop": "policy drop;",
    "loopback and answers alone": 'policy drop; iifname "lo" accept; ct state established accept;',
    "what we need comes before the drop": 'iifname "greygate0" accept; drop;',
    "a range of ports": "policy drop; tcp dport 400-500 accept;",
    "another port": "policy drop; tcp dport { 22, 80 } accept;",
    "all but one port": "tcp dport != 443 accept; reject;",
    "the overlay's range": "ip6 saddr 200::/7 accept; drop;",
    "another range": "policy drop; ip6 saddr fd00::/8 accept;",
    "other interfaces": 'iifname { "lo", "eth*" } accept; reject with icmpx admin-prohibited;',
    "a wildcard that fits": 'iifname "grey*" accept; drop;',
    "too many at once": "tcp dport 443 ct state new limit rate over 60/minute drop;",
    "new ones dropped": "ct state vmap { established : accept, new : drop };",
    "new ones let in": "policy drop; ct state vmap { established : accept, new : accept };",
    "another family": "meta nfproto ipv4 drop;",
    "UDP alone": "meta l4proto udp drop;",
    "TCP, by its number": "meta l4proto 6 drop;",
    "its flags": "tcp flags & (fin|syn|rst|ack) == syn drop;",
    "what is meant for this machine": "policy drop; fib daddr type local accept;",
    "no way back": "fib saddr . iif oif missing drop;",
    "a mark": "policy drop; meta mark 0x1 accept;",
    "a pair": "ip6 saddr . tcp dport { 200::-300::ffff . 443 } drop;",
}
NAMED = {
    "a named set": (
        "set s { type inet_service; elements = { 443 }; }",
        "policy drop; tcp dport @s accept;",
    ),
    "a list that is empty": ("set s { type ipv6_addr; flags timeout; }", "ip6 saddr @s drop;"),
    "a map": (
        'map m { type ifname : verdict; elements = { "greygate0" : accept }; }',
        "policy drop; iifname vmap @m;",
    ),
    "a jump that comes back": ("chain d { tcp dport 22 accept; }", "policy drop; jump d;"),
    "a jump that lets in": ("chain d { tcp dport 443 accept; }", "policy drop; jump d;"),
    "a jump that stays away": ("chain d { return; }", "goto d; accept;"),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What we say of a machine, and what is so."""

    barred: bool  # by our word
    reached: bool  # by a packet
    told: list[dict[str, Any]]


def judge(rig: Overlay) -> Judged:
    search = os.pathsep.join(filter(None, sys.path))
    words = ("env", f"PYTHONPATH={search}", sys.executable, "-c", JUDGE)
    told = json.loads(rig.home.must(*words))
    assert all(it["certain"] for it in told), told
    barred = any(it["purpose"] == "people" and 443 in it["ports"] for it in told)
    return Judged(barred, rig.stranger.reaches(443), told)


def load(rig: Overlay, rules: str, *, more: str = "", hook: str = "input", at: int = 0) -> None:
    rig.home.must("nft", THEIRS.format(more=more, hook=hook, at=at, rules=rules))


@pytest.mark.parametrize("name", [*RULES, *NAMED])
def test_what_is_said_of_a_chain_is_what_a_packet_meets(overlay: Overlay, name: str) -> None:
    more, rules = NAMED.get(name) or ("", RULES[name])
    load(overlay, rules, more=more)
    found = judge(overlay)
    assert found.barred is not found.reached, found.told


@pytest.mark.parametrize("name", ["policy drop", "another port", "new ones dropped"])
def test_the_cure_lets_a_packet_through(overlay: Overlay, name: str) -> None:
    overlay.up()  # and ours opens no more than the plan
    load(overlay, RULES[name], at=10)
    assert not overlay.stranger.reaches(443)
    _follow(overlay, judge(overlay))
    found = judge(overlay)
    assert (found.barred, found.reached) == (False, True), found.told
    assert not overlay.stranger.reaches(8080)


@pytest.mark.parametrize("hook", ["prerouting", "output", "postrouting"])
def test_other_places_where_a_packet_can_end(overlay: Overlay, hook: str) -> None:
    load(overlay, "policy drop;", hook=hook)
    found = judge(overlay)
    assert (found.barred, found.reached) == (True, False)


LISTED = """
import json, sys
from pathlib import Path
from ipaddress import ip_address
from greygate.plan.barriers import public_passages
from greygate.run import filters
from greygate.spec.packet_filter import Uplink

told = {it.name: it.read_text() for it in Path(sys.argv[1]).iterdir()}
uplinks = (Uplink("eth0", ip_address("203.0.113.7")), Uplink("eth0", ip_address("2a01:db8::7")))
found = filters.judge(told, public_passages((443,), uplinks))
print(json.dumps([[it.owner, it.family] for it in found]))
"""


def test_what_root_has_listed_is_judged_by_who_has_no_rights(overlay: Overlay) -> None:
    """As an edge's agent does; the others of the machine may not read it."""
    load(overlay, "tcp dport 443 drop;")
    for program in ("iptables-nft", "ip6tables-legacy"):
        limited = ("-p", "tcp", "--dport", "443", "-m", "ttl" if "6" not in program else "hl")
        more = ("--ttl-gt", "0") if "6" not in program else ("--hl-gt", "0")
        overlay.home.must(program, "-A", "INPUT", *limited, *more, "-j", "DROP")
    as_root = ("setpriv", "--regid=nogroup", "--clear-groups")
    overlay.home.must(*as_root, *overlay.task.up[0])
    overlay.home.must(*as_root, *overlay.task.check)
    seen = str(overlay.paths.firewall / "seen")
    search = os.pathsep.join(filter(None, sys.path))
    judge_it = ("env", f"PYTHONPATH={search}", sys.executable, "-c", LISTED, seen)
    told = json.loads(overlay.home.must(*judge_it))
    assert sorted(map(tuple, told)) == [
        ("iptables-legacy", "ip6"),
        ("iptables-nft", "ip"),
        ("nft", "inet"),
    ]
    readers = grp.getgrnam("nogroup").gr_gid
    for path, mode in ((seen, 0o750), (f"{seen}/nft", 0o640), (f"{seen}/iptables-nft", 0o640)):
        found = os.stat(path)
        assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (readers, mode), path


def test_what_is_sent_elsewhere_is_told_as_such(overlay: Overlay) -> None:
    text = THEIRS.format(more="", hook="prerouting", at=-100, rules="tcp dport 443 redirect to :9")
    overlay.home.must("nft", text.replace("type filter", "type nat"))
    found = judge(overlay)
    assert (found.barred, found.reached) == (True, False)
    assert found.told[0]["taken"]


@pytest.mark.parametrize(
    ("zone", "barred"), [("default", True), ("ports", False), ("trusted", False), ("panic", True)]
)
def test_firewalld(overlay: Overlay, zone: str, barred: bool) -> None:
    """As firewalld 1.3.3 of Debian 12 has loaded it; its daemon needs a machine of its own."""
    overlay.home.must("nft", "-f", str(RECORDED / f"firewalld-{zone}.nft"))
    found = judge(overlay)
    assert (found.barred, found.reached) == (barred, not barred), found.told
    if zone == "default":
        assert "--zone=trusted --change-interface=greygate0" in found.told[0]["cure"]


def test_ufw(overlay: Overlay, tmp_path: Path) -> None:
    """Debian's own, with its defaults, in this namespace alone."""
    ufw = _ufw(tmp_path)
    assert "active" in overlay.home.must(*ufw, "ufw --force enable")
    found = judge(overlay)
    assert (found.barred, found.reached) == (True, False)
    assert {it["owner"] for it in found.told} == {"ufw"}
    for told in found.told:
        assert told["cure"].startswith("ufw allow in on greygate0 ")
        overlay.home.must(*ufw, told["cure"])
    found = judge(overlay)
    assert (found.told, found.reached) == ([], True)


@pytest.mark.parametrize("program", ["ip6tables-nft", "ip6tables-legacy"])
def test_iptables(overlay: Overlay, program: str) -> None:
    overlay.home.must(program, "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP")
    found = judge(overlay)
    assert (found.barred, found.reached) == (True, False)
    _follow(overlay, found)
    found = judge(overlay)
    assert (found.told, found.reached) == ([], True)


def _follow(rig: Overlay, found: Judged) -> None:
    for told in found.told:
        rig.home.must(*shlex.split(told["cure"].partition(" (")[0]))


def _ufw(below: Path) -> tuple[str, ...]:
    """Runs a command of ufw's that changes nothing of this machine's."""
    if which("ufw", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("there is no ufw (as root, ./dev setup brings it)")
    ours = copytree("/etc/ufw", below / "ufw")
    for name in ("user.rules", "user6.rules"):
        (ours / name).write_bytes(Path("/usr/share/ufw/iptables", name).read_bytes())
    bound = f"mount --bind {shlex.quote(str(ours))} /etc/ufw"
    within = f'{bound} && mount -t tmpfs none /run && eval "$1"'
    return ("unshare", "--mount", "sh", "-c", within, "sh")
