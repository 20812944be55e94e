"""The firewall outlives those who flush the whole ruleset, and nobody's connection ends by it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greygate.lab.world import World
from lab import federation
from lab.federation import greygate, run, status
from lab.talking import Pair
from lab.traffic import talk_while
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

ACTS = ("restart", "reload", "stop", "start")
PROCESSES = ("greygate-haproxy.service", "greygate-yggdrasil.service")


@pytest.mark.parametrize("host", ["home", "edge"])
@pytest.mark.parametrize("act", ACTS)
def test_what_becomes_of_nftables_service_disturbs_nobody(
    internet: World, pair: Pair, talking: str, host: str, act: str
) -> None:
    before = _processes(internet, host)
    told = talk_while(pair, talking, f"{act} on {host}", lambda: _systemctl(internet, host, act))
    assert (told.there.decrypted, told.back.decrypted) == (True, True)
    assert "chain from_overlay" in _table(internet, host)
    assert _processes(internet, host) == before
    assert status(internet)["firewall"] == "intact"


@pytest.mark.parametrize("how", ["flush ruleset", "delete table inet greygate"])
def test_status_sees_it_gone_and_apply_brings_it_back(internet: World, how: str) -> None:
    _systemctl(internet, "home", "stop", "greygate-firewall-check.timer")
    try:
        run(internet, "home", "nft", how)
        assert status(internet)["firewall"] == "gone"
        assert "greygate apply" in greygate(internet, "home", "status", fails=True)
        told = json.loads(greygate(internet, "home", "apply", "--yes", "--json"))
        assert told["behind"] == []
        assert status(internet)["firewall"] == "intact"
    finally:
        _systemctl(internet, "home", "start", "greygate-firewall-check.timer")


def test_a_rule_taken_away_by_hand_is_back_within_minutes(internet: World) -> None:
    last = {"home": "not in the plan", "edge": "an edge has nothing on the overlay"}
    for host in last:
        run(internet, host, "nft", "flush chain inet greygate from_overlay")
    assert status(internet)["firewall"] == "changed"
    wait_until(
        lambda: all(rule in _table(internet, host) for host, rule in last.items()),
        within=100,
        what="the rules are back on both",
    )
    assert status(internet)["firewall"] == "intact"


def _systemctl(lab: World, host: str, act: str, unit: str = "nftables.service") -> None:
    done = run(lab, host, "systemctl", act, unit)
    assert done.returncode == 0, done.stderr


def _table(lab: World, host: str) -> str:
    return run(lab, host, "nft", "list", "table", "inet", "greygate").stdout


def _processes(lab: World, host: str) -> str:
    return run(lab, host, "systemctl", "show", "--property=MainPID", *PROCESSES).stdout


def test_another_packet_filter_of_the_edge_is_named(sealed: federation.Sealed) -> None:
    """Port 443 is left, and with it the link."""
    internet = sealed.lab
    rules = "type filter hook input priority 0; tcp dport 8448 drop;"
    run(internet, "edge", "nft", f"table inet theirs {{ chain c {{ {rules} }}; }}")
    try:
        joined = greygate(internet, "edge", "edge", "join", given=sealed.token, fails=True)
        assert "nftables (chain inet theirs c) drops what other servers send to tcp/8448" in joined
        _systemctl(internet, "edge", "start", "greygate-firewall-check.service")
        edge = _heard(internet)
        assert [it["purpose"] for it in edge["agent"]["barriers"]] == ["public"]
        assert "tcp/8448" in edge["remarks"][0]["text"]
        assert edge["remarks"][0]["cure"].startswith("on edge1: let it through")
    finally:
        run(internet, "edge", "nft", "delete table inet theirs")
    _systemctl(internet, "edge", "start", "greygate-firewall-check.service")
    assert _heard(internet)["agent"]["barriers"] == []
    greygate(internet, "edge", "edge", "join", given=sealed.token)


def _heard(lab: World) -> Any:
    """What the edge tells, once its agent answers: on a busy machine it may take too long."""
    heard: list[Any] = []

    def answers() -> bool:
        heard[:] = json.loads(greygate(lab, "home", "edge", "list", "--json"))
        return "error" not in heard[0]["agent"]

    wait_until(answers, within=60, what="the edge's agent answers")
    return heard[0]


def test_another_packet_filter_at_home_is_named(internet: World) -> None:
    rules = 'type filter hook input priority 0; policy drop; iifname != "greygate0" accept;'
    run(internet, "home", "nft", f"table inet theirs {{ chain c {{ {rules} }}; }}")
    try:
        people = status(internet)["people"]
        assert people["reachable"] == "no"
        assert people["cure"].startswith('nft insert rule inet theirs c iifname "greygate0" tcp ')
        run(internet, "home", "sh", "-c", people["cure"].partition(" (")[0])
        assert status(internet)["people"]["reachable"] == "yes"
    finally:
        run(internet, "home", "nft", "delete table inet theirs")
