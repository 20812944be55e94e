"""Shots at every door from everywhere: what is closed never reaches Synapse, what is open does."""

from __future__ import annotations

import pytest

from separation import forged, framing, over_h2, table, techniques
from separation.places import (
    FROM_OVERLAY,
    Place,
    alternating,
    closed_aims,
    from_loopback,
    from_many,
)
from separation.table import FEDERATION_ONLY, PEOPLE

pytestmark = pytest.mark.lab


def test_the_whole_table_through_the_edge(outsider: Place) -> None:
    four, six = outsider.doors.values()
    shots = alternating(
        [*table.shots(four, FEDERATION_ONLY)], [*table.shots(six.over("h2"), FEDERATION_ONLY)]
    )
    assert outsider.judged(shots) == []


def test_every_technique_through_the_edge(outsider: Place) -> None:
    four, six = outsider.doors.values()
    shots = alternating(
        [*techniques.by_target(four), *framing.lines(four)],
        [*techniques.by_header(six), *framing.smuggled(six)],
        [*over_h2.spelled(six.over("h2")), *over_h2.said(six.over("h2"))],
    )
    assert outsider.judged(shots) == []


def test_the_whole_table_from_a_stolen_edge(edge: Place) -> None:
    door = edge.doors["ingress"]
    assert edge.judged(from_many([*table.shots(door, FEDERATION_ONLY)])) == []
    assert edge.judged(from_many([*table.shots(door.over("h2"), FEDERATION_ONLY)])) == []


def test_every_technique_from_a_stolen_edge(edge: Place) -> None:
    door = edge.doors["ingress"]
    shots = [
        *techniques.by_target(door),
        *techniques.by_header(door),
        *framing.lines(door),
        *framing.smuggled(door),
        *over_h2.spelled(door.over("h2")),
        *over_h2.said(door.over("h2")),
    ]
    assert edge.judged(from_many(shots)) == []


def test_every_technique_from_the_edges_host_at_its_own_door(edge: Place) -> None:
    door = edge.doors["edge"]
    shots = [*techniques.by_target(door), *framing.lines(door), *framing.smuggled(door)]
    assert edge.judged(from_loopback(shots)) == []


def test_the_whole_table_over_the_overlay(friend: Place) -> None:
    door = friend.doors["overlay"]
    assert friend.judged([*table.shots(door, PEOPLE)], FROM_OVERLAY) == []


def test_the_whole_table_through_the_edge_from_the_overlay(friend: Place) -> None:
    four, six = friend.doors["edge"], friend.doors["edge, the other family"].over("h2")
    shots = [*table.shots(six, FEDERATION_ONLY)]
    shots[::2] = [*table.shots(four, FEDERATION_ONLY)][::2]
    assert friend.judged(shots) == []


def test_every_technique_over_the_overlay(friend: Place) -> None:
    door, aims = friend.doors["overlay"], closed_aims(FROM_OVERLAY)
    over = door.over("h2")
    shots = alternating(
        [*techniques.by_target(door, aims), *techniques.by_header(door, aims)],
        [*framing.lines(door, aims), *framing.smuggled(door, aims)],
        [*over_h2.spelled(over, aims), *over_h2.said(over, aims)],
    )
    assert friend.judged(shots, FROM_OVERLAY) == []


def test_forged_proxy_headers(outsider: Place, edge: Place, friend: Place) -> None:
    home = friend.doors["overlay"].to[0]
    for place, door in (
        (outsider, "edge"),
        (friend, "overlay"),
        (edge, "ingress"),
        (edge, "edge"),
        (edge, "overlay"),
    ):
        rules = FROM_OVERLAY if (place, door) == (friend, "overlay") else None
        shots = [*forged.shots(place.doors[door], home)]
        if door == "edge" and place is edge:
            shots = from_loopback(shots)
        assert place.judged(shots, rules) == [], (place.name, door)
