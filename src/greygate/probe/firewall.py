"""The firewall of this machine, as its kernel has it."""

from __future__ import annotations

import os
import socket
import subprocess
from enum import Enum
from ipaddress import ip_address
from pathlib import Path, PurePath

from greygate.probe import host
from greygate.probe.answers import NoAnswer
from greygate.spec import filter_listing
from greygate.spec.packet_filter import OUTSIDERS, Address, Uplink
from greygate.text import _

NFT = "/usr/sbin/nft"
DISCARD = 9  # nobody listens there
PATIENCE = 5.0  # seconds for nft; it takes milliseconds
LEGACY = {"iptables": "/proc/net/ip_tables_names", "ip6tables": "/proc/net/ip6_tables_names"}
OURS = ("table", "inet", "greygate")


class Table(Enum):
    """Our table in the kernel, compared with what the kernel made of our rules."""

    INTACT = "intact"
    CHANGED = "changed"
    GONE = "gone"


TableAnswer = Table | NoAnswer


def table(kept: PurePath) -> TableAnswer:
    """Whether the rules are in force that were loaded last; `kept`: where the guard has them.

    Compared as nft lists them, without counters: it words them in its own way, and differently in
    each version.
    """
    listed = nft("--stateless", "--terse", "list", *OURS)
    if isinstance(listed, NoAnswer):
        return Table.GONE if "No such file" in listed.why else listed
    try:
        loaded = Path(kept / "listed").read_text("utf-8")
    except FileNotFoundError:
        return Table.CHANGED  # there is a table, and it is not known to be ours
    except OSError as problem:
        return NoAnswer(problem.strerror or str(problem))
    return Table.INTACT if listed == loaded else Table.CHANGED


def nft(*words: str) -> str | NoAnswer:
    """What nft prints; NoAnswer with its complaint."""
    return _said(NFT, *words)


def _said(program: str, *words: str) -> str | NoAnswer:
    try:
        done = subprocess.run(
            (program, *words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
    except FileNotFoundError:
        return NoAnswer(_("{program} is not on this machine").format(program=program))
    except (OSError, subprocess.SubprocessError) as problem:
        return NoAnswer(str(problem))
    if done.returncode != 0:
        said = (done.stderr.strip() or str(done.returncode)).splitlines()[0]
        return NoAnswer(_("{program} says: {words}").format(program=program, words=said))
    return done.stdout


def listings() -> dict[str, str] | NoAnswer:
    """All packet filters of this machine, by the program that lists them.

    What iptables-legacy has, nft does not show; to list it where it is not loaded would load it.
    """
    listed = nft("--json", "list", "ruleset")
    absent = isinstance(listed, NoAnswer) and not Path(NFT).exists()
    if isinstance(listed, NoAnswer) and not absent:
        return listed
    found = {} if isinstance(listed, NoAnswer) else {filter_listing.NFT: listed}
    for family, names in LEGACY.items():
        wanted = {f"{family}-nft": absent or '"xt"' in str(listed)}
        wanted[f"{family}-legacy"] = "filter" in _text(names)
        for name in (name for name, there in wanted.items() if there):
            told = _said(f"/usr/sbin/{name}-save")
            if isinstance(told, str):
                found[name] = told
    return found


def uplinks() -> tuple[Uplink, ...]:
    """By what this machine comes to the clearnet; no packet is sent."""
    return tuple(found for stranger in OUTSIDERS.values() if (found := _uplink(stranger)))


def _uplink(stranger: Address) -> Uplink | None:
    family = socket.AF_INET if stranger.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((str(stranger), DISCARD))
            ours = ip_address(asked.getsockname()[0])
    except OSError:  # no way there
        return None
    return Uplink(host.interface_of(ours), ours)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError:  # it is not loaded, or we may not know
        return ""
