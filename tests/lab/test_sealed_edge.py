"""A hidden server and an ordinary one: people of both talk, and the clearnet reaches nothing else.

One world for all of it, set up by our own commands; the tests follow one another.
"""

from __future__ import annotations

import pytest

from greygate.lab.world import World
from lab import federation
from lab.federation import NAME, Sealed, greygate, run
from lab.talking import Pair, open_room, talk
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

EDGE_ADDRESS = "203.0.113.10"
VERSION = "/_matrix/federation/v1/version"
CLOSED = (
    "/_matrix/client/versions",
    "/_matrix/client/v3/login",
    "/_synapse/admin/v1/server_version",
    "/_matrix/media/v3/config",
    "/.well-known/matrix/client",
    "/_matrix/static/",
    "/health",
    "/",
    # decided on the normalised path and forwarded raw, this one reaches push rules
    "/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled"
    "/../../../../../../../../_matrix/federation/v1/version",
)


def asked(lab: World, target: str, *, host: str = "outsider", port: int = 8448) -> tuple[str, str]:
    """Status and body of a request that names our server and goes to the edge."""
    to = (
        "--connect-to",
        f"{NAME}:{port}:{EDGE_ADDRESS}:{port}",
        "--path-as-is",
        "--max-time",
        "10",
    )
    done = run(
        lab, host, "curl", "-sS", *to, "-w", "\n%{http_code}", f"https://{NAME}:{port}{target}"
    )
    body, _, code = done.stdout.rpartition("\n")
    return code, body


def test_status_tells_the_way_in(internet: World) -> None:
    seen = federation.status(internet)
    assert seen["people"]["reachable"] == "yes"
    assert "through edge1" in seen["federation"]["cause"]
    assert {door["answers"] for door in seen["edges"][0]["doors"]} == {200}


def test_what_is_published_is_what_was_planned(internet: World) -> None:
    told = greygate(internet, "home", "dns", "check", "--resolver", "203.0.113.53")
    assert {line.split("  ")[0] for line in told.splitlines()} == {"right", "DNSSEC"}
    assert f"{NAME}: not signed" in told


@pytest.mark.parametrize("direct", [True, False], ids=["direct message", "encrypted room"])
def test_people_of_both_servers_talk(internet: World, pair: Pair, direct: bool) -> None:
    room = open_room(pair, direct=direct)
    talk(pair, room, topic="from here to there")


def test_one_of_theirs_opens_a_room_for_one_of_ours(internet: World, pair: Pair) -> None:
    theirs = Pair(pair.other, pair.one, f"@anna:{NAME}")
    talk(theirs, open_room(theirs, direct=False), topic="from there to here")


def test_rooms_are_joined_by_their_alias_from_the_other_server(pair: Pair) -> None:
    for host, guest, alias in (
        (pair.one, pair.other, f"#ours:{NAME}"),
        (pair.other, pair.one, "#theirs:remote.example"),
    ):
        name = alias[1:].partition(":")[0]
        room = host.does("create_room", invite=[], alias=name)["room"]
        assert guest.does("join", room=alias) == {"room": room}
        talk(pair, room, topic=name)


@pytest.mark.parametrize("port", [443, 8448])
def test_the_clearnet_reaches_the_federation_and_nothing_else(internet: World, port: int) -> None:
    assert asked(internet, VERSION, port=port)[0] == "200"
    for target in CLOSED:
        code, body = asked(internet, target, port=port)
        assert (code, "M_UNRECOGNIZED" in body) == ("404", True), (target, code, body)


@pytest.mark.parametrize("sni", ["m.twinkle.example", "peer.edge.twinkle.example", "other.example"])
def test_another_name_ends_without_an_answer(internet: World, sni: str) -> None:
    to = ("--connect-to", f"{sni}:443:{EDGE_ADDRESS}:443", "--max-time", "10", "-k")
    done = run(internet, "outsider", "curl", "-sS", *to, f"https://{sni}{VERSION}")
    assert done.returncode == 35, done.stderr  # the TLS handshake did not come about
    assert done.stdout == ""


def test_what_is_no_tls_ends_without_an_answer(internet: World) -> None:
    url = f"http://{EDGE_ADDRESS}:443{VERSION}"
    done = run(internet, "outsider", "curl", "-sS", "--max-time", "10", url)
    assert (done.returncode, done.stdout) == (52, ""), done.stderr


def test_the_overlay_address_is_nowhere_on_the_clearnet(internet: World) -> None:
    url = f"https://[{federation.overlay_address(internet)}]/"
    done = run(internet, "outsider", "curl", "-sSk", "--max-time", "10", url)
    assert done.returncode in (7, 28)


@pytest.mark.parametrize("host", ["edge", "friend"])
@pytest.mark.parametrize("port", [443, 8448, 18448])
def test_each_comes_by_its_own_door_only(internet: World, host: str, port: int) -> None:
    """A stolen edge is no person; a person is no edge."""
    address = federation.overlay_address(internet)
    program = (
        "import socket, ssl, sys; place = (sys.argv[1], int(sys.argv[2]));"
        "plain = socket.create_connection(place, 5);"
        "context = ssl.create_default_context(); context.check_hostname = False;"
        "context.verify_mode = ssl.CERT_NONE;"
        "context.wrap_socket(plain, server_hostname='m.twinkle.example')"
    )
    done = run(internet, host, "python3", "-c", program, address, str(port))
    its_own = host == "friend" and port != 18448
    assert (done.returncode == 0) == its_own, done.stderr


def test_an_edge_that_left_is_missed_and_its_token_brings_it_back(
    internet: World, sealed: Sealed
) -> None:
    greygate(internet, "edge", "edge", "leave", "--yes")
    left = run(internet, "edge", "sh", "-c", "systemctl list-units --all --no-legend 'greygate*'")
    assert left.stdout == ""
    wait_until(
        lambda: federation.federation(internet)["reachable"] == "no", within=60, what="it is missed"
    )
    assert federation.federation(internet)["cure"]
    told = greygate(internet, "edge", "edge", "join", given=sealed.token)
    assert "home has dialled" in told
    wait_until(
        lambda: federation.federation(internet)["reachable"] == "yes", within=60, what="it is back"
    )


def test_a_damaged_token_is_told_as_such(internet: World, sealed: Sealed) -> None:
    said = greygate(internet, "edge", "edge", "join", given=sealed.token[:-20], fails=True)
    assert "it is damaged" in said
    assert "greygate edge token" in said


def test_a_token_that_is_used_already_changes_nothing(internet: World, sealed: Sealed) -> None:
    told = greygate(internet, "edge", "edge", "join", "--json", given=sealed.token)
    assert '"changed": false' in told
