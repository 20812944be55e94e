"""The whole of discovery, over real packets on loopback."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from greygate.probe.discovery import Inquiry, Network
from greygate.probe.dns import Resolver
from greygate.spec.delegation import SERVER_PATH, Fetched
from greygate.spec.dialects import DIALECTS, SPECIFICATION
from greygate.spec.discovery import Route, Target
from greygate.spec.server_name import ServerName
from loopback_names import Pages, WebServer, Zone, name_server
from name_world import NameWorld, at, resolved

HOME = ServerName.parse("home.example")
EDGE = Target("edge.example", 443, (ip_address("192.0.2.1"),), 10)

ZONE: Zone = {
    ("home.example", "A"): ("127.0.0.1",),
    ("edge.example", "A"): ("192.0.2.1",),
    ("_matrix-fed._tcp.home.example", "SRV"): ("10 0 443 edge.example.",),
    ("_matrix-fed._tcp.other.example", "SRV"): ("10 0 443 edge.example.",),
}
DELEGATED: Pages = {("home.example", SERVER_PATH): (200, {}, b'{"m.server": "other.example"}')}


def inquired(pages: Pages, directory: Path) -> Inquiry:
    """After all was asked; the servers are gone, the answers remain."""
    with (
        name_server(ZONE) as place,
        WebServer(pages, directory, names=("home.example",)).serving() as web,
    ):
        inquiry = Inquiry(Network(Resolver(place), trust=web.trust, port=web.port))
        for dialect in DIALECTS:
            inquiry.discover(HOME, dialect)
        assert len(web.asked) == 1
    return inquiry


def test_a_name_without_document_is_found_by_srv(tmp_path: Path) -> None:
    discovery = inquired({}, tmp_path).discover(HOME, SPECIFICATION)
    assert discovery.found == Route(
        step="4",
        targets=(EDGE,),
        host_header="home.example",
        sni="home.example",
        certificate_name="home.example",
    )
    page = discovery.trace[0].answer
    assert isinstance(page, Fetched)
    assert page.status == 404


def test_a_delegated_name_is_found_by_srv(tmp_path: Path) -> None:
    discovery = inquired(DELEGATED, tmp_path).discover(HOME, SPECIFICATION)
    assert isinstance(discovery.found, Route)
    assert (discovery.found.step, discovery.found.host_header) == ("3.3", "other.example")
    assert [asked.question.step for asked in discovery.trace] == ["3", "3.3", "3.3"]
    assert all(asked.seconds > 0 for asked in discovery.trace)  # remembered, with the answer


def test_the_time_of_each_answer_is_kept() -> None:
    world = NameWorld(addresses_={"home.example": at("192.0.2.1")})
    discovery = resolved("home.example:80", world, seconds=2.5)
    assert [asked.seconds for asked in discovery.trace] == [2.5]
