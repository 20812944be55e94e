"""A machine of a test's own: its processes, network, /run, /etc and state are nobody else's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from our_end import HEARING, WITH_US

CLONE = Path(__file__).parents[2]
INSIDE = "/run/clone"  # where a machine sees it: the clone itself may be closed to other users
BREATH = 0.02  # seconds between two looks

# The first process: with SIGCHLD ignored the kernel takes away whoever ends as an orphan.
INIT = ("env", "--ignore-signal=CHLD", "sleep", "infinity")
SPACES = ("unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child")

# Accounts and apt's settings are the machine's own, and go with it.
FURNISH = """
set -e
ip link set lo up
mount -t tmpfs -o size=20m etc {below}
mkdir {below}/upper {below}/work
mount -t overlay -o lowerdir=/etc,upperdir={below}/upper,workdir={below}/work etc /etc
mount -t tmpfs -o size=20m,mode=755 run /run
mkdir {inside}
mount --bind '{clone}' {inside}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind: its end and its two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object that stdout is."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be done and why, and the next step."""

    what: str
    hint: str

    @property
    def command(self) -> str:
        """The command at the hint's end, ready to run."""
        return self.hint.rpartition(": ")[2].partition(" (with ")[0]


@dataclass(frozen=True, slots=True)
class Machine:
    """One that runs: `init` is its first process, seen from outside."""

    init: int
    state: Path

    def argv(self, words: Sequence[str]) -> tuple[str, ...]:
        """The command line that runs `words` in it."""
        inside = ("nsenter", "--target", str(self.init), "--mount", "--net", "--pid", "--")
        return (*HEARING, *inside, *words)

    def run(self, *words: str, env: Mapping[str, str] | None = None, within: float = 90) -> Said:
        """Run a program in it to its end."""
        done = subprocess.run(
            self.argv(words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=within,
            env=environment(env),
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def shell(self, script: str) -> str:
        """What a script prints; it must end well."""
        said = self.run("sh", "-ec", script)
        assert said.code == 0, said.err
        return said.out

    def greygate(
        self, *words: str, env: Mapping[str, str] | None = None, as_user: str | None = None
    ) -> Said:
        """Run a command of ours to its end, with this machine's state directory."""
        return self.run(*self.command(words, as_user=as_user), env=env)

    def refused(self, *words: str, code: int = 3, as_user: str | None = None) -> Refusal:
        """What a command of ours that cannot do it says: with --json, one object on stdout.

        It ends with `code`: 3 where it cannot go on, 2 where the words or the site file are wrong.
        """
        said = self.greygate(*words, "--json", as_user=as_user)
        assert said.code == code, (said.code, said.out, said.err)
        told = said.json["error"]
        return Refusal(told["what"], told["hint"])

    def up(self) -> Any:
        """Bring the server up and leave it; what was told of it."""
        said = self.greygate("up", "--detach", "--json")
        assert said.code == 0, (said.out, said.err)
        return said.json

    def down(self) -> None:
        """Stop the server; nothing of it is left, once an `up` that it ended is gone too."""
        said = self.greygate("down")
        assert said.code == 0, said.err
        wait_until(lambda: self.leftovers() == (), 5)

    def command(self, words: Sequence[str], *, as_user: str | None = None) -> tuple[str, ...]:
        user = ("setpriv", "--reuid", as_user, "--clear-groups") if as_user else ()
        return (*user, sys.executable, "-P", "-m", "greygate", *words, "--state", str(self.state))

    @contextmanager
    def started(self, *words: str) -> Iterator[Started]:
        """A command of ours that goes on; where it still does in the end, it is killed."""
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(
                self.argv(self.command(words)),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment(None),
                start_new_session=True,
            ) as entering,
        ):
            running = Started(entering, said.fileno())
            try:
                yield running
            finally:
                running.signal(signal.SIGKILL)

    def processes(self) -> tuple[str, ...]:
        """The command lines of everything that runs in it, but for its first process."""
        told = self.shell("ps -eo pid=,ppid=,args=")
        rows = [line.split(None, 2) for line in told.splitlines()]
        return tuple(
            row[2] for row in rows if row[0] != "1" and not row[2].startswith(("ps -eo", "sh -ec"))
        )

    def leftovers(self) -> tuple[str, ...]:
        """All that a server which was stopped should have taken with it."""
        sockets = self.shell("find /run -type s").split()
        tun = self.shell("ip -oneline link show type tun").splitlines()
        tables = self.shell("nft list tables").splitlines()
        return (*self.processes(), *sockets, *tun, *tables)


@dataclass(frozen=True, slots=True)
class Started:
    """A command of ours that runs in a machine."""

    entering: subprocess.Popen[bytes]  # nsenter; the command is its only child
    output: int

    @property
    def said(self) -> str:
        """What it has said so far, on both streams."""
        return os.pread(self.output, 1_000_000, 0).decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command; nothing where it has ended."""
        with suppress(psutil.NoSuchProcess):
            for command in psutil.Process(self.entering.pid).children():
                command.send_signal(number)

    def until(self, words: str, *, within: float = 60) -> None:
        """Wait until it has said that."""
        wait_until(lambda: words in self.said or self.entering.poll() is not None, within)
        assert words in self.said, self.said

    def ended(self, *, within: float = 60) -> int:
        """Its exit code."""
        return self.entering.wait(within)


@contextmanager
def machine(below: Path, *, engine: Path | None) -> Iterator[Machine]:
    """A new machine; `engine`: Synapse's environment, else it has none."""
    below.chmod(0o755)
    with subprocess.Popen((*WITH_US, *SPACES, *INIT), stdin=subprocess.DEVNULL) as unshare:
        try:
            wait_until(lambda: bool(psutil.Process(unshare.pid).children()), 5)
            (init,) = psutil.Process(unshare.pid).children()
            made = Machine(init.pid, below / "state")
            wait_until(lambda: init.name() == "sleep", 5)
            made.shell(FURNISH.format(below=_made(below / "etc"), clone=CLONE, inside=INSIDE))
            if engine is not None:
                # Bound, not linked: the services may not pass through the test user's home.
                place = _made(made.state / "engines" / engine.name)
                made.shell(f"mount --bind {engine} {place}")
            yield made
        finally:
            unshare.kill()  # and with it the first process, and all the others


def wait_until(so: Callable[[], bool], within: float) -> None:
    deadline = time.monotonic() + within
    while not so():
        assert time.monotonic() < deadline, f"not so within {within} s"
        time.sleep(BREATH)


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def environment(more: Mapping[str, str] | None) -> dict[str, str]:
    kept = {it: os.environ[it] for it in ("PIP_CERT", "PIP_INDEX_URL") if it in os.environ}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ours = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "PYTHONPATH": f"{INSIDE}/src"}
    return {**kept, **ours, "PYTHONDONTWRITEBYTECODE": "1", **(more or {})}
