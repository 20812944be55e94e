"""GET of the delegation, from a web server on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from greygate.probe.well_known import Fetcher
from greygate.spec.delegation import LONGEST_READ, SERVER_PATH, Fetched, Unfetched, in_time
from greygate.spec.dns import (
    Absence,
    Absent,
    AddressAnswer,
    Addresses,
    Failure,
    Unanswered,
)
from loopback_names import HERE, Pages, WebServer

NAMES = ("home.example", "www.example")
BODY = b'{"m.server": "edge.example"}'
HOME = ("home.example", SERVER_PATH)

Table = Mapping[str, AddressAnswer]
PLACES: Table = {name: Addresses((HERE,)) for name in (*NAMES, "other.example")}


def fetched(
    pages: Pages, directory: Path, *, places: Table = PLACES, host: str = "home.example"
) -> tuple[Fetched | Unfetched, WebServer]:
    with WebServer(pages, directory, names=NAMES).serving() as web:
        return fetcher(web.port, web.trust, places).fetch(host), web


def fetcher(port: int, trust: ssl.SSLContext, places: Table = PLACES) -> Fetcher:
    return Fetcher(
        addresses=lambda host: places.get(host, Absent(Absence.NO_NAME)),
        trust=trust,
        now=lambda: datetime.now(UTC),
        port=port,
        patience=0.5,
        whole_patience=3.0,
    )


def test_the_page_comes_from_the_address_that_was_looked_up(tmp_path: Path) -> None:
    pages = {HOME: (200, {"Cache-Control": "max-age=60"}, BODY)}
    answer, web = fetched(pages, tmp_path)
    assert isinstance(answer, Fetched)
    assert answer.seconds > 0
    page = Fetched(status=200, body=BODY, kept=timedelta(minutes=1), address=HERE)
    assert replace(answer, seconds=0) == page
    assert web.asked == [("home.example", f"home.example:{web.port}")]


def test_a_page_that_is_missing_is_an_answer(tmp_path: Path) -> None:
    answer, _web = fetched({}, tmp_path)
    assert isinstance(answer, Fetched)
    assert answer.status == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_other_hosts(tmp_path: Path, status: int) -> None:
    pages: dict[tuple[str, str], tuple[int, Mapping[str, str], bytes]] = {}
    with WebServer(pages, tmp_path, names=NAMES).serving() as web:
        onward = {"Location": f"https://www.example:{web.port}/x?y=1"}
        pages[HOME] = (status, {"Location": "/other"}, b"")
        pages["home.example", "/other"] = (status, onward, b"")
        pages["www.example", "/x?y=1"] = (200, {}, BODY)
        answer = fetcher(web.port, web.trust).fetch("home.example")
    assert isinstance(answer, Fetched)
    assert answer.body == BODY
    assert [url.rpartition(str(web.port))[2] for url in answer.redirects] == [SERVER_PATH, "/other"]
    assert web.asked[-1][0] == "www.example"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        (SERVER_PATH, "circle"),
        ("ftp://www.example/", "redirect to ftp:"),
        ("http://", "redirect to"),
        ("https://[", "no address"),
        ("https://nowhere.example/", "nowhere.example has no address: NXDOMAIN"),
    ],
)
def test_redirects_to_nowhere_end_it(tmp_path: Path, location: str, why: str) -> None:
    answer, _web = fetched({HOME: (302, {"Location": location}, b"")}, tmp_path)
    assert isinstance(answer, Unfetched)
    assert why in answer.why


def test_a_redirect_without_a_place_ends_it(tmp_path: Path) -> None:
    answer, _web = fetched({HOME: (302, {}, b"")}, tmp_path)
    assert answer == Unfetched("a redirect without Location")


@pytest.mark.parametrize(("hops", "status"), [(20, 200), (21, None)])
def test_twenty_redirects_are_enough(tmp_path: Path, hops: int, status: int | None) -> None:
    pages: dict[tuple[str, str], tuple[int, Mapping[str, str], bytes]] = {
        ("home.example", f"/{n}"): (302, {"Location": f"/{n + 1}"}, b"") for n in range(hops)
    }
    pages[HOME] = (302, {"Location": "/1"}, b"")
    pages["home.example", f"/{hops}"] = (200, {}, BODY)
    answer, _web = fetched(pages, tmp_path)
    assert (answer.status if isinstance(answer, Fetched) else None) == status


def test_no_more_is_read_than_a_document_can_have(tmp_path: Path) -> None:
    answer, _web = fetched({HOME: (200, {}, b" " * 10 * LONGEST_READ)}, tmp_path)
    assert isinstance(answer, Fetched)
    assert len(answer.body) == LONGEST_READ


def test_the_content_type_does_not_matter(tmp_path: Path) -> None:
    answer, _web = fetched({HOME: (200, {"Content-Type": "text/html"}, BODY)}, tmp_path)
    assert isinstance(answer, Fetched)
    assert answer.body == BODY


def test_a_certificate_for_another_name_is_distrusted(tmp_path: Path) -> None:
    answer, _web = fetched({}, tmp_path, host="other.example")
    assert isinstance(answer, Unfetched)
    assert "certificate is not to be trusted" in answer.why


def test_a_stranger_s_certificate_is_distrusted(tmp_path: Path) -> None:
    with WebServer({}, tmp_path, names=NAMES).serving() as web:
        answer = fetcher(web.port, ssl.create_default_context()).fetch("home.example")
    assert isinstance(answer, Unfetched)
    assert "certificate is not to be trusted" in answer.why


def test_the_next_address_is_tried_and_the_failure_told(tmp_path: Path) -> None:
    places = {"home.example": Addresses((ip_address("127.9.9.9"), HERE))}
    answer, _web = fetched({HOME: (200, {}, BODY)}, tmp_path, places=places)
    assert isinstance(answer, Fetched)
    assert answer.address == HERE
    (failed,) = answer.failed
    assert failed.startswith("127.9.9.9: ")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (Absent(Absence.NO_RECORD), "home.example has no address: NODATA"),
        (Unanswered(Failure.SERVER), "cannot look up home.example: SERVFAIL"),
    ],
)
def test_without_address_nothing_is_fetched(place: AddressAnswer, why: str) -> None:
    answer = fetcher(1, ssl.create_default_context(), {"home.example": place}).fetch("home.example")
    assert answer == Unfetched(why)


def test_silence_is_told() -> None:
    with socket.create_server((str(HERE), 0)) as silent:
        port = int(silent.getsockname()[1])
        answer = fetcher(port, ssl.create_default_context()).fetch("home.example")
    assert answer == Unfetched("no answer in time", ("127.0.0.1: no answer in time",), late=True)


def test_who_is_slow_is_waited_for(tmp_path: Path) -> None:
    """Longer than a connection is: Synapse waits for a minute."""
    pages = {HOME: (200, {"X-Wait": "1.0"}, BODY)}
    with WebServer(pages, tmp_path, names=NAMES).serving() as web:
        answer = fetcher(web.port, web.trust).fetch("home.example")
    assert isinstance(answer, Fetched)
    assert answer.seconds > 1.0
    late = in_time(answer, 1.0)
    assert isinstance(late, Unfetched)
    assert late.late
    assert in_time(answer, 60.0) is answer


@pytest.mark.parametrize("host", ["xn--a.example", "1.2.3.4567", "xn--.example", "a..example"])
def test_a_name_that_no_url_can_have_is_told(host: str) -> None:
    places = {host: Addresses((HERE,))}
    answer = fetcher(1, ssl.create_default_context(), places).fetch(host)
    assert isinstance(answer, Unfetched)
    assert not answer.late


def test_what_does_not_speak_http_is_told(tmp_path: Path) -> None:
    answer, _web = fetched({HOME: (200, {"Transfer-Encoding": "chunked"}, b"zz")}, tmp_path)
    assert isinstance(answer, Unfetched)
