"""Our server on the lab's home, set up and run by our own commands as an operator would."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greygate.lab import hosts, world
from greygate.lab.world import World
from lab.client import Client
from lab.waiting import wait_until

NAME = "home.example"
LISTEN = "tls://[::]:9001"  # where the friend's node dials
CA = "srv/ca.pem"
SCRIPT = "srv/people.py"
# A lost peering is dialled again after 1 to 65 s, by the phase of the friend's back-off.
LINK_WITHIN = 90.0


def greygate(lab: World, *words: str, timeout: float = 300) -> str:
    """Run our command on home, from the clone; what it printed on stdout."""
    line = f"cd /root/greygate && exec ./greygate {shlex.join(words)}"
    done = hosts.execute("home", lab.places, ("sh", "-c", line), timeout=timeout)
    assert done.returncode == 0, f"{shlex.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def told(lab: World, *words: str) -> Any:
    """The same with --json, read."""
    return json.loads(greygate(lab, *words, "--json"))


def install(lab: World) -> None:
    """From a prepared machine to a server under systemd, which the friend trusts and reaches."""
    greygate(lab, "init", NAME, "--listen", LISTEN, "--yes")
    greygate(lab, "install")
    friend = lab.places.root("friend")
    (friend / CA).write_text(greygate(lab, "cert", "export"))
    (friend / SCRIPT).write_bytes(Path(__file__).with_name("people.py").read_bytes())
    await_answer(lab)


def status(lab: World) -> Any:
    """What home says of itself; it ends with 1 where people cannot reach it yet."""
    asked = ("/root/greygate/greygate", "status", "--json")
    done = hosts.execute("home", lab.places, asked)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def url(lab: World) -> str:
    """The server by its address."""
    found: str = status(lab)["address_url"]
    return found


def answers(lab: World) -> bool:
    """Whether the friend gets an answer over the overlay."""
    target = f"{url(lab)}/_matrix/client/versions"
    ask = ("curl", "--silent", "--fail", "--max-time", "5", "--cacert", f"/{CA}", target)
    return from_friend(lab, *ask).returncode == 0


def await_answer(lab: World) -> None:
    """Return once the friend reaches it."""
    wait_until(lambda: answers(lab), within=LINK_WITHIN, what="the friend reaches the server")


@contextmanager
def client(lab: World, person: str) -> Iterator[Client]:
    """That person's app on the friend's machine; the same device whenever it is opened."""
    argv = ("/opt/people/bin/python", f"/{SCRIPT}", "--server", url(lab), "--ca", f"/{CA}")
    with Client(world.command_in(lab, "friend", (*argv, "--store", f"/srv/{person}"))) as opened:
        yield opened


def from_friend(lab: World, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program on the friend's machine."""
    return hosts.execute("friend", lab.places, argv)


def asked(lab: World, target: str, *, post: object = None) -> tuple[int, Any]:
    """One request of the friend's to our server: status and JSON body."""
    body: Sequence[str] = ("--json", json.dumps(post)) if post is not None else ()
    form = ("--write-out", "\n%{http_code}", "--silent", "--show-error", "--path-as-is")
    done = from_friend(lab, "curl", "--cacert", f"/{CA}", *form, *body, f"{url(lab)}{target}")
    assert done.returncode == 0, done.stderr
    text, _, code = done.stdout.rpartition("\n")
    return int(code), json.loads(text) if text.startswith("{") else text
