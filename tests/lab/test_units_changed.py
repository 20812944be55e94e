"""What somebody did to our units: all serves on, `status` names it, and `apply` undoes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from greygate.lab.world import World
from lab import federation
from lab.federation import Sealed, greygate, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

DROP_IN = "/etc/systemd/system/greygate-haproxy.service.d/override.conf"
CASES = {
    "not enabled": "systemctl disable greygate.target",
    "greygate-renew.timer": "systemctl stop greygate-renew.timer",
    "greygate-haproxy.service": "echo '# ours' >> /etc/systemd/system/greygate-haproxy.service",
}


@pytest.fixture
def home(sealed: Sealed) -> Iterator[World]:
    assert not remarks(sealed.lab)
    yield sealed.lab
    run(sealed.lab, "home", "rm", "-f", DROP_IN)
    greygate(sealed.lab, "home", "apply", "--yes")
    wait_until(lambda: _reachable(sealed.lab), within=30, what="people")


def remarks(lab: World) -> str:
    return "\n".join(it["text"] for it in federation.status(lab)["units"])


def _reachable(lab: World) -> bool:
    return bool(federation.status(lab)["people"]["reachable"] == "yes")


@pytest.mark.parametrize("word", CASES)
def test_it_is_named_and_undone_by_apply(home: World, word: str) -> None:
    assert run(home, "home", "sh", "-c", CASES[word]).returncode == 0
    assert word in remarks(home)
    assert _reachable(home)
    greygate(home, "home", "apply", "--yes")
    assert not remarks(home)


def test_a_drop_in_that_keeps_a_service_from_starting_is_named(home: World) -> None:
    text = "[Service]\\nExecStart=\\nExecStart=/bin/false\\n"
    write = f"mkdir -p {DROP_IN.rpartition('/')[0]} && printf '{text}' > {DROP_IN}"
    restart = "systemctl daemon-reload && systemctl restart greygate-haproxy"
    run(home, "home", "sh", "-c", f"{write} && {restart}")
    assert DROP_IN in federation.status(home)["people"]["cause"]
    run(home, "home", "sh", "-c", f"rm {DROP_IN} && {restart}")
    wait_until(lambda: _reachable(home), within=30, what="people")


def test_an_interface_that_somebody_took_down_is_no_fault_of_the_edges(home: World) -> None:
    run(home, "home", "ip", "link", "set", "greygate0", "down")
    found = federation.status(home)
    assert "does not have the address" in found["people"]["cause"]
    assert found["edges"][0]["remarks"] == []
    assert found["edges"][0]["federation"]["cause"] == found["federation"]["cause"]
    greygate(home, "home", "down")
    greygate(home, "home", "up", "--detach")
    wait_until(lambda: _reachable(home), within=30, what="people")
