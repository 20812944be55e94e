"""An edge told what to do from home, over the overlay: in the world that other tests share.

Whatever is changed here is brought back: the tests follow one another.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from greygate.lab import world
from greygate.lab.world import World
from lab import federation
from lab.federation import NAME, Sealed, greygate, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

EDGE_ADDRESS = "203.0.113.10"
TOLD = {"id": "edge1", "follows": True, "why": None, "hint": None}
SECOND = "edge2.twinkle.example"
VERSION = "/_matrix/federation/v1/version"
SITE = "etc/greygate/site.toml"
SECOND_EDGE = f"""
# A second one is on its way.
[[edge]]
id = "edge2"
name = "{SECOND}"
addresses = ["203.0.113.77"]
"""
# An edge refuses whoever opens more than twenty connections a second, for ten seconds.
ASK = """
while [ ! -e /tmp/enough ]; do
    curl -s -o /dev/null -w '%{http_code}\\n' --max-time 25 --connect-to "$1:8448:$2:8448" \\
        "https://$1:8448$3"
    sleep 0.1
done
"""
KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 18450), 4).close()
    print("open")
except TimeoutError:
    print("silent")
except OSError as problem:
    print(problem.strerror)
"""


@pytest.fixture(scope="module")
def internet(sealed: Sealed) -> World:
    return sealed.lab


def edge(lab: World) -> Any:
    """What status tells of the edge."""
    return federation.status(lab)["edges"][0]


def version_by(lab: World, name: str) -> str:
    """The status of a request that asks the edge for that name."""
    to = ("--connect-to", f"{name}:443:{EDGE_ADDRESS}:443", "--max-time", "10")
    done = run(
        lab,
        "outsider",
        *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *to, f"https://{name}{VERSION}"),
    )
    return done.stdout


@contextmanager
def asked_all_the_while(lab: World) -> Iterator[list[str]]:
    """Somebody asks the server by its edge all the while; at the end the list holds the answers."""
    run(lab, "outsider", "rm", "-f", "/tmp/enough")
    words = ("sh", "-c", ASK, "sh", NAME, EDGE_ADDRESS, VERSION)
    seen: list[str] = []
    with subprocess.Popen(
        world.command_in(lab, "outsider", words), stdout=subprocess.PIPE, text=True
    ) as asking:
        try:
            yield seen
        finally:
            run(lab, "outsider", "touch", "/tmp/enough")
        assert asking.stdout is not None
        seen.extend(asking.stdout.read().split())


def said_at_home(sealed: Sealed, *words: str) -> Any:
    """What came of what our commands never say (see orders_at_home.py)."""
    script = Path(__file__).with_name("orders_at_home.py")
    (sealed.lab.places.root("home") / "srv/orders.py").write_bytes(script.read_bytes())
    line = (
        "PYTHONPATH=/root/greygate/src exec "
        '$(ls -t /var/lib/greygate/env/*/bin/python | head -n 1) /srv/orders.py "$@"'
    )
    done = run(sealed.lab, "home", "sh", "-c", line, "sh", *words, given=sealed.token)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_edge_tells_how_it_is(internet: World) -> None:
    told = edge(internet)
    agent = told["agent"]
    assert {it["name"]: it["since"] is not None for it in agent["services"]} == {
        "haproxy": True,
        "yggdrasil": True,
    }
    assert [it["listens"] for it in agent["ports"]] == [True, True]
    wait_until(lambda: edge(internet)["agent"]["links"] == 2, within=30, what="both are up")
    assert (told["behind"], told["remarks"]) == (None, [])
    assert abs(agent["ahead"]) < 5
    assert f"plan {agent['serial']}," in greygate(internet, "home", "edge", "list")


def test_an_edge_looks_from_where_it_stands(internet: World) -> None:
    def probed(*words: str) -> Any:
        return json.loads(greygate(internet, "home", "edge", "probe", "edge1", *words, "--json"))

    assert probed("dns", "remote.example")["values"] == ["203.0.113.30"]
    assert "remote.example" in probed("tls", "remote.example", "--port", "443")["names"]
    assert probed("tcp", "remote.example", "--port", "443")["address"]


def test_on_the_overlay_nobody_but_home_hears_of_the_agent(internet: World) -> None:
    overlay = edge(internet)["address"]
    knocked = run(internet, "friend", "python3", "-c", KNOCK, overlay)
    assert knocked.stdout.strip() == "silent"
    # On the machine itself no rule stands before it, and the agent looks who it is.
    program = (
        f"import socket; it = socket.create_connection(('{overlay}', 18450), 4);"
        "it.settimeout(10); print(it.recv(1))"
    )
    assert run(internet, "edge", "python3", "-c", program).stdout.strip() == "b''"


@pytest.mark.parametrize("host", ["outsider", "remote"])
def test_on_the_clearnet_there_is_no_agent(internet: World, host: str) -> None:
    for address in (edge(internet)["address"], EDGE_ADDRESS):
        knocked = run(internet, host, "python3", "-c", KNOCK, address).stdout.strip()
        assert knocked in ("Network is unreachable", "Connection refused", "silent")


def test_what_home_did_not_say_now_is_not_obeyed(internet: World, sealed: Sealed) -> None:
    serial = edge(internet)["agent"]["serial"]
    refused = {
        "again": "replayed",
        "by a thief": "forged",
        "for another": "foreign-edge",
        "older": "older",
    }
    assert said_at_home(sealed) == {
        "status signed": "done",
        "apply signed": "unreadable",  # home's, but no plan
        **{f"{verb} {how}": why for verb in ("status", "apply") for how, why in refused.items()},
        "apply unusable": "cannot",  # HAProxy refuses it, and what is in use stays
    }
    told = edge(internet)
    assert (told["agent"]["serial"], told["behind"], told["remarks"]) == (serial, None, [])
    assert version_by(internet, NAME) == "200"


def test_an_edge_takes_over_what_is_new_and_no_request_is_lost(
    internet: World, sealed: Sealed
) -> None:
    serial = edge(internet)["agent"]["serial"]
    assert version_by(internet, SECOND) == "000"
    with asked_all_the_while(internet) as answers:
        assert said_at_home(sealed, SECOND) == {"apply": "done"}
        wait_until(
            lambda: version_by(internet, SECOND) != "000", within=20, what="it lets the name in"
        )
        behind = edge(internet)["behind"]
        assert behind == f"it follows plan {serial + 1} of another copy of this home"
        told = json.loads(greygate(internet, "home", "apply", "--yes", "--json"))
        assert told["edges"] == [TOLD | {"changed": True}]
        wait_until(
            lambda: version_by(internet, SECOND) == "000", within=20, what="it keeps the name out"
        )
    assert len(answers) > 10
    assert set(answers) == {"200"}, answers
    told = edge(internet)
    assert (told["agent"]["serial"], told["behind"]) == (serial + 2, None)


def test_a_changed_site_is_brought_to_the_edge(internet: World) -> None:
    file = internet.places.root("home") / SITE
    before = file.read_text()
    file.write_text(before + SECOND_EDGE)
    assert edge(internet)["behind"] is None  # it follows what it was given
    told = json.loads(greygate(internet, "home", "apply", "--yes", "--json"))
    first, second = told["edges"]
    assert (first["follows"], first["changed"]) == (True, True)
    assert (second["follows"], second["why"] is None) == (False, False)
    wait_until(
        lambda: version_by(internet, SECOND) == "200", within=20, what="the new name is served"
    )
    # Telling again changes nothing.
    again = json.loads(greygate(internet, "home", "apply", "--yes", "--json"))
    assert again["edges"][0] == TOLD | {"changed": False}
    # An edge that is no more, and cannot be reached; its comment stays.
    gone = json.loads(greygate(internet, "home", "edge", "remove", "edge2", "--yes", "--json"))
    assert (gone["removed"], gone["left"]) == (True, False)
    assert {it["name"] for it in gone["records"]} >= {SECOND}
    assert file.read_text() == before + "\n# A second one is on its way.\n"
    file.write_text(before)
    wait_until(
        lambda: version_by(internet, SECOND) == "000", within=20, what="the name is kept out"
    )
    assert edge(internet)["behind"] is None


def test_a_move_tells_what_changes_in_dns(internet: World) -> None:
    words = ("edge", "move", "edge1", EDGE_ADDRESS, "2001:db8:10::2", "--dry-run", "--json")
    told = json.loads(greygate(internet, "home", *words))
    (record,) = told["records"]
    assert (record["type"], record["publish"]) == ("AAAA", ["2001:db8:10::2"])


def test_a_stolen_key_is_worth_nothing_once_it_is_rotated(internet: World, sealed: Sealed) -> None:
    former, address = sealed.token, edge(internet)["address"]
    greygate(internet, "home", "edge", "rotate", "edge1", "--yes")
    rules = run(internet, "home", "nft", "list", "table", "inet", "greygate").stdout
    assert address not in rules
    assert edge(internet)["link_up"] is False
    refused = greygate(internet, "edge", "edge", "join", given=former, fails=True)
    assert "the token is old" in refused
    assert "greygate edge token edge1" in refused
    told = greygate(internet, "edge", "edge", "join", given=sealed.token)
    assert "home has dialled" in told
    wait_until(
        lambda: federation.federation(internet)["reachable"] == "yes", within=60, what="it is back"
    )
    assert edge(internet)["address"] != address
    assert (edge(internet)["behind"], edge(internet)["remarks"]) == (None, [])


def test_an_edge_that_is_given_up_leaves(internet: World, sealed: Sealed) -> None:
    file = internet.places.root("home") / SITE
    before = file.read_text()
    alone = greygate(internet, "home", "edge", "remove", "edge1", "--yes", fails=True)
    assert "federation = false" in alone
    file.write_text(before + SECOND_EDGE)
    greygate(internet, "home", "edge", "token", "edge2")  # which makes its key
    told = json.loads(greygate(internet, "home", "edge", "remove", "edge1", "--yes", "--json"))
    assert told["left"] is True
    wait_until(lambda: _units(internet) == "", within=30, what="nothing of it is left")
    file.write_text(before)
    greygate(internet, "home", "apply", "--yes")
    greygate(internet, "edge", "edge", "join", given=sealed.token)
    wait_until(
        lambda: federation.federation(internet)["reachable"] == "yes", within=60, what="it is back"
    )


def _units(lab: World) -> str:
    words = "systemctl list-units --all --no-legend 'greygate*' | grep -v greygate-leaving"
    return run(lab, "edge", "sh", "-c", words).stdout
