"""What is asked of systemd, in which order; systemctl's answers are written here."""

from __future__ import annotations

import pytest

from greygate.components.catalogue import ALL
from greygate.progress import Silent
from greygate.run import systemd
from greygate.run.systemd import Systemd
from some_sites import SITES

WAITS, FAILED, RUNS = ("activating", "auto-restart"), ("failed", "failed"), ("active", "running")


def block(name: str, states: tuple[str, str], result: str) -> str:
    active, sub = states
    return (
        f"Id=greygate-{name}.service\nActiveState={active}\nSubState={sub}\nMainPID=0\n"
        f"Result={result}\n"
    )


@pytest.mark.parametrize(
    ("states", "result", "ended"),
    [
        (WAITS, "exit-code", True),
        (FAILED, "exit-code", True),
        (RUNS, "success", False),
        (WAITS, "oom-kill", False),
        (WAITS, "signal", False),
    ],
)
def test_a_start_does_not_wait_for_the_next_attempt_of_what_was_not_killed(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str, str], result: str, ended: bool
) -> None:
    site, plan = SITES["managed"]()
    units = tuple(unit for component in ALL for unit in component.units(site, plan))
    runner = Systemd(plan, units)
    commands: list[tuple[str, ...]] = []

    def systemctl(command: list[str]) -> str:
        words = [it for it in command if not it.startswith("--")]
        if words[:2] == ["systemctl", "show"]:
            names = (it.removeprefix("greygate-").removesuffix(".service") for it in words[2:])
            blocks = {"haproxy": block("haproxy", states, result)}
            return "\n".join(blocks.get(it) or block(it, RUNS, "success") for it in names)
        if words[0] == "systemctl":
            commands.append(tuple(words[1:]))
        return ""

    monkeypatch.setattr(systemd, "_run", systemctl)
    runner.start(Silent())
    verbs = [it[0] for it in commands if "greygate-haproxy.service" in it]
    assert verbs == (["stop", "reset-failed", "start"] if ended else ["start"])
    assert all(it[1:] == ("greygate-haproxy.service",) for it in commands if it[0] == "stop")
