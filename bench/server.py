"""A server of the bench's own: its commands, and its Synapse alone."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from greygate.components.component import Answering, Ready
from greygate.engine import synapse
from greygate.identity import keys
from greygate.plan.paths import Paths
from greygate.run.privileges import Identity, confined
from greygate.run.ready import is_ready

PAUSE = 0.02
SLOW = 60.0
USUAL = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))


def greygate(state: Path, *words: str) -> Any:
    """What a command says as JSON."""
    argv = ("./greygate", *words, "--json", "--state", str(state))
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return json.loads(done.stdout)


def serving_after(state: Path, *ready: Ready) -> float:
    """Seconds from the command until all of it answers; the command is waited for, uncounted."""
    began = time.monotonic()
    with subprocess.Popen(
        ("./greygate", "up", "--detach", "--json", "--state", str(state)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        return _until(began, *ready)


def _until(began: float, *ready: Ready) -> float:
    while not all(map(is_ready, ready)):
        assert time.monotonic() - began < SLOW, "it does not start"
        time.sleep(PAUSE)
    return time.monotonic() - began


def with_engine(state: Path) -> None:
    """Lend the state the engine that `prepare` has brought."""
    state.mkdir(mode=0o711)
    (state / "engines").symlink_to(USUAL.engines)


def synapse_alone(state: Path, socket: PurePosixPath) -> float:
    """Seconds that Synapse takes on the same database, with nobody around it."""
    config = state / "rendered/synapse/homeserver.yaml"
    engine = str(synapse.python_of(USUAL))
    argv = (engine, "-I", "-m", "synapse.app.homeserver", "-c", str(config))
    # Here the parent of the process is the bench itself, so it dies with it.
    began = time.monotonic()
    process = subprocess.Popen(
        confined(argv, Identity(keys.SYNAPSE, ())),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return _until(began, Answering(socket, "/health"))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=SLOW)
