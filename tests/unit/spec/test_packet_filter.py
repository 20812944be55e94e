"""What becomes of packets in rules that no kernel is asked about here."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from greygate.spec.iptables_save import tables
from greygate.spec.packet_filter import Packet, obstacles

ASKED = Packet(
    source=ip_address("198.51.100.77"),
    destination=ip_address("203.0.113.7"),
    incoming=True,
    interface="eth0",
    port=443,
)
ANSWER = replace(ASKED, answer=True)  # to what this machine asked at a port 443


def barred(packet: Packet, *rules: str) -> tuple[bool, ...]:
    """Whether each obstacle is certain."""
    appended = (f"-A INPUT {it}" for it in rules)
    text = "\n".join(("*filter", ":INPUT ACCEPT [0:0]", *appended, "COMMIT"))
    return tuple(it.certain for it in obstacles(tables(text, family="ip", owner="nft"), packet))


def test_a_rule_about_one_port_does_not_bar_answers_to_another() -> None:
    assert barred(ANSWER, "-p tcp --dport 8448 -j DROP") == ()
    assert barred(ANSWER, "-p tcp --dport 443 -j DROP") == ()
    assert barred(ANSWER, "-p tcp --sport 443 -j DROP") == (True,)
    assert barred(ANSWER, "-p tcp -m multiport --ports 443 -j DROP") == (True,)
    assert barred(ASKED, "-p tcp --dport 400:500 -j DROP") == (True,)


def test_what_the_packet_does_not_decide_is_not_certain() -> None:
    assert barred(ASKED, "-m time --timestart 01:00 -j DROP") == (False,)
    assert barred(ASKED, "-m time --timestart 01:00 -j ACCEPT", "-j DROP") == (False,)
    assert barred(ASKED, "-j ACCEPT", "-j DROP") == ()


def test_lists_and_limits_have_not_met_a_first_packet() -> None:
    blocked = "-m set --match-set blocked src -j DROP"
    often = "-m recent --update --seconds 60 --hitcount 9 --name x --rsource -j DROP"
    assert barred(ASKED, blocked, often, "-p tcp -m connlimit --connlimit-above 9 -j REJECT") == ()
