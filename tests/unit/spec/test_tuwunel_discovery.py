"""tuwunel's habits, as its code was read."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given

from greygate.spec.delegation import Fetched
from greygate.spec.dialects import TUWUNEL, differences
from greygate.spec.discovery import NoRoute, Route, Target
from greygate.spec.dns import Addresses, Failure, Service, Services, Unanswered
from name_world import NameWorld, at, document, resolved, srv
from some_worlds import names, unhurried, worlds

FED = "_matrix-fed._tcp.home.example"
EDGE = at("192.0.2.1")


def found(name: str, world: NameWorld) -> Route | NoRoute:
    return resolved(name, world, dialect=TUWUNEL).found


def route(world: NameWorld, name: str = "home.example") -> Route:
    outcome = found(name, world)
    assert isinstance(outcome, Route)
    return outcome


def test_a_name_without_address_is_found_as_specified_but_for_host() -> None:
    world = NameWorld(
        services_={FED: srv((443, "edge.example"))}, addresses_={"edge.example": EDGE}
    )
    specified = resolved("home.example", world).found
    assert differences(specified, found("home.example", world)) == ()
    world = NameWorld(services_={FED: srv((80, "edge.example"))}, addresses_={"edge.example": EDGE})
    specified = resolved("home.example", world).found
    assert differences(specified, found("home.example", world)) == (
        "Host: home.example:80 instead of home.example",
    )


def test_a_name_with_an_address_gets_the_port_of_srv_but_not_the_target() -> None:
    world = NameWorld(
        services_={FED: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE, "home.example": at("200::1")},
    )
    assert route(world).targets == (Target("home.example", 443, (ip_address("200::1"),)),)


def test_a_delegated_name_gets_the_target() -> None:
    world = NameWorld(
        documents={"home.example": document("other.example")},
        services_={"_matrix._tcp.other.example": srv((443, "edge.example"))},
        addresses_={
            "edge.example": EDGE,
            "home.example": at("200::1"),
            "other.example": at("200::2"),
        },
    )
    assert (route(world).step, route(world).targets[0].addresses) == ("3.4", EDGE.addresses)


def test_a_name_that_delegates_to_itself_gets_its_own_address() -> None:
    world = NameWorld(
        documents={"home.example": document("Home.Example")},
        services_={FED: srv((443, "edge.example"))},
        addresses_={"edge.example": EDGE, "home.example": at("200::1")},
    )
    assert route(world).targets[0].addresses == at("200::1").addresses


def test_a_target_without_address_leads_back_to_the_name() -> None:
    world = NameWorld(
        documents={"home.example": document("other.example")},
        services_={"_matrix-fed._tcp.other.example": srv((443, "gone.example"))},
        addresses_={"other.example": at("192.0.2.2")},
    )
    assert route(world).targets == (Target("other.example", 443, (ip_address("192.0.2.2"),)),)


def test_the_first_record_counts_whatever_its_priority() -> None:
    records = (Service(20, 0, 444, "two.example"), Service(10, 0, 443, "one.example"))
    world = NameWorld(
        services_={FED: Services(records)},
        addresses_={"one.example": at("192.0.2.1"), "two.example": at("192.0.2.2")},
    )
    assert [target.port for target in route(world).targets] == [444]


def test_ipv6_is_for_names_without_ipv4_and_three_addresses_are_enough() -> None:
    both = at("2001:db8::1", *(f"192.0.2.{n}" for n in range(1, 5)))
    (target,) = route(NameWorld(addresses_={"home.example": both}), "home.example:80").targets
    assert list(map(str, target.addresses)) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    (target,) = route(NameWorld(addresses_={"home.example": at("200::1")})).targets
    assert list(map(str, target.addresses)) == ["200::1"]


@pytest.mark.parametrize("failure", Failure)
def test_an_error_that_was_answered_is_as_good_as_none(failure: Failure) -> None:
    world = NameWorld(
        services_={FED: Unanswered(failure)}, addresses_={"home.example": at("192.0.2.1")}
    )
    assert isinstance(found("home.example", world), Route if failure.was_answered else NoRoute)
    world = NameWorld(
        services_={FED: srv((443, "edge.example"))},
        addresses_={"edge.example": Unanswered(failure)},
    )
    assert isinstance(found("home.example", world), NoRoute)


def test_a_name_that_nobody_tells_of_ends_it_before_anything_else() -> None:
    world = NameWorld(
        documents={"home.example": document("192.0.2.1")},
        addresses_={"home.example": Unanswered(Failure.SILENCE)},
    )
    assert found("home.example", world) == NoRoute("3", "cannot look up home.example: time-out")


def test_a_root_as_target_is_a_name_without_address() -> None:
    assert isinstance(found("home.example", NameWorld(services_={FED: srv((0, "."))})), NoRoute)
    world = NameWorld(services_={FED: srv((444, "."))}, addresses_={"home.example": EDGE})
    assert route(world).targets[0].port == 444


def test_an_ipv6_address_needs_a_port() -> None:
    assert isinstance(found("[2001:db8::1]", NameWorld()), NoRoute)
    world = NameWorld(documents={"home.example": document("[2001:db8::1]")})
    assert isinstance(found("home.example", world), NoRoute)


def test_who_answers_after_ten_seconds_is_not_waited_for() -> None:
    page = replace(document("192.0.2.1"), seconds=12.0)
    assert found("home.example", NameWorld(documents={"home.example": page})).step == "6"


def test_any_status_of_success_will_do() -> None:
    page = Fetched(status=201, body=document("192.0.2.1").body)
    assert route(NameWorld(documents={"home.example": page})).step == "3.1"


@pytest.mark.parametrize(
    "page",
    [
        Fetched(status=404, body=document("192.0.2.1").body),
        Fetched(status=200, body=document("192.0.2.1").body.ljust(12289)),
        Fetched(status=200, body=document("192.0.2.1").body, redirects=("https://a.example/",) * 5),
    ],
)
def test_a_long_document_and_a_long_detour_are_not_read(page: Fetched) -> None:
    assert found("home.example", NameWorld(documents={"home.example": page})).step == "6"


@pytest.mark.parametrize(
    ("name", "host"),
    [("192.0.2.1", "192.0.2.1:8448"), ("[2001:db8::1]:80", "[2001:db8::1]:80")],
)
def test_host_names_the_port_of_an_address(name: str, host: str) -> None:
    assert route(NameWorld(), name).host_header == host


def test_a_delegated_port_is_used() -> None:
    world = NameWorld(
        documents={"home.example": document("edge.example:443")},
        addresses_={"edge.example": Addresses(EDGE.addresses, ("alias.example",))},
    )
    assert (route(world).step, route(world).host_header) == ("3.2", "edge.example")


@given(name=names, world=worlds)
@unhurried
def test_every_world_has_an_end(name: str, world: NameWorld) -> None:
    assert isinstance(found(name, world), Route | NoRoute)
