"""A server behind a sealed edge in the lab's internet, set up by our own commands alone."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greygate.lab import hosts, names, world
from greygate.lab.world import World
from lab.client import Client
from lab.waiting import wait_until

NAME = "twinkle.example"
EDGE = "edge.twinkle.example"
CLIENT_URL = "https://m.twinkle.example"
REMOTE_URL = "https://remote.example"
PUBLIC_PEER = "tls://198.51.100.10:9001"
PASSWORD = "correct horse battery staple"
CA = "/etc/ssl/certs/ca-certificates.crt"
SCRIPT = "srv/people.py"
INIT = (
    *("init", NAME, "--edge-name", EDGE, "--edge-address", "203.0.113.10"),
    *("--chain", "/etc/ssl/greygate-lab/chain.pem", "--key", "/etc/ssl/greygate-lab/key.pem"),
    *("--peer", PUBLIC_PEER, "--accept", "doubt.not-public", "--yes"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A world in which it runs."""

    lab: World

    @property
    def token(self) -> str:
        """The token of its edge, as home would give it now."""
        return greygate(self.lab, "home", "edge", "token", "edge1")


def greygate(lab: World, host: str, *words: str, given: str = "", fails: bool = False) -> str:
    """Our command in the host's clone; what it printed on stdout."""
    line = f"cd /root/greygate && exec ./greygate {shlex.join(words)}"
    done = hosts.execute(host, lab.places, ("sh", "-c", line), given=given, timeout=300)
    assert (done.returncode != 0) == fails, f"{shlex.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout if not fails else done.stdout + done.stderr


def run(lab: World, host: str, *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return hosts.execute(host, lab.places, argv, given=given)


def set_up(lab: World, *more: str) -> Sealed:
    """From prepared machines to a server that federates; `more` goes to `init`."""
    greygate(lab, "home", *INIT, *more)
    names.publish(lab.places, {NAME: greygate(lab, "home", "dns", "plan", "--format", "zone")})
    token = greygate(lab, "home", "edge", "token", "edge1")
    greygate(lab, "home", "install")
    greygate(lab, "edge", "edge", "join", given=token)
    wait_until(lambda: federation(lab)["reachable"] == "yes", within=60, what="federation")
    place_people(lab)
    return Sealed(lab)


def place_people(lab: World) -> None:
    """The program by which people talk, where they are."""
    for host in ("friend", "remote"):
        (lab.places.root(host) / SCRIPT).write_bytes(
            Path(__file__).with_name("people.py").read_bytes()
        )


def status(lab: World) -> Any:
    """What home says of itself; it ends with 1 where something is missing."""
    asked = ("/root/greygate/greygate", "status", "--json")
    done = hosts.execute("home", lab.places, asked)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def federation(lab: World) -> Any:
    return status(lab)["federation"]


def overlay_address(lab: World) -> str:
    found: str = status(lab)["addresses"][0]["address"]
    return found


@contextmanager
def anna(lab: World, name: str = "anna") -> Iterator[Client]:
    """A person of ours, on the friend's machine: she comes over the overlay."""
    added = json.loads(greygate(lab, "home", "user", "add", name, "--json"))
    with _client(lab, "friend", CLIENT_URL) as opened:
        opened.does("login", user=added["user_id"], password=added["password"])
        yield opened


@contextmanager
def boris(lab: World) -> Iterator[Client]:
    """A person of the remote server, at its own machine."""
    made = run(
        lab,
        "remote",
        *("/opt/synapse/bin/register_new_matrix_user", "-u", "boris", "-p", PASSWORD),
        *("--no-admin", "-c", "/etc/matrix-synapse/homeserver.yaml", "http://127.0.0.1:8008"),
    )
    assert made.returncode == 0, made.stderr
    with _client(lab, "remote", REMOTE_URL) as opened:
        opened.does("login", user="@boris:remote.example", password=PASSWORD)
        yield opened


def _client(lab: World, host: str, url: str) -> Client:
    argv = ("/opt/people/bin/python", f"/{SCRIPT}", "--server", url, "--ca", CA)
    return Client(world.command_in(lab, host, (*argv, "--store", "/srv/person")))
