"""What `systemctl show --timestamp=us+utc` prints, read into values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from greygate.run.state import Condition

PROPERTIES = (
    "Id",
    "ActiveState",
    "SubState",
    "MainPID",
    "InvocationID",
    "ExecMainStartTimestamp",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "Result",
    "ExecMainStatus",
    "ExecMainExitTimestamp",
    "NRestarts",
    "DropInPaths",
)

# ActiveState; a unit between two attempts is "activating" with the SubState "auto-restart".
CONDITIONS = {
    "active": Condition.UP,
    "reloading": Condition.UP,
    "refreshing": Condition.UP,
    "activating": Condition.STARTING,
    "deactivating": Condition.STOPPING,
    "inactive": Condition.DOWN,
    "maintenance": Condition.DOWN,
    "failed": Condition.FAILED,
}
RUNNING = (Condition.UP, Condition.STARTING)
BETWEEN_ATTEMPTS = ("auto-restart", "auto-restart-queued")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One unit as systemd tells it."""

    unit: str
    condition: Condition
    pid: int | None
    since: float | None
    began: float | None
    invocation: str
    result: str = "success"  # of the last run
    status: int = 0  # its exit code, or the signal that ended it
    ended: float | None = None
    restarts: int = 0  # by itself, since somebody last started it
    overrides: tuple[str, ...] = ()  # drop-ins of somebody else's


def shown(text: str) -> Iterator[Shown]:
    """The units of one call, in its order."""
    return map(_unit, blocks(text))


def blocks(text: str) -> Iterator[dict[str, str]]:
    """The properties of each unit; blank lines part them."""
    for block in text.strip().split("\n\n"):
        yield dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def overrides(unit: str, paths: str) -> tuple[str, ...]:
    """The drop-ins for this unit alone among DropInPaths; none of them is ours."""
    return tuple(path for path in paths.split() if path.split("/")[-2] == f"{unit}.d")


def _unit(told: Mapping[str, str]) -> Shown:
    condition = CONDITIONS[told["ActiveState"]]
    if told["SubState"] in BETWEEN_ATTEMPTS:
        condition = Condition.FAILED
    stamp = "ActiveEnterTimestamp" if condition is Condition.UP else "InactiveEnterTimestamp"
    return Shown(
        unit=told["Id"],
        condition=condition,
        pid=int(told["MainPID"]) or None,
        since=_seconds(told.get(stamp, "")),
        began=_seconds(told.get("ExecMainStartTimestamp", "")) if condition in RUNNING else None,
        invocation=told.get("InvocationID", ""),
        result=told.get("Result", "success"),
        status=int(told.get("ExecMainStatus", "0")),
        ended=_seconds(told.get("ExecMainExitTimestamp", "")),
        restarts=int(told.get("NRestarts", "0")),
        overrides=overrides(told["Id"], told.get("DropInPaths", "")),
    )


def _seconds(stamp: str) -> float | None:
    """`Sat 2026-11-21 22:39:03.250000 UTC`; nothing where it never happened."""
    try:
        at = datetime.strptime(stamp.partition(" ")[2], "%Y-%m-%d %H:%M:%S.%f UTC")
    except ValueError:
        return None
    return at.replace(tzinfo=UTC).timestamp()
