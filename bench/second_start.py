"""How long a second `up` takes until it serves, beside Synapse's own start."""

from __future__ import annotations

import os
import statistics
import subprocess
from ipaddress import ip_address
from pathlib import Path

from bench.ratio import Ratio
from bench.server import greygate, serving_after, synapse_alone, with_engine
from greygate.components.component import Answering, Listening
from greygate.home.place import place_for
from greygate.identity import keys
from greygate.machine.files import Owner
from greygate.plan.plan import CLIENT_PORT

RUNS = 7


def measure(below: Path) -> Ratio:
    """In turn, so that both meet the same machine."""
    state = below / "start"
    with_engine(state)
    said = greygate(state, "up", "--detach")
    greygate(state, "down")
    address = ip_address(said["addresses"][0])
    paths = place_for({}, uid=0, state=state).paths
    ours, alone = [], []
    for _run in range(RUNS):
        synapse = Answering(paths.client_socket, "/health")
        ours.append(serving_after(state, synapse, Listening(address, (CLIENT_PORT,))))
        greygate(state, "down")
        _socket_directory(Path(paths.client_socket).parent)
        alone.append(synapse_alone(state, paths.client_socket))
        subprocess.run(("rm", "-rf", paths.runtime), check=True)
    return Ratio(
        what="second `up`, from the command to serving people",
        ours=statistics.median(ours),
        beside=statistics.median(alone),
        unit="s",
        wanted=1.5,
    )


def _socket_directory(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    owner = Owner.account(keys.SYNAPSE)
    os.chown(path, owner.user, owner.group)
