"""What `discover` says, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest

from conftest import Golden
from greygate.cli import discovery_report
from greygate.probe.discovery import Discovery
from greygate.spec.delegation import Fetched, Unfetched
from greygate.spec.dialects import DIALECTS
from greygate.spec.dns import Addresses, Failure, Unanswered
from greygate.spec.server_name import ServerName
from name_world import NameWorld, at, document, resolved, srv

HERE = ip_address("192.0.2.80")

WORLDS = {
    "classic": NameWorld(
        documents={"home.example": Unfetched("no answer in time", ("200::1: no answer in time",))},
        services_={
            "_matrix-fed._tcp.home.example": srv((443, "edge.example"), (1, "alias.example"))
        },
        addresses_={
            "home.example": at("200::1"),
            "edge.example": at("2001:db8::1", "192.0.2.1"),
            "alias.example": Addresses(at("192.0.2.2").addresses, ("edge.example",)),
        },
    ),
    "delegated": NameWorld(
        documents={
            "home.example": replace(
                document("edge.example:443"),
                redirects=("https://home.example/.well-known/matrix/server",),
                address=HERE,
                failed=("200::1: Network is unreachable",),
            )
        },
        addresses_={
            "edge.example": Addresses(
                at("192.0.2.1").addresses, ("host.example",), (Unanswered(Failure.SERVER),)
            )
        },
    ),
    "url": NameWorld(
        documents={"home.example": replace(document("https://home.example"), address=HERE)},
        services_={"_matrix._tcp.home.example": srv((0, "."))},
    ),
    "silent": NameWorld(
        documents={"home.example": Fetched(status=404, body=b"\x1b[2J", address=HERE)},
        services_={
            "_matrix-fed._tcp.home.example": Unanswered(Failure.SERVER, "by 192.0.2.53 port 53")
        },
    ),
}


def discoveries(name: str, world: NameWorld) -> Sequence[Discovery]:
    return [resolved(name, world, dialect=dialect, seconds=0.25) for dialect in DIALECTS]


@pytest.mark.parametrize("world", WORLDS)
def test_the_report_is_as_recorded(golden: Golden, world: str) -> None:
    name = ServerName.parse("home.example")
    found = discoveries("home.example", WORLDS[world])
    golden(f"discover/{world}.txt", discovery_report.text(name, found) + "\n")
    golden(
        f"discover/{world}.json", json.dumps(discovery_report.told(name, found), indent=2) + "\n"
    )


def test_a_stranger_s_octets_do_not_reach_the_terminal() -> None:
    body = b'{"m.server": "192.0.2.1", "x": "\x1b[2J\xff\x07"}'
    world = NameWorld(documents={"home.example": Fetched(status=200, body=body, address=HERE)})
    shown = discovery_report.text(
        ServerName.parse("home.example"), discoveries("home.example", world)
    )
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()
