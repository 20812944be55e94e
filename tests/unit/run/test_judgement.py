"""Who can reach the server: every cause by its name, and never health that was not seen."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from greygate.machine.disk import Room
from greygate.plan.barriers import Barrier, Purpose
from greygate.probe.answers import Distrusted, NoAnswer, NotTls, Peer, Peers, Refused, Reply
from greygate.probe.route import Unrouted
from greygate.run.judgement import federation, people
from greygate.run.seen import Reach, Seen, Verdict
from greygate.run.state import Condition, State
from some_sites import SITES

UP = tuple(State(name=name, condition=Condition.UP) for name in ("yggdrasil", "synapse", "haproxy"))
LINKED = Peers((Peer(uri="tls://192.0.2.1:1", up=True, inbound=False),))
LOST = Peers((Peer(uri="tls://192.0.2.1:1", up=False, inbound=False, complaint="refused"),))


def seen(name: str = "managed") -> Seen:
    """Everything is well."""
    return Seen(
        states=UP,
        present=frozenset(SITES[name]()[1].addresses),
        answer=Reply(200, b"{}"),
        peers=None if name in ("routed", "loopback") else LINKED,
    )


def judged(what: Seen, name: str = "managed") -> Reach:
    return people(*SITES[name](), what)


def test_all_seen_and_well_is_reachable() -> None:
    assert judged(seen()).reachable


def failed(name: str, *words: str) -> tuple[State, ...]:
    return (UP[0], State(name=name, condition=Condition.FAILED, words=words))


def barrier(purpose: Purpose, *, outgoing: bool = False, certain: bool = True) -> Barrier:
    return Barrier(
        owner="ufw",
        purpose=purpose,
        family="ip6",
        protocol="tcp",
        ports=(443, 8448),
        outgoing=outgoing,
        answer=False,
        taken=False,
        certain=certain,
        table="filter",
        chain="INPUT",
    )


TROUBLED = [
    (replace(seen(), states=()), Verdict.NO, "not running", "greygate up"),
    (replace(seen(), states=NoAnswer("gone")), Verdict.UNKNOWN, "gone", "status"),
    (
        replace(seen(), states=failed("synapse", "no space left")),
        Verdict.NO,
        "no space left",
        "greygate logs synapse",
    ),
    (
        replace(seen(), states=failed("synapse", "Error in configuration at 'email':", "  none")),
        Verdict.NO,
        "at 'email': / none",
        "synapse.d, then: greygate apply",
    ),
    (
        replace(seen(), room=Room(Path("/var"), 4096, 1000)),  # while all answers
        Verdict.NO,
        "the disk of /var is full",
        "df -h /var",
    ),
    (
        replace(seen(), room=Room(Path("/var"), 10**9, 0), states=failed("synapse", "disk I/O")),
        Verdict.NO,
        "the disk of /var is full",
        "df -h /var",
    ),
    (replace(seen(), present=frozenset()), Verdict.NO, "does not have the address", "down && "),
    (
        replace(seen(), unrouted=(Unrouted(IPv6Address("200::1"), "Network is unreachable"),)),
        Verdict.NO,
        "cannot send to 200::1 over the overlay: Network is unreachable",
        "ip -6 route get 200::1 from ",
    ),
    (replace(seen(), answer=Reply(503, b"")), Verdict.NO, "answers 503", "logs synapse"),
    (replace(seen(), answer=NotTls()), Verdict.NO, "does not speak TLS", "ss -ltnp"),
    (
        replace(seen(), states=failed("haproxy", "cannot bind socket (Address already in use)")),
        Verdict.NO,
        "Address already in use",
        "ss -ltnp; stop that, then: greygate apply",
    ),
    (replace(seen(), answer=Refused()), Verdict.NO, "nothing listens", "logs haproxy"),
    (replace(seen(), answer=Distrusted("self-signed")), Verdict.NO, "self-signed", "who listens"),
    (replace(seen(), answer=NoAnswer("timed out")), Verdict.UNKNOWN, "timed out", "haproxy"),
    (
        replace(seen(), barriers=(barrier(Purpose.PEOPLE),)),
        Verdict.NO,
        "ufw (chain ip6 filter INPUT) drops what apps send to tcp/443 and tcp/8448",
        "ufw allow in on greygate0 proto tcp to any port 443,8448",
    ),
    (replace(seen(), peers=Peers(())), Verdict.NO, "no peers", "peers = ["),
    (replace(seen(), peers=LOST), Verdict.NO, "tls://192.0.2.1:1: refused", "online"),
    (replace(seen(), peers=NoAnswer("denied")), Verdict.UNKNOWN, "denied", "root"),
]


@pytest.mark.parametrize(("what", "verdict", "cause", "cure"), TROUBLED)
def test_each_trouble_has_its_cause_and_cure(
    what: Seen, verdict: Verdict, cause: str, cure: str
) -> None:
    reach = judged(what)
    assert reach.verdict is verdict
    assert cause in reach.cause
    assert cure in reach.cure


def test_a_database_of_somebody_elses_is_given_back() -> None:
    site, plan = SITES["managed"]()
    states = failed("synapse", '  File "/x", line 1', "sqlite3.OperationalError: readonly database")
    reach = people(site, replace(plan, accounts=True), replace(seen(), states=states))
    assert f"chown -R greygate-synapse: {plan.paths.synapse}" in reach.cure
    mine = people(site, replace(plan, accounts=False), replace(seen(), states=states))
    assert mine.cure == "greygate logs synapse"


def test_a_cause_hides_what_follows_from_it() -> None:
    everything = replace(seen(), states=failed("yggdrasil", "no TUN"), answer=Refused(), peers=LOST)
    assert "no TUN" in judged(everything).cause


def test_peers_of_another_machine_cannot_be_seen() -> None:
    assert judged(seen("routed"), "routed").verdict is Verdict.UNKNOWN


def test_loopback_is_never_called_the_overlay() -> None:
    reach = judged(seen("loopback"), "loopback")
    assert reach.reachable
    assert "from this machine only" in reach.cause


def test_loopback_does_without_ipv6() -> None:
    first = SITES["loopback"]()[1].addresses[0]
    what = replace(seen("loopback"), present=frozenset({first}))
    assert judged(what, "loopback").reachable


def test_federation_is_off_or_has_no_way_in() -> None:
    assert federation(*SITES["trial"](), seen("trial")).verdict is Verdict.OFF
    without_an_edge = federation(*SITES["managed"](), seen())
    assert without_an_edge.verdict is Verdict.NO
    assert "[[edge]]" in without_an_edge.cure


@pytest.mark.parametrize(
    "what",
    [barrier(Purpose.PEOPLE, certain=False), barrier(Purpose.INGRESS)],
    ids=("maybe", "other"),
)
def test_what_may_bar_people_or_bars_others_is_no_verdict_on_people(what: Barrier) -> None:
    assert judged(replace(seen(), barriers=(what,))).reachable


def test_a_server_that_may_not_ask_others_does_not_federate() -> None:
    out = replace(seen("federating"), barriers=(barrier(Purpose.OUT, outgoing=True),))
    reach = federation(*SITES["federating"](), out)
    assert reach.verdict is Verdict.NO
    assert reach.cure == "ufw allow out proto tcp to any port 443,8448"
