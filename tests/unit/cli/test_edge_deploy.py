"""What `edge deploy` says, and what it refuses before anybody is spoken to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from greygate.cli.edge_deploy_report import done_text, done_told, rehearsed_text, rehearsed_told
from greygate.home import rented_host
from greygate.home.deployment import Joined
from greygate.home.place import Place
from greygate.home.published import Published
from greygate.home.ssh_target import target_of
from greygate.plan.published import State, Verdict
from greygate.plan.records import record_sets
from greygate.run import seen
from greygate.run.seen import Reach
from some_sites import federating
from unit.cli.conftest import Run
from unit.home.test_rented_host import FINE, ORDER

Golden = Callable[[str, str], None]

TARGET = target_of("root@192.0.2.10")
TOLD = {
    "edge": "edge1",
    "address": "200:1111:2222:3333:4444:5555:6666:7777",
    "ports": [443, 8448],
    "changed": True,
}
REACHED = Reach(seen.Verdict.YES, "through edge1, link up for 2.0 s")
SETS = record_sets(*federating())


def published(*states: State, unsealed: str | None = None) -> Published:
    told = (
        Verdict(records, "this machine's resolver", state, "")
        for records, state in zip(SETS, states, strict=False)
    )
    return Published(tuple(told), unsealed)


def test_a_look_is_told_with_what_would_be_done(golden: Golden) -> None:
    golden("deploy/look.txt", rehearsed_text(FINE, ORDER, ()) + "\n")


def test_a_look_at_one_that_will_not_do_tells_all_that_is_in_the_way(golden: Golden) -> None:
    host = replace(FINE, python=None, release="11", home="twinkle.example")
    found = tuple(rented_host.obstacles(host, ORDER))
    golden("deploy/obstacles.txt", rehearsed_text(host, ORDER, found) + "\n")
    golden(
        "deploy/obstacles.json",
        json.dumps(rehearsed_told(host, ORDER, found), indent=2) + "\n",
    )


def test_a_deployment_is_told_with_what_remains(golden: Golden) -> None:
    fine = published(State.RIGHT)
    joined = Joined(FINE, TOLD)
    golden("deploy/done.txt", done_text(joined, TARGET, REACHED, fine) + "\n")
    told = json.dumps(done_told(joined, TARGET, REACHED, fine), indent=2)
    golden("deploy/done.json", told + "\n")


@pytest.mark.parametrize(
    ("dns", "words"),
    [
        (published(State.MISSING, State.WRONG), "2 record sets are missing or wrong"),
        (published(State.UNTOLD), "1 questions had no answer"),
        (published(State.RIGHT, unsealed="publish CAA"), "not sealed: publish CAA"),
        (published(State.RIGHT), "all right"),
    ],
)
def test_what_dns_lacks_is_told(dns: Published, words: str) -> None:
    again = Joined(FINE, {**TOLD, "changed": False})
    silent = Reach(seen.Verdict.NO, "edge1 does not answer", "is it up?")
    text = done_text(again, TARGET, silent, dns)
    assert words in text
    assert "was already" in text
    assert "next: is it up?" in text


def test_a_site_without_edges_has_nothing_to_deploy(run: Run, made: Place) -> None:
    state = ("--state", str(made.paths.state))
    asked = run("edge", "deploy", "edge1", "root@192.0.2.10", *state)
    assert asked.code == 2
    assert "no edge" in asked.err
    asked = run("edge", "deploy", "edge1", "root@host:0", "--json", *state)
    assert (asked.code, "root@host:0" in json.loads(asked.out)["error"]["what"]) == (2, True)
