from __future__ import annotations

from hypothesis import given

from greygate.spec.dialects import DIALECTS, differences
from greygate.spec.discovery import NoRoute, Route
from name_world import NameWorld, at, resolved
from some_worlds import names, unhurried, worlds

HERE = resolved("home.example:80", NameWorld(addresses_={"home.example": at("192.0.2.1")})).found
ELSEWHERE = resolved(
    "home.example:81", NameWorld(addresses_={"home.example": at("192.0.2.1", "2001:db8::1")})
).found
ADDRESS = resolved("192.0.2.1", NameWorld()).found
NOWHERE = NoRoute("6", "nothing there")


def test_a_way_that_is_not_found_is_told() -> None:
    assert differences(HERE, NOWHERE) == ("finds no way: nothing there",)
    assert differences(NOWHERE, HERE) == ("finds a way all the same (step 2): 192.0.2.1:80",)
    assert differences(NOWHERE, NOWHERE) == ()


def test_other_places_and_other_names_are_told() -> None:
    assert differences(HERE, ELSEWHERE) == (
        "connects to 192.0.2.1:81 and [2001:db8::1]:81",
        "Host: home.example:81 instead of home.example:80",
    )
    assert differences(HERE, ADDRESS) == (
        "connects to 192.0.2.1:8448",
        "Host: 192.0.2.1 instead of home.example:80",
        "SNI: none instead of home.example",
        "certificate for: 192.0.2.1 instead of home.example",
    )


def test_fewer_places_are_told() -> None:
    fewer = resolved(
        "home.example:81", NameWorld(addresses_={"home.example": at("192.0.2.1")})
    ).found
    assert differences(ELSEWHERE, fewer) == ("connects only to 192.0.2.1:81",)


@given(name=names, world=worlds)
@unhurried
def test_no_route_differs_from_itself(name: str, world: NameWorld) -> None:
    for each in DIALECTS:
        route = resolved(name, world, dialect=each).found
        assert isinstance(route, Route | NoRoute)
        assert differences(route, route) == ()
