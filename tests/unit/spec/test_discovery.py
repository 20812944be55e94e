"""The steps of "Resolving server names" (Server-Server API v1.19), a test for each."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from greygate.spec.delegation import Fetched, Unfetched
from greygate.spec.discovery import (
    FetchWellKnown,
    LookUpAddresses,
    LookUpSrv,
    NoRoute,
    Question,
    Route,
    Target,
)
from greygate.spec.dns import Absence, Absent, Addresses, Failure, Service, Services, Unanswered
from name_world import NameWorld, at, document, resolved, srv

V4, V6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")
SILENCE = Unanswered(Failure.SILENCE)

WELL_KNOWN = FetchWellKnown("home.example")
FED = LookUpSrv("_matrix-fed._tcp.home.example")
DEPRECATED = LookUpSrv("_matrix._tcp.home.example")


def found(name: str, world: NameWorld) -> Route | NoRoute:
    return resolved(name, world).found


def questions(name: str, world: NameWorld) -> list[Question]:
    return [asked.question for asked in resolved(name, world).trace]


def route(step: str, *targets: Target, host: str, name: str) -> Route:
    return Route(step=step, targets=targets, host_header=host, sni=name, certificate_name=name)


@pytest.mark.parametrize(
    ("name", "address", "port"),
    [
        ("192.0.2.1", V4, 8448),
        ("192.0.2.1:1234", V4, 1234),
        ("[2001:db8::1]", V6, 8448),
        ("[2001:db8::1]:443", V6, 443),
    ],
)
def test_step_1_an_address_is_used_as_it_is(name: str, address: object, port: int) -> None:
    discovery = resolved(name, NameWorld())
    assert discovery.trace == ()
    assert discovery.found == Route(
        step="1",
        targets=(Target(str(address), port, (address,)),),  # type: ignore[arg-type]
        host_header=name,
        sni=None,
        certificate_name=str(address),
    )


def test_step_2_a_port_leaves_well_known_and_srv_unasked() -> None:
    world = NameWorld(
        documents={"home.example": document("elsewhere.example")},
        services_={FED.name: srv((443, "edge.example"))},
        addresses_={"home.example": at("2001:db8::1", "192.0.2.1")},
    )
    target = Target("home.example", 80, (V6, V4))
    assert questions("home.example:80", world) == [LookUpAddresses("home.example")]
    assert found("home.example:80", world) == route(
        "2", target, host="home.example:80", name="home.example"
    )


def test_step_2_an_alias_is_followed() -> None:
    world = NameWorld(addresses_={"home.example": Addresses((V4,), ("other.example",))})
    assert isinstance(found("home.example:80", world), Route)


def test_step_3_is_asked_of_the_name_itself_before_all_else() -> None:
    assert questions("home.example", NameWorld())[0] == WELL_KNOWN


@pytest.mark.parametrize(
    ("delegated", "address", "port"),
    [("192.0.2.1", V4, 8448), ("192.0.2.1:443", V4, 443), ("[2001:db8::1]:80", V6, 80)],
)
def test_step_3_1_the_document_names_an_address(delegated: str, address: object, port: int) -> None:
    world = NameWorld(documents={"home.example": document(delegated)})
    assert questions("home.example", world) == [WELL_KNOWN]
    assert found("home.example", world) == Route(
        step="3.1",
        targets=(Target(str(address), port, (address,)),),  # type: ignore[arg-type]
        host_header=delegated,
        sni=None,
        certificate_name=str(address),
    )


def test_step_3_2_the_document_names_a_host_with_port() -> None:
    world = NameWorld(
        documents={"home.example": document("edge.example:443")},
        services_={"_matrix-fed._tcp.edge.example": srv((1, "wrong.example"))},
        addresses_={"edge.example": at("192.0.2.1")},
    )
    target = Target("edge.example", 443, (V4,))
    assert questions("home.example", world) == [WELL_KNOWN, LookUpAddresses("edge.example")]
    assert found("home.example", world) == route(
        "3.2", target, host="edge.example:443", name="edge.example"
    )


def test_step_3_3_the_delegated_host_has_srv_records() -> None:
    world = NameWorld(
        documents={"home.example": document("edge.example")},
        services_={
            "_matrix-fed._tcp.edge.example": srv((443, "one.example"), (444, "two.example")),
            FED.name: srv((1, "wrong.example")),
        },
        addresses_={"one.example": at("2001:db8::1", "192.0.2.1"), "two.example": at("192.0.2.2")},
    )
    one = Target("one.example", 443, (V6, V4), 10)
    two = Target("two.example", 444, (ip_address("192.0.2.2"),), 20)
    assert found("home.example", world) == route(
        "3.3", one, two, host="edge.example", name="edge.example"
    )


def test_step_3_4_the_delegated_host_has_srv_records_of_the_deprecated_name() -> None:
    world = NameWorld(
        documents={"home.example": document("edge.example")},
        services_={"_matrix._tcp.edge.example": srv((443, "one.example"))},
        addresses_={"one.example": at("192.0.2.1")},
    )
    one = Target("one.example", 443, (V4,), 10)
    assert found("home.example", world) == route(
        "3.4", one, host="edge.example", name="edge.example"
    )


def test_step_3_5_the_delegated_host_has_none() -> None:
    world = NameWorld(
        documents={"home.example": document("edge.example")},
        services_={FED.name: srv((1, "wrong.example"))},
        addresses_={"edge.example": at("192.0.2.1")},
    )
    edge = Target("edge.example", 8448, (V4,))
    assert found("home.example", world) == route(
        "3.5", edge, host="edge.example", name="edge.example"
    )


def test_step_3_is_not_repeated_for_the_delegated_host() -> None:
    world = NameWorld(
        documents={
            "home.example": document("edge.example"),
            "edge.example": document("wrong.example"),
        },
        addresses_={"edge.example": at("192.0.2.1")},
    )
    assert FetchWellKnown("edge.example") not in questions("home.example", world)


@pytest.mark.parametrize(
    "nothing",
    [
        Unfetched("refused"),
        Fetched(status=404, body=b'{"m.server": "edge.example"}'),
        Fetched(status=201, body=b'{"m.server": "edge.example"}'),
        Fetched(status=200, body=b"<html>"),
        Fetched(status=200, body=b"{}"),
        Fetched(status=200, body=b'{"m.server": "https://edge.example"}'),
    ],
)
def test_step_4_after_an_invalid_document_the_name_has_srv_records(
    nothing: Fetched | Unfetched,
) -> None:
    world = NameWorld(
        documents={"home.example": nothing},
        services_={FED.name: srv((443, "edge.example"))},
        addresses_={"edge.example": at("192.0.2.1"), "home.example": at("192.0.2.99")},
    )
    edge = Target("edge.example", 443, (V4,), 10)
    assert questions("home.example", world) == [WELL_KNOWN, FED, LookUpAddresses("edge.example")]
    assert found("home.example", world) == route(
        "4", edge, host="home.example", name="home.example"
    )


def test_step_5_the_name_has_srv_records_of_the_deprecated_name() -> None:
    world = NameWorld(
        services_={
            FED.name: Absent(Absence.NO_RECORD),
            DEPRECATED.name: srv((443, "edge.example")),
        },
        addresses_={"edge.example": at("192.0.2.1")},
    )
    edge = Target("edge.example", 443, (V4,), 10)
    assert found("home.example", world) == route(
        "5", edge, host="home.example", name="home.example"
    )


def test_step_6_the_name_has_none() -> None:
    world = NameWorld(addresses_={"home.example": Addresses((V4,), ("other.example",))})
    home = Target("home.example", 8448, (V4,))
    assert questions("home.example", world) == [
        WELL_KNOWN,
        FED,
        DEPRECATED,
        LookUpAddresses("home.example"),
    ]
    assert found("home.example", world) == route(
        "6", home, host="home.example", name="home.example"
    )


def test_every_question_bears_the_step_that_asks_it() -> None:
    discovery = resolved("home.example", NameWorld())
    assert [asked.question.step for asked in discovery.trace] == ["3", "4", "5", "6"]


@pytest.mark.parametrize(("asked", "step"), [(FED, "4"), (DEPRECATED, "5")])
@pytest.mark.parametrize("failure", Failure)
def test_an_srv_look_up_that_failed_is_not_taken_for_none(
    asked: LookUpSrv, step: str, failure: Failure
) -> None:
    world = NameWorld(
        services_={asked.name: Unanswered(failure)}, addresses_={"home.example": at("192.0.2.1")}
    )
    outcome = found("home.example", world)
    assert isinstance(outcome, NoRoute)
    assert outcome.step == step
    assert failure.value in outcome.why


def test_a_root_as_srv_target_says_that_there_is_no_server() -> None:
    world = NameWorld(
        services_={FED.name: srv((0, ".")), DEPRECATED.name: srv((443, "edge.example"))},
        addresses_={"edge.example": at("192.0.2.1"), "home.example": at("192.0.2.1")},
    )
    outcome = found("home.example", world)
    assert isinstance(outcome, NoRoute)
    assert outcome.step == "4"


def test_an_srv_target_that_is_an_alias_is_passed_over() -> None:
    world = NameWorld(
        services_={FED.name: srv((443, "alias.example"), (444, "edge.example"))},
        addresses_={
            "alias.example": Addresses((V6,), ("edge.example",)),
            "edge.example": at("192.0.2.1"),
        },
    )
    outcome = found("home.example", world)
    assert isinstance(outcome, Route)
    assert [target.host for target in outcome.targets] == ["edge.example"]
    (useless,) = outcome.passed_over
    assert "alias.example is an alias" in useless.why


def test_srv_targets_without_addresses_do_not_lead_back_to_the_name() -> None:
    world = NameWorld(
        services_={FED.name: srv((443, "one.example"), (443, "two.example"))},
        addresses_={"one.example": SILENCE, "home.example": at("192.0.2.1")},
    )
    outcome = found("home.example", world)
    assert isinstance(outcome, NoRoute)
    assert "one.example: time-out" in outcome.why
    assert "two.example has no address: NXDOMAIN" in outcome.why


def test_srv_targets_are_tried_by_priority_then_weight() -> None:
    records = (Service(20, 0, 1, "a"), Service(10, 1, 2, "b"), Service(10, 9, 3, "c"))
    world = NameWorld(
        services_={FED.name: Services(records)},
        addresses_={name: at("192.0.2.1") for name in "abc"},
    )
    outcome = found("home.example", world)
    assert isinstance(outcome, Route)
    assert [target.port for target in outcome.targets] == [3, 2, 1]


def test_a_name_without_address_is_told_from_one_that_nobody_told_of() -> None:
    absent = found("home.example:80", NameWorld())
    untold = found("home.example:80", NameWorld(addresses_={"home.example": SILENCE}))
    assert absent == NoRoute("2", "home.example has no address: NXDOMAIN")
    assert untold == NoRoute("2", "cannot look up home.example: time-out")


def test_capital_letters_stay_as_they_are() -> None:
    world = NameWorld(addresses_={"home.example": at("192.0.2.1")})
    outcome = found("Home.Example", world)
    assert isinstance(outcome, Route)
    assert (outcome.host_header, outcome.sni) == ("Home.Example", "Home.Example")


def test_a_question_is_the_same_whichever_step_asks_it() -> None:
    assert LookUpAddresses("a", "4") == LookUpAddresses("a", "6")
