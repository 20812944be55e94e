"""The habits of continuwuity and conduit, as resolvematrix was read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from greygate.spec.delegation import Fetched
from greygate.spec.dialects import CONTINUWUITY
from greygate.spec.discovery import NoRoute, Route
from greygate.spec.dns import Failure, Service, Services, Unanswered
from name_world import NameWorld, at, document, resolved, srv
from some_worlds import UGLY, names, unhurried, worlds

FED, OLD = "_matrix-fed._tcp.home.example", "_matrix._tcp.home.example"
EDGE = at("192.0.2.1")


def found(world: NameWorld, name: str = "home.example") -> Route | NoRoute:
    return resolved(name, world, dialect=CONTINUWUITY).found


def test_it_goes_to_the_target_though_the_name_has_an_address() -> None:
    world = NameWorld(
        services_={FED: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE, "home.example": at("200::1")},
    )
    route = found(world)
    assert isinstance(route, Route)
    assert (route.targets[0].addresses, route.host_header) == (EDGE.addresses, "home.example")


def test_the_first_record_counts_whatever_its_priority() -> None:
    records = (Service(20, 0, 444, "two.example"), Service(10, 0, 443, "one.example"))
    world = NameWorld(services_={FED: Services(records)}, addresses_={"two.example": EDGE})
    route = found(world)
    assert isinstance(route, Route)
    assert [target.port for target in route.targets] == [444]


@pytest.mark.parametrize("failure", Failure)
def test_a_look_up_that_fails_is_as_good_as_no_record(failure: Failure) -> None:
    world = NameWorld(
        services_={FED: Unanswered(failure), OLD: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE},
    )
    assert found(world).step == "5"
    assert found(replace(world, services_={FED: Unanswered(failure)})).step == "6"


@pytest.mark.parametrize(
    ("page", "step"),
    [
        (Fetched(status=201, body=document("192.0.2.1").body), "6"),
        (Fetched(status=200, body=document("192.0.2.1").body.ljust(200_000)), "3.1"),
        (Fetched(status=200, body=document("192.0.2.1").body.ljust(262_144)), "6"),
        (replace(document("192.0.2.1"), seconds=12.0), "6"),
        (document("https://edge.example"), "3"),
        (document("[2001:db8::1]"), "3.1"),
    ],
)
def test_what_it_makes_of_a_document(page: Fetched, step: str) -> None:
    assert found(NameWorld(documents={"home.example": page})).step == step


def test_a_root_as_target_is_no_host() -> None:
    world = NameWorld(services_={FED: srv((443, "."))}, addresses_={"home.example": EDGE})
    assert isinstance(found(world), NoRoute)


@given(name=names, world=worlds)
@unhurried
def test_every_world_has_an_end(name: str, world: NameWorld) -> None:
    assert isinstance(found(world, name), Route | NoRoute)


@pytest.mark.parametrize("text", UGLY)
def test_what_is_no_server_name_has_an_end(text: str) -> None:
    page = document(text.replace("\\", "").replace("\n", "\\n").replace("\t", "\\t"))
    assert isinstance(found(NameWorld(documents={"home.example": page})), Route | NoRoute)
