"""Synapse's dialect, against Synapse; and where it is not the specification's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import event, given, settings

from greygate.plan.plan import CertificateNames
from greygate.probe.discovery import Discovery
from greygate.spec.delegation import SERVER_PATH, Fetched, WellKnownAnswer, delegation
from greygate.spec.dialects import SPECIFICATION, SYNAPSE, Dialect, differences
from greygate.spec.discovery import NoRoute, Route
from greygate.spec.dns import (
    Absent,
    AddressAnswer,
    Addresses,
    Failure,
    Services,
    SrvAnswer,
    Unanswered,
)
from greygate.spec.host_name import is_international
from greygate.spec.server_name import ServerName
from greygate.spec.synapse_discovery import synapse_delegation
from name_world import NameWorld, at, document, resolved, srv
from own_certificate import self_signed
from some_worlds import UGLY, names, unhurried, worlds

ORACLE = Path(__file__).parents[2] / "synapse_oracle.py"
Ask = Callable[[str, NameWorld], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(engine: PurePosixPath, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Synapse itself."""
    file = tmp_path_factory.mktemp("oracle") / "certificate.pem"
    file.write_bytes(b"".join(self_signed(CertificateNames(("oracle.example",), ()))))
    with subprocess.Popen(
        (engine, "-I", ORACLE, file),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout

        def answer(name: str, world: NameWorld) -> dict[str, Any]:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(_told(name, world)) + "\n")
            process.stdin.flush()
            answered: dict[str, Any] = json.loads(process.stdout.readline())
            return answered

        yield answer
        process.stdin.close()


@pytest.mark.engine
@given(name=names, world=worlds)
@settings(unhurried, max_examples=600)
def test_synapse_itself_goes_the_same_way(ask: Ask, name: str, world: NameWorld) -> None:
    route = _same_way(ask, name, world)
    event(f"step {route.step}, {type(route).__name__}")


@pytest.mark.engine
@pytest.mark.parametrize("text", UGLY)
def test_synapse_itself_makes_the_same_of_what_is_no_server_name(ask: Ask, text: str) -> None:
    _same_way(ask, "home.example", _delegating(text))


@given(name=names, world=worlds)
@unhurried
def test_it_departs_from_the_specification_by_known_habits_only(
    name: str, world: NameWorld
) -> None:
    specified, synapse = (resolved(name, world, dialect=it) for it in (SPECIFICATION, SYNAPSE))
    known = {
        *_habits(specified),
        *_habits(synapse),
        *([] if _is_fetched(name) else ["not fetched"]),
    }
    assert known or not differences(specified.found, synapse.found)


def test_habit_a_document_that_names_a_url_is_believed() -> None:
    world = _delegating("https://edge.example:443/")
    assert _step(world, SPECIFICATION) == "6"
    route = resolved("home.example", world, dialect=SYNAPSE).found
    assert isinstance(route, NoRoute)
    assert "https has no address" in route.why


@pytest.mark.parametrize("text", ["edge.example:0", "edge.example:"])
def test_habit_a_port_that_is_none_leads_to_srv(text: str) -> None:
    assert _step(_delegating(text), SPECIFICATION) == "6"
    route = resolved("home.example", _delegating(text), dialect=SYNAPSE).found
    assert isinstance(route, Route)
    assert (route.step, route.host_header) == ("3.5", text)


def test_habit_a_port_that_is_no_number_ends_it() -> None:
    world = _delegating("edge.example:x")
    assert _step(world, SPECIFICATION) == "6"
    assert isinstance(resolved("home.example", world, dialect=SYNAPSE).found, NoRoute)


def test_habit_an_srv_target_may_be_an_alias() -> None:
    world = NameWorld(
        services_={"_matrix-fed._tcp.home.example": srv((443, "edge.example"))},
        addresses_={"edge.example": Addresses(at("192.0.2.1").addresses, ("other.example",))},
    )
    specified, synapse = (
        resolved("home.example", world, dialect=it).found for it in (SPECIFICATION, SYNAPSE)
    )
    assert isinstance(specified, NoRoute)
    assert differences(specified, synapse) == ("finds a way all the same (step 4): 192.0.2.1:443",)


def test_habit_a_resolver_that_knows_no_srv_is_as_good_as_none() -> None:
    world = NameWorld(
        services_={"_matrix-fed._tcp.home.example": Unanswered(Failure.NOT_DONE)},
        addresses_={"home.example": at("192.0.2.1")},
    )
    assert isinstance(resolved("home.example", world).found, NoRoute)
    assert _step(world, SYNAPSE) == "6"


def test_habit_names_that_idna_does_not_know_are_not_connected_to() -> None:
    world = NameWorld(
        services_={"_matrix-fed._tcp.home.example": srv((443, "_edge.example"))},
        addresses_={"_edge.example": at("192.0.2.1")},
    )
    assert _step(world, SPECIFICATION) == "4"
    assert isinstance(resolved("home.example", world, dialect=SYNAPSE).found, NoRoute)


def test_a_name_that_synapse_refuses_is_not_looked_for() -> None:
    discovery = resolved("home..example", NameWorld(), dialect=SYNAPSE)
    assert (discovery.trace, isinstance(discovery.found, NoRoute)) == ((), True)


def test_habit_no_document_is_fetched_for_a_name_that_idna_does_not_know() -> None:
    world = NameWorld(
        documents={"ab--c.example": document("192.0.2.9")},
        services_={"_matrix-fed._tcp.ab--c.example": srv((443, "edge.example"))},
        addresses_={"edge.example": at("192.0.2.1")},
    )
    assert resolved("ab--c.example", world, dialect=SPECIFICATION).found.step == "3.1"
    assert resolved("ab--c.example", world, dialect=SYNAPSE).found.step == "4"


def _is_fetched(name: str) -> bool:
    server = ServerName.parse(name)
    return server.literal is not None or is_international(server.host)


def _habits(discovery: Discovery) -> Iterator[str]:
    """What in the answers Synapse treats otherwise than specified."""
    for asked in discovery.trace:
        match asked.answer:
            case Fetched() as page if _is_misread(page):
                yield "a document that is not valid"
            case Addresses(aliases=(_one, *_more)):
                yield "an alias"
            case Unanswered(Failure.NOT_DONE):
                yield "NOTIMP"
    match discovery.found:
        case Route(passed_over=passed):
            told = [it.why for it in passed]
        case NoRoute(why=why):
            told = [why]
    if any("Twisted" in it or "no name for Synapse" in it for it in told):
        yield "a name that IDNA does not know"


def _is_misread(page: Fetched) -> bool:
    text = synapse_delegation(page)
    return isinstance(text, str) and str(delegation(page)) != text


def _delegating(text: str) -> NameWorld:
    body = json.dumps({"m.server": text}).encode()
    return NameWorld(
        documents={"home.example": Fetched(status=200, body=body)},
        addresses_={name: at("192.0.2.1") for name in ("home.example", "edge.example")},
    )


def _step(world: NameWorld, dialect: Dialect) -> str:
    route = resolved("home.example", world, dialect=dialect).found
    assert isinstance(route, Route)
    return route.step


def _same_way(ask: Ask, name: str, world: NameWorld) -> Route | NoRoute:
    seen = ask(name, world)
    route = resolved(name, world, dialect=SYNAPSE).found
    if isinstance(route, NoRoute):
        assert seen["places"] == [], route
        return route
    assert (seen["host"], seen["sni"]) == (route.host_header, route.sni)
    assert _in_groups(seen["places"], route) == _groups(route)
    return route


def _groups(route: Route) -> list[list[list[Any]]]:
    """Places by priority: within one, Synapse throws dice."""
    return [
        sorted([str(it), target.port] for target in targets for it in target.addresses)
        for _priority, targets in groupby(route.targets, attrgetter("priority"))
    ]


def _in_groups(places: list[list[Any]], route: Route) -> list[list[list[Any]]]:
    left = iter(places)
    groups = [sorted(next(left, []) for _place in group) for group in _groups(route)]
    return [*groups, *([it] for it in left)]


def _told(name: str, world: NameWorld) -> dict[str, Any]:
    """A world as JSON."""
    documents: dict[str, Any] = {}
    for host, answer in world.documents.items():
        documents |= _pages(host, answer)
    return {
        "name": name,
        "documents": documents,
        "services": {it: _records(answer) for it, answer in world.services_.items()},
        "addresses": {it: _addresses(answer) for it, answer in world.addresses_.items()},
    }


def _pages(host: str, answer: WellKnownAnswer) -> dict[str, Any]:
    if not isinstance(answer, Fetched):
        return {}
    hops = [f"https://{host}/{n}" for n, _hop in enumerate(answer.redirects)]
    way = [f"https://{host}{SERVER_PATH}", *hops]
    pages: dict[str, Any] = {
        url: {"status": 302, "body": "", "headers": {"location": onward}}
        for url, onward in pairwise(way)
    }
    pages[way[-1]] = {"status": answer.status, "body": answer.body.decode(), "headers": {}}
    return pages


def _records(answer: SrvAnswer) -> object:
    match answer:
        case Services(records):
            return [[it.priority, it.weight, it.port, it.target] for it in records]
        case Absent(how):
            return how.value
        case Unanswered(failure):
            return failure.value


def _addresses(answer: AddressAnswer) -> list[str]:
    return list(map(str, answer.addresses)) if isinstance(answer, Addresses) else []
