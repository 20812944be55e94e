"""Dendrite's habits, as gomatrixserverlib was read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from greygate.spec.dialects import DENDRITE, SPECIFICATION
from greygate.spec.discovery import NoRoute, Route
from greygate.spec.dns import Addresses, Failure, Unanswered
from name_world import NameWorld, at, document, resolved, srv
from some_worlds import names, unhurried, worlds

FED, OLD = "_matrix-fed._tcp.home.example", "_matrix._tcp.home.example"
EDGE = at("192.0.2.1")


def found(world: NameWorld, name: str = "home.example") -> Route | NoRoute:
    return resolved(name, world, dialect=DENDRITE).found


def test_a_document_that_names_no_server_ends_it() -> None:
    world = NameWorld(
        documents={"home.example": document("https://edge.example")},
        services_={FED: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE},
    )
    assert resolved("home.example", world, dialect=SPECIFICATION).found.step == "4"
    assert (found(world).step, isinstance(found(world), NoRoute)) == ("3", True)
    empty = replace(world, documents={"home.example": document("")})
    assert found(empty).step == "4"


@pytest.mark.parametrize("failure", Failure)
def test_a_look_up_that_fails_leads_to_8448(failure: Failure) -> None:
    world = NameWorld(
        services_={FED: Unanswered(failure), OLD: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE, "home.example": at("192.0.2.2")},
    )
    route = found(world)
    assert isinstance(route, Route)
    assert (route.step, route.targets[0].port) == ("6", 8448)


def test_the_older_record_is_asked_for_where_there_is_no_newer() -> None:
    world = NameWorld(
        services_={OLD: srv((443, "alias.example"), (444, "gone.example"))},
        addresses_={"alias.example": Addresses(EDGE.addresses, ("edge.example",))},
    )
    route = found(world)
    assert isinstance(route, Route)
    assert (route.step, [it.port for it in route.targets], len(route.passed_over)) == (
        "5",
        [443],
        1,
    )


def test_a_root_as_target_says_that_there_is_no_server() -> None:
    world = NameWorld(services_={FED: srv((0, "."))}, addresses_={"home.example": EDGE})
    assert isinstance(found(world), NoRoute)


@pytest.mark.parametrize(("seconds", "step"), [(12.0, "3.1"), (31.0, "6")])
def test_half_a_minute_is_waited(seconds: float, step: str) -> None:
    page = replace(document("192.0.2.1"), seconds=seconds)
    assert found(NameWorld(documents={"home.example": page})).step == step


@given(name=names, world=worlds)
@unhurried
def test_every_world_has_an_end(name: str, world: NameWorld) -> None:
    assert isinstance(found(world, name), Route | NoRoute)
