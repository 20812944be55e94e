"""What is killed in turn, on which host: each comes back by itself."""

from __future__ import annotations

from dataclasses import dataclass

from greygate.lab.world import World
from lab.federation import run
from lab.talking import Pair
from lab.traffic import Conversation, talk_while
from lab.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Kill:
    """A service that dies without a word."""

    host: str
    unit: str

    def __str__(self) -> str:
        return f"{self.unit.removeprefix('greygate-').removeprefix('matrix-')} on {self.host}"


KILLS = (
    Kill("edge", "greygate-haproxy"),
    Kill("edge", "greygate-yggdrasil"),
    Kill("home", "greygate-haproxy"),
    Kill("home", "greygate-yggdrasil"),
    Kill("home", "greygate-keeper"),
    Kill("home", "greygate-synapse"),
    Kill("remote", "matrix-synapse"),
)


def killed(lab: World, pair: Pair, room: str, kill: Kill, number: int = 0) -> Conversation:
    """Kill it under traffic; what became of the conversation, once the service is up again."""
    before = _main_process(lab, kill)
    told = talk_while(pair, room, f"{kill}, {number}", lambda: _kill(lab, kill))
    wait_until(lambda: _main_process(lab, kill) not in ("0", before), within=30, what=f"{kill}")
    return told


def _kill(lab: World, kill: Kill) -> None:
    done = run(lab, kill.host, "systemctl", "kill", "-s", "KILL", kill.unit)
    assert done.returncode == 0, done.stderr


def _main_process(lab: World, kill: Kill) -> str:
    return run(lab, kill.host, "systemctl", "show", "-P", "MainPID", kill.unit).stdout.strip()
