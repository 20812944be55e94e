"""What a host is, as it tells itself, and whether it can become an edge: asked, read, judged."""

from __future__ import annotations

import base64
import errno
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address

from greygate.errors import Trouble
from greygate.machine import clock
from greygate.machine.preconditions import EDGE_MEMORY, demand_node, short_of_memory
from greygate.machine.rights import TUN, Rights, Tun, TunUsable, refused_tun
from greygate.plan.barriers import public_passages
from greygate.probe.answers import NoAnswer
from greygate.run import barrier_words, filters
from greygate.site.model import Address
from greygate.spec.packet_filter import Uplink
from greygate.text import _, listing, size

NET_ADMIN = 12  # linux/capability.h
STATE = "/var/lib/greygate"  # where root's Greygate keeps everything
ROOM = 400_000_000  # octets: Python packages 120 MB, Debian's 90 MB, and what apt fetches for them
# The oldest release of each whose packages will do.
RELEASES = {"debian": 12.0, "ubuntu": 24.04}
# For both every package of our locks is there ready-made, for CPython 3.11 to 3.14 (resolved with
# `uv pip compile --only-binary :all:` in November 2026); run on aarch64 it was not.
MACHINES = ("x86_64", "aarch64")

# Prints `word value` lines. Plain sh, and Python only where a token is: then Python is there.
QUESTIONS = rf"""
[ ! -r /etc/os-release ] || . /etc/os-release
echo "os ${{ID:-unknown}}"
echo "release ${{VERSION_ID:-}}"
echo "name ${{PRETTY_NAME:-$(uname -s)}}"
echo "machine $(uname -m)"
echo "apt $(command -v apt-get)"
echo "python $(python3 -V 2>&1)"
[ ! -d /run/systemd/system ] || echo "systemd yes"
if [ ! -e {TUN} ]; then echo "tun {errno.ENOENT}"
elif ! (: 3<>{TUN}) 2>/dev/null; then echo "tun {errno.EACCES}"
fi
[ -d /proc/sys/net/ipv6 ] || echo "ipv6 ipv6.disable=1"
for scope in all default; do
    [ "$(cat /proc/sys/net/ipv6/conf/$scope/disable_ipv6 2>/dev/null)" != 1 ] ||
        echo "ipv6 net.ipv6.conf.$scope.disable_ipv6=1"
done
sed -n 's/^MemTotal: *\([0-9]*\) .*/memory \1/p' /proc/meminfo
sed -n 's/^CapEff:[[:space:]]*/rights /p' /proc/self/status
echo "clock $(date +%s)"
df -Pk /var/lib /usr | while read -r _ _ _ free _ at; do echo "free $free $at"; done
[ ! -r {STATE}/server-name ] || echo "home $(cat {STATE}/server-name)"
[ ! -r {STATE}/edge/token ] || echo "edge $(python3 -c '
import base64, json
body = open("{STATE}/edge/token").read().split(".")[1]
told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
print(told["edge"], told["site"])' 2>/dev/null)"
filter() {{ # NAME COMMAND...
    name=$1 && shift && command -v "$1" >/dev/null || return 0
    echo "filter $name $("$@" 2>/dev/null | base64 -w 0)"
}}
filter nft nft --json list ruleset
for it in iptables ip6tables; do
    filter $it-nft $it-nft-save
    ! grep -qs filter /proc/net/${{it%tables}}_tables_names || filter $it-legacy $it-legacy-save
done
for it in 198.51.100.77 2001:db8:ffff::77; do echo "route $(ip -o route get $it 2>/dev/null)"; done
ss -Hltnp '( sport = :443 or sport = :8448 )' 2>/dev/null | while read -r _ _ _ at _ who; do
    echo "taken $at $who"
done
"""

_ROUTE = re.compile(r"dev (?P<interface>\S+).* src (?P<address>\S+)")
_WHO = re.compile(r'\(\("(?P<program>[^"]+)",pid=(?P<pid>\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A rented host as it is."""

    os: str
    release: str
    name: str
    machine: str
    apt: bool
    python: str | None  # its version
    systemd: bool
    free: tuple[tuple[int, str], ...]  # octets, and of which file system
    home: str | None = None  # the server name, where a home half is there
    edge: tuple[str, str] | None = None  # id and site, where it is an edge
    tun: Tun = field(default_factory=TunUsable)
    ipv6_off: str | None = None  # the setting that switches it off
    memory: int | None = None  # octets
    clock: datetime | None = None  # there, when it was asked
    taken: tuple[tuple[int, str], ...] = ()  # ports that we may want, and by whom
    address: Address | None = None  # where we reached it
    filters: tuple[tuple[str, str], ...] = ()  # its packet filters as their programs list them
    uplinks: tuple[Uplink, ...] = ()  # by what it comes to the clearnet


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What it is to become."""

    edge: str
    site: str  # as `plan.token.site_id` has it
    server_name: str
    ports: tuple[int, ...]
    addresses: tuple[Address, ...]  # where home dials it


def host_of(answers: str) -> Host:
    """What the answers to QUESTIONS say."""
    told = [line.partition(" ")[::2] for line in answers.splitlines()]
    one = dict(told)
    python = re.fullmatch(r"Python (\d+\.\d+\.\d+).*", one.get("python", ""))
    edge = one.get("edge", "").split()
    return Host(
        os=one.get("os", "unknown"),
        release=one.get("release", ""),
        name=one.get("name", "unknown"),
        machine=one.get("machine", "unknown"),
        apt=bool(one.get("apt")),
        python=python[1] if python else None,
        systemd="systemd" in one,
        free=tuple(_free(value) for word, value in told if word == "free" and value[:1].isdigit()),
        home=one.get("home"),
        edge=(edge[0], edge[1]) if len(edge) == 2 else None,
        tun=_tun(one),
        ipv6_off=one.get("ipv6"),
        memory=int(one["memory"]) * 1024 if one.get("memory", "").isdigit() else None,
        clock=datetime.fromtimestamp(int(one["clock"]), UTC) if "clock" in one else None,
        taken=tuple(dict.fromkeys(_taken(value) for word, value in told if word == "taken")),
        filters=tuple(_filter(value) for word, value in told if word == "filter"),
        uplinks=tuple(
            Uplink(found["interface"], ip_address(found["address"]))
            for word, value in told
            if word == "route" and (found := _ROUTE.search(value))
        ),
    )


def obstacles(host: Host, order: Order) -> Iterator[Trouble]:
    """Why it cannot become that edge, the worst first."""
    yield from _unfit(host)
    yield from _without_node(host)
    yield from _somebody_elses(host, order)
    full = [(free, at) for free, at in host.free if free < ROOM]
    if full and host.edge is None:
        free, at = min(full)
        yield Trouble(
            _("cannot make it an edge: {free} free in {at}, about {room} needed").format(
                free=size(free), at=at, room=size(ROOM)
            ),
            _("make room there (see: df -h {at}; apt-get clean), or rent a larger one").format(
                at=at
            ),
        )
    if host.edge is None:
        yield from _taken_ports(host, order)


def remarks(host: Host, order: Order) -> Iterator[str]:
    """What is odd about it, and may be right."""
    if host.address is not None and host.address not in order.addresses:
        yield _(
            "note: this host is {address}, and home dials {edge} at {addresses}: is it the right "
            "one? The site file says so"
        ).format(address=host.address, edge=order.edge, addresses=listing(order.addresses))
    if host.memory is not None:
        yield from short_of_memory(EDGE_MEMORY, host.memory)
    yield from _barriers(host, order)


def _barriers(host: Host, order: Order) -> Iterator[str]:
    """The host's own packet filters, which bar the ports though nobody has them."""
    found = filters.judge(dict(host.filters), public_passages(order.ports, host.uplinks))
    if isinstance(found, NoAnswer):
        yield _("note: its firewall is not known: {why}").format(why=found.why)
        return
    for barrier in found:
        it = replace(barrier, table="", chain="")  # names that somebody there chose
        yield _("note: there {cause}; next, there: {cure}").format(
            cause=barrier_words.cause(it), cure=barrier_words.cure(it, None)
        )


def steps(host: Host, order: Order) -> tuple[str, ...]:
    """What is going to be done there, in words."""
    python = () if host.python else (_("install python3 and python3-venv with apt"),)
    return (
        _("send the program, to {place}").format(place="/usr/local/lib/greygate"),
        *python,
        _("fetch its Python packages, where they are missing, to {place}").format(
            place=f"{STATE}/env"
        ),
        _("install haproxy, yggdrasil and nftables, where they are missing"),
        _("make it {edge}, by a token that goes over this connection alone").format(
            edge=order.edge
        ),
        _("start its services, listening on {ports}").format(ports=listing(order.ports)),
        _("wait until home sees the link"),
    )


def _unfit(host: Host) -> Iterator[Trouble]:
    rent = _("rent one with Debian 12, Debian 13 or Ubuntu 24.04")
    cannot = _("cannot make it an edge: {why}")
    if not host.apt:
        why = _("it runs {name}, and we install from Debian's packages").format(name=host.name)
        yield Trouble(cannot.format(why=why), rent)
    elif _release(host) < RELEASES.get(host.os, 0.0):
        why = _("its {name} is too old").format(name=host.name)
        yield Trouble(cannot.format(why=why), rent)
    if not host.systemd:
        why = _("systemd does not run it")
        yield Trouble(cannot.format(why=why), rent)
    if host.machine not in MACHINES:
        why = _("its processor is {machine}; the Python packages are made for {known}").format(
            machine=host.machine, known=listing(MACHINES)
        )
        yield Trouble(cannot.format(why=why), rent)


def _without_node(host: Host) -> Iterator[Trouble]:
    """What `edge join` there would refuse: asked before anything is sent."""
    try:
        demand_node(Rights(root=True, tun=host.tun, ipv6_off=host.ipv6_off), _("make it an edge"))
        if host.clock is not None:
            clock.demand(host.clock, clock.evidence(()))
    except Trouble as trouble:
        yield Trouble(trouble.what, _("on that host: {cure}").format(cure=trouble.hint))


def _tun(one: Mapping[str, str]) -> Tun:
    if one.get("tun", "").isdigit():
        return refused_tun(int(one["tun"]))
    if "rights" in one and not int(one["rights"], 16) >> NET_ADMIN & 1:
        return refused_tun(errno.EPERM)
    return TunUsable()


def _somebody_elses(host: Host, order: Order) -> Iterator[Trouble]:
    elsewhere = _("an edge stands elsewhere, with a public address; name another host")
    if host.home == order.server_name:
        yield Trouble(_("cannot make it an edge: that host is this very home"), elsewhere)
    elif host.home is not None:
        yield Trouble(
            _("cannot make it an edge: it is the home of {name}").format(name=host.home), elsewhere
        )
    if host.edge is not None and host.edge != (order.edge, order.site):
        edge, site = host.edge
        whose = _("this site") if site == order.site else _("another site, {site}")
        yield Trouble(
            _("cannot make it {wanted}: it is the edge {edge} of {whose} already").format(
                wanted=order.edge, edge=edge, whose=whose.format(site=site)
            ),
            _("if that is over, on that host: greygate edge leave; then run this again"),
        )


def _taken_ports(host: Host, order: Order) -> Iterator[Trouble]:
    mine = [(port, who) for port, who in host.taken if port in order.ports]
    if not mine:
        return
    free = [port for port in order.ports if port not in dict(mine)]
    without = _("; or do without: --ports {ports}").format(ports=",".join(map(str, free)))
    yield Trouble(
        _("cannot listen there: {taken}").format(
            taken=listing(
                _("port {port} is taken by {who}").format(port=port, who=who) for port, who in mine
            )
        ),
        _("end that program, or move it{without}").format(without=without if free else ""),
    )


def _release(host: Host) -> float:
    found = re.match(r"\d+(\.\d+)?", host.release)
    return float(found[0]) if found else float("inf")  # testing and unstable name none


def _filter(value: str) -> tuple[str, str]:
    name, _space, packed = value.partition(" ")
    return name, base64.b64decode(packed).decode("utf-8", errors="replace")


def _free(value: str) -> tuple[int, str]:
    kilobytes, _space, at = value.partition(" ")
    return int(kilobytes) * 1024, at


def _taken(value: str) -> tuple[int, str]:
    """From `0.0.0.0:443 users:(("nginx",pid=12,fd=6))`."""
    at, _space, who = value.partition(" ")
    found = _WHO.search(who)
    port = int(at.rpartition(":")[2])
    if found is None:
        return port, _("a program that we may not see")
    return port, f"{found['program']} (pid {found['pid']})"
