"""Room ids as room version 12 makes them, without a domain, through the real ingress to Synapse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from behind_the_door import Asked
from door import running, write
from greygate.plan.policy import Endpoint, Opens, endpoints
from ingress import NAME, Ingress
from real_synapse import engine
from separation import fronts

__all__ = ["engine"]

pytestmark = [pytest.mark.engine, pytest.mark.programs]

OPAQUE = "31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"
OF_ROOMS = [
    it
    for it in endpoints()
    if it.opens is Opens.ALWAYS and it.api == "server-server" and "{roomId}" in it.path
]


@pytest.fixture(scope="module")
def ingress(engine: PurePosixPath) -> Iterator[Ingress]:
    with fronts.synapse(engine) as behind:
        write(behind.site, behind.plan)
        log = Path(behind.plan.paths.logs / "haproxy.log")
        with running(behind.site, behind.plan, log) as door:
            yield Ingress(door, Asked())


@pytest.mark.parametrize("room", [f"!{OPAQUE}", f"%21{OPAQUE}"])
def test_synapse_is_asked_for_the_room(ingress: Ingress, room: str) -> None:
    """Unsigned, all it says is 401: what it does not know would be 404."""
    assert len(OF_ROOMS) > 10
    for endpoint in OF_ROOMS:
        answer = ingress.send(_request(endpoint, room))
        assert answer.status == 401 and b"M_UNAUTHORIZED" in answer.body, endpoint


def _request(endpoint: Endpoint, room: str) -> bytes:
    values = {"roomId": room, "eventId": "$31hneApxJ_1o", "userId": "%40anna%3Aother.example"}
    line = f"{endpoint.method} {endpoint.path.format(**values)} HTTP/1.1\r\nHost: {NAME}\r\n"
    body = "\r\n" if endpoint.method == "GET" else "Content-Length: 2\r\n\r\n{}"
    return f"{line}Connection: close\r\n{body}".encode()
