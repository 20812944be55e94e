"""Our peers on a node that is not ours: added, and taken away again, but never its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

import some_sites
from greygate.components import yggdrasil
from greygate.components.component import Task
from greygate.plan.paths import Paths
from greygate.site.model import Node
from lab.waiting import wait_until
from our_end import WITH_US
from ports import takes

pytestmark = pytest.mark.programs

ITS_OWN = "tcp://127.0.0.1:1"
OURS = "tcp://127.0.0.1:2?password=it's"
START = 10.0  # seconds; 0.1 measured


@dataclass(frozen=True, slots=True)
class System:
    """A machine with a node of its own: its root directory, and how to run our task on it."""

    root: Path
    task: Task

    def run(self, commands: tuple[tuple[str, ...], ...]) -> subprocess.CompletedProcess[str]:
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        (command,) = commands
        return subprocess.run(
            command, env={"PATH": path}, capture_output=True, text=True, timeout=30
        )

    def peers(self) -> set[str]:
        told = subprocess.run(
            (self.root / "bin/yggdrasilctl", "-json", "getPeers"), capture_output=True, check=True
        )
        return {peer["remote"].partition("?")[0] for peer in json.loads(told.stdout)["peers"]}


@pytest.fixture
def system(tmp_path: Path) -> System:
    site = some_sites.site(Node.SYSTEM, peers=(ITS_OWN, OURS))
    paths = Paths.below(PurePosixPath(tmp_path / "a state"), PurePosixPath(tmp_path / "run"))
    plan = some_sites.plan(site, paths=paths)
    script = yggdrasil.files(site, plan)[0]
    path = Path(paths.rendered / script.path)
    path.parent.mkdir(parents=True)
    path.write_text(script.text)
    _talk_to_this_node(tmp_path)
    task = yggdrasil.units(site, plan)[0]
    assert isinstance(task, Task)
    return System(tmp_path, task)


def _talk_to_this_node(root: Path) -> None:
    """A yggdrasilctl that asks the node of the test, not the one of this machine."""
    wrapper = root / "bin/yggdrasilctl"
    wrapper.parent.mkdir()
    real = next(
        it for it in ("/usr/sbin/yggdrasilctl", "/usr/bin/yggdrasilctl") if Path(it).exists()
    )
    wrapper.write_text(f'#!/bin/sh\nexec {real} -endpoint="unix://{root}/admin.sock" "$@"\n')
    wrapper.chmod(0o755)


@pytest.fixture
def node(system: System) -> Iterator[System]:
    config = system.root / "node.conf"
    admin = f"unix://{system.root}/admin.sock"
    told = {"IfName": "none", "Peers": [ITS_OWN], "AdminListen": admin, "MulticastInterfaces": []}
    config.write_text(json.dumps(told))
    command = (*WITH_US, yggdrasil.PROGRAM, "-useconffile", config)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: takes(system.root / "admin.sock"), within=START, what="it answers")
        yield system
        process.terminate()


def test_what_we_add_is_taken_away_and_what_was_there_stays(node: System) -> None:
    added = node.run(node.task.up)
    assert added.returncode == 0, added.stderr
    assert node.peers() == {"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"}
    assert node.run(node.task.down).returncode == 0
    assert node.peers() == {"tcp://127.0.0.1:1"}


def test_adding_twice_and_taking_away_twice_is_as_good_as_once(node: System) -> None:
    assert node.run(node.task.up).returncode == 0
    assert node.run(node.task.up).returncode == 0
    assert node.run(node.task.down).returncode == 0
    assert node.run(node.task.down).returncode == 0
    assert node.peers() == {"tcp://127.0.0.1:1"}


def test_a_peer_that_has_left_the_site_file_is_taken_away_too(node: System) -> None:
    assert node.run(node.task.up).returncode == 0
    script = Path(node.task.up[0][1])
    (listed,) = (line for line in script.read_text().splitlines() if line.startswith("set -- "))
    script.write_text(script.read_text().replace(listed, "set --"))
    assert node.run(node.task.down).returncode == 0
    assert node.peers() == {"tcp://127.0.0.1:1"}


def test_without_a_node_it_says_so(system: System) -> None:
    added = system.run(system.task.up)
    assert added.returncode == 1
    assert f"cannot add the peer {OURS}: " in added.stderr


def test_the_script_is_one(system: System) -> None:
    assert subprocess.run(system.task.proof, capture_output=True).returncode == 0
