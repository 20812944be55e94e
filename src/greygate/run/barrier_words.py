"""What a barrier is called, and what takes it away: words, by its owner alone."""

from __future__ import annotations

from collections.abc import Mapping

from greygate.plan.barriers import Barrier, Purpose
from greygate.text import _, listing

NAMES = {"iptables-nft": "iptables", "iptables-legacy": "iptables (legacy)", "nft": "nftables"}
OVERLAY = (Purpose.PEOPLE, Purpose.INGRESS, Purpose.AGENT)


def cause(barrier: Barrier) -> str:
    """What is so, in one sentence."""
    who = NAMES.get(barrier.owner, barrier.owner)
    place = " ".join(it for it in (barrier.family, barrier.table, barrier.chain) if it)
    where = _("{who} (chain {place})").format(who=who, place=place) if barrier.chain else who
    return _acts(barrier).format(who=where, what=_what(barrier))


def _acts(barrier: Barrier) -> str:
    match barrier.taken, barrier.certain:
        case True, True:
            return _("{who} sends elsewhere {what}")
        case True, False:
            return _("{who} may send elsewhere {what}")
        case False, True:
            return _("{who} drops {what}")
        case _:
            return _("{who} may drop {what}")


def _what(barrier: Barrier) -> str:
    texts: Mapping[Purpose, tuple[str, str]] = {
        Purpose.PEOPLE: (_("what apps send to {ports}"), _("the answers to apps from {ports}")),
        Purpose.INGRESS: (
            _("what edges forward to {ports}"),
            _("the answers to what edges forward to {ports}"),
        ),
        Purpose.PUBLIC: (
            _("what other servers send to {ports}"),
            _("the answers to other servers from {ports}"),
        ),
        Purpose.LISTEN: (
            _("what other overlay nodes send to {ports}"),
            _("the answers to other overlay nodes from {ports}"),
        ),
        Purpose.AGENT: (_("home's commands to {ports}"), _("the answers to home from {ports}")),
        Purpose.OUT: (
            _("what this machine asks other servers at {ports}"),
            _("what other servers answer to this machine from {ports}"),
        ),
    }
    ports = listing(f"{barrier.protocol}/{port}" for port in barrier.ports)
    return texts[barrier.purpose][barrier.answer].format(ports=ports)


def cure(barrier: Barrier, interface: str | None) -> str:
    """The command that takes it away; `interface`: the overlay's, where it is one of its own."""
    if barrier.taken:
        return _("see which rule does it: {command}").format(command=_look(barrier))
    over = interface if barrier.purpose in OVERLAY else None
    match barrier.owner:
        case "ufw":
            return _ufw(barrier, over)
        case "firewalld" if not barrier.outgoing:
            return _firewalld(barrier, over)
        case "iptables-nft" | "iptables-legacy":
            return _iptables(barrier, over)
        case _:
            return _nft(barrier, over)


def _look(barrier: Barrier) -> str:
    if barrier.owner == "iptables-legacy":
        return f"{_program(barrier)}-save"
    return "nft list ruleset"


def _ufw(barrier: Barrier, over: str | None) -> str:
    ports = ",".join(map(str, barrier.ports))
    way = "out" if barrier.outgoing else "in"
    on = f" {way} on {over}" if over else " out" * barrier.outgoing
    return f"ufw allow{on} proto {barrier.protocol} to any port {ports}"


def _firewalld(barrier: Barrier, over: str | None) -> str:
    if over:  # our own table closes the rest of it
        added = f"--zone=trusted --change-interface={over}"
    else:
        added = " ".join(f"--add-port={port}/{barrier.protocol}" for port in barrier.ports)
    return f"firewall-cmd --permanent {added} && firewall-cmd --reload"


def _iptables(barrier: Barrier, over: str | None) -> str:
    flag, chain = ("-o", "OUTPUT") if barrier.outgoing else ("-i", "INPUT")
    on = f" {flag} {over}" if over else ""
    ports = ",".join(map(str, barrier.ports))
    which = f"-p {barrier.protocol} -m multiport --dports {ports}"
    if barrier.answer:
        which = "-m conntrack --ctstate ESTABLISHED,RELATED"
    return _("{command} (and where it is kept for the next boot)").format(
        command=f"{_program(barrier)} -I {chain}{on} {which} -j ACCEPT"
    )


def _program(barrier: Barrier) -> str:
    name = "ip6tables" if barrier.family == "ip6" else "iptables"
    return f"{name}-legacy" if barrier.owner == "iptables-legacy" else name


def _nft(barrier: Barrier, over: str | None) -> str:
    on = f'{"oifname" if barrier.outgoing else "iifname"} "{over}" ' if over else ""
    which = f"{barrier.protocol} dport {{ {', '.join(map(str, barrier.ports))} }}"
    if barrier.answer:
        which = "ct state established,related"
    if not barrier.chain:
        return _("let it through in the chain that drops it (nft list ruleset): {rule}").format(
            rule=f"{on}{which} accept"
        )
    rule = f"nft insert rule {barrier.family} {barrier.table} {barrier.chain} {on}{which} accept"
    return _("{command} (and the same in the file that it is loaded from)").format(command=rule)
