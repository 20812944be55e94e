"""Synapse's dialect, against Synapse; and where it is not the specification's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from greygate.plan.plan import CertificateNames
from greygate.spec.delegation import SERVER_PATH, Fetched, WellKnownAnswer
from greygate.spec.dialects import SPECIFICATION, SYNAPSE, differences
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
from name_world import NameWorld, at, document, resolved, srv
from own_certificate import self_signed
from some_worlds import names, worlds

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
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_synapse_itself_goes_the_same_way(ask: Ask, name: str, world: NameWorld) -> None:
    seen = ask(name, world)
    route = resolved(name, world, dialect=SYNAPSE).found
    event(f"step {route.step}, {type(route).__name__}")
    if isinstance(route, NoRoute):
        assert seen["places"] == [], route
        return
    assert (seen["host"], seen["sni"]) == (route.host_header, route.sni)
    assert _in_groups(seen["places"], route) == _groups(route)


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
        for url, onward in zip(way, way[1:], strict=False)
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
