"""Whether the federation comes in: the first thing in the way by its name."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

import some_edges
from greygate.plan.edges import PUBLIC_PORTS
from greygate.probe.answers import (
    Distrusted,
    HttpAnswer,
    NoAnswer,
    NotTls,
    Peer,
    Peers,
    Refused,
    Reply,
    Stalled,
)
from greygate.run.judgement import federation, people
from greygate.run.report import lines, to_json
from greygate.run.seen import Door, EdgeSeen, EdgeTold, Seen, Verdict
from greygate.run.state import Condition, State
from greygate.run.status import Status
from greygate.site.model import Source
from some_sites import federating

SITE, PLAN = federating()
LINK = PLAN.edges[0]
UP = (State(name="haproxy", condition=Condition.UP),)
THERE = Reply(200, b"{}")
SILENT = NoAnswer("timed out")
STALLED = Stalled("time-out within TLS")
PUBLIC = Peer(uri=SITE.overlay.peers[0].partition("?")[0], up=True, inbound=False)

BEHIND = EdgeTold(some_edges.state(), behind="it follows plan 3, and the site is at 4")
UNHEARD = EdgeTold(NoAnswer("no answer over the overlay"))
DOWN = EdgeTold(some_edges.state(down=("haproxy",)))


def peers(*, up: bool) -> Peers:
    told = (uri.partition("?")[0] for uri in LINK.peers)
    return Peers(
        (
            PUBLIC,
            *(
                Peer(uri=it, up=up, inbound=False, complaint="" if up else "refused", uptime=7200.0)
                for it in told
            ),
        )
    )


def seen(answer: HttpAnswer, *, link: bool = True, told: EdgeTold | None = None) -> Seen:
    doors = tuple(
        Door(address, port, answer) for address in LINK.edge.addresses for port in PUBLIC_PORTS
    )
    return Seen(
        states=UP,
        present=frozenset(PLAN.addresses),
        answer=THERE,
        peers=peers(up=link),
        edges=(EdgeSeen(LINK.edge.id, doors, told),),
        certificate_left=50 * 86400.0,
    )


ALL_DOWN = Peers(tuple(replace(it, up=False) for it in peers(up=False).peers))
OTHER_KEY = Peers(
    (
        PUBLIC,
        *(
            replace(it, complaint="node public key that does not match pinned keys")
            for it in peers(up=False).peers[1:]
        ),
    )
)
NO_OTHERS = Peers(ALL_DOWN.peers[1:])

CASES = [
    (seen(THERE), Verdict.YES, "link up for 2 h", ""),
    (seen(THERE, told=BEHIND), Verdict.YES, LINK.edge.id, "greygate apply"),
    (seen(SILENT, told=DOWN), Verdict.NO, "haproxy does not run", "restart greygate-haproxy"),
    (replace(seen(THERE), unsealed="publish CAA"), Verdict.YES, "not sealed", "publish CAA"),
    (seen(SILENT, link=False), Verdict.NO, "does not answer", "edge deploy"),
    (seen(Refused(), link=False), Verdict.NO, "nothing listens on its ports 443", "edge deploy"),
    (seen(NotTls(), link=False), Verdict.NO, "another program has port 443", "ss -ltnp"),
    (replace(seen(SILENT), peers=OTHER_KEY), Verdict.NO, "has another key", "edge deploy"),
    (seen(STALLED, told=UNHEARD), Verdict.NO, "nothing passes", "restart the node here"),
    (seen(SILENT, told=UNHEARD), Verdict.NO, "does not answer at 192", "edge deploy"),
    (seen(STALLED, link=False), Verdict.NO, "its Yggdrasil does not", "greygate-yggdrasil"),
    (seen(STALLED), Verdict.UNKNOWN, "nothing comes back", "discover"),
    (replace(seen(SILENT), peers=ALL_DOWN), Verdict.NO, "no way out", "ip route get"),
    (replace(seen(SILENT), peers=NO_OTHERS), Verdict.NO, "does not answer", "edge deploy"),
    (seen(Reply(503, b""), link=False), Verdict.NO, "no link", "edge deploy"),
    (seen(SILENT), Verdict.UNKNOWN, "nothing comes back", "discover"),
    (seen(Reply(404, b"")), Verdict.NO, "answers 404", "logs"),
    (seen(Distrusted("expired")), Verdict.NO, "not trusted: expired", "cert renew"),
    (replace(seen(THERE), edges=()), Verdict.UNKNOWN, "nobody has looked", "status"),
    (replace(seen(THERE), certificate_left=-60.0), Verdict.NO, "expired", "cert renew"),
    (replace(seen(THERE), states=()), Verdict.NO, "not running", "greygate up"),
]


@pytest.mark.parametrize(("what", "verdict", "cause", "cure"), CASES)
def test_each_has_its_cause_and_cure(what: Seen, verdict: Verdict, cause: str, cure: str) -> None:
    reach = federation(SITE, PLAN, what)
    assert reach.verdict is verdict
    assert cause in reach.cause
    assert cure in reach.cure


def test_a_certificate_of_our_own_is_the_cause() -> None:
    own = replace(SITE, certificates=replace(SITE.certificates, source=Source.OWN))
    reach = federation(own, PLAN, seen(Distrusted("unknown issuer")))
    assert 'source = "files"' in reach.cure


def test_an_edge_without_a_key_is_no_edge() -> None:
    reach = federation(SITE, replace(PLAN, edges=()), seen(THERE))
    assert (reach.verdict, LINK.edge.id in reach.cure) == (Verdict.NO, True)


def test_people_do_not_come_by_an_edge() -> None:
    only_edges = Peers(tuple(it for it in peers(up=True).peers if it is not PUBLIC))
    reach = people(SITE, PLAN, replace(seen(THERE), peers=only_edges))
    assert "no peers" in reach.cause


def status(what: Seen) -> Status:
    return Status(
        site=SITE,
        plan=PLAN,
        at=1_000.0,
        seen=what,
        people=people(SITE, PLAN, what),
        federation=federation(SITE, PLAN, what),
    )


def test_both_matters_and_the_edge_are_told_apart() -> None:
    away = status(seen(SILENT, link=False))
    told = to_json(away)
    assert told["people"]["reachable"] == "yes"
    assert told["federation"]["reachable"] == "no"
    assert [it["link_up"] for it in told["edges"]] == [False]
    assert {it["answers"] for it in told["edges"][0]["doors"]} == {"no answer: timed out"}
    assert any(LINK.edge.id in line and "no link" in line for line in lines(away))


def test_a_link_that_nobody_could_look_at_is_not_called_up() -> None:
    blind = status(replace(seen(SILENT), peers=NoAnswer("denied")))
    assert "the link" not in blind.federation.cause
    assert any(LINK.edge.id in line and "link not known" in line for line in lines(blind))


def test_what_stops_it_at_home_is_not_told_again_as_the_edges() -> None:
    unheard = EdgeTold(NoAnswer("Cannot assign requested address"))
    away = status(replace(seen(SILENT, told=unheard), present=frozenset()))
    assert away.federation.verdict is Verdict.NO
    text = "\n".join(lines(away))
    assert "nothing comes back" not in text
    assert "its agent" not in text
    assert to_json(away)["edges"][0]["federation"]["cause"] == away.federation.cause


def test_an_address_that_a_running_node_lost_is_taken_again_by_a_start() -> None:
    node = State(name="yggdrasil", condition=Condition.UP)
    lost = replace(seen(THERE), present=frozenset(), states=(node, *UP))
    assert "greygate down && greygate up" in federation(SITE, PLAN, lost).cure
    ended = replace(lost, states=UP)
    assert "logs yggdrasil" in federation(SITE, PLAN, ended).cure


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (Refused(), "ss -ltnp 'sport = :8448'; systemctl restart greygate-haproxy"),
        (SILENT, "is tcp/8448 open at the provider"),
    ],
)
def test_a_port_that_is_shut_beside_an_open_one_has_its_cure(answer: HttpAnswer, cure: str) -> None:
    half = seen(THERE)
    (edge,) = half.edges
    shut = tuple(replace(it, answer=answer) if it.port == 8448 else it for it in edge.doors)
    reach = federation(SITE, PLAN, replace(half, edges=(replace(edge, doors=shut),)))
    assert (reach.verdict, cure in reach.cure) == (Verdict.YES, True)
    # No way to an address at all, as from a home without IPv6, is no fault of the edge's.
    away = Door(ip_address("2001:db8::9"), 443, SILENT)
    reach = federation(SITE, PLAN, replace(half, edges=(replace(edge, doors=(*edge.doors, away)),)))
    assert reach.cure == ""


def test_that_nothing_passes_is_told_once() -> None:
    text = "\n".join(lines(status(seen(STALLED, told=UNHEARD))))
    assert "its agent" not in text


@pytest.mark.parametrize(("days", "spoken"), [(6, True), (30, False)])
def test_a_certificate_is_spoken_of_before_it_ends(days: int, spoken: bool) -> None:
    what = replace(seen(THERE), certificate_left=days * 86400.0)
    assert any("expires in 6 d" in line for line in lines(status(what))) is spoken
