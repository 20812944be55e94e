"""The lab's DNS: one Knot answers for every zone from the root down; Unbound asks it for all.

A published zone is delegated from its top-level domain, and that from the root, so that a resolver
finds it as it would outside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab import hosts
from greygate.lab.places import Places
from greygate.text import _

HOST = "names"
SERVER = "ns.names.example."
GLUE = (f"{SERVER} A 203.0.113.54", f"{SERVER} AAAA 2001:db8:53::54")
OURS = "names.example"  # the zone of the name server itself
ZONES = Path("var/lib/knot/zones")
CONFIG = Path("etc/knot/knot.conf")
HINTS = Path("etc/unbound/root.hints")
SOA = f"SOA {SERVER} hostmaster.names.example. 1 60 60 3600 5"
HAS_SOA = re.compile(r"^\S*\s+(\d+\s+)?(IN\s+)?SOA\s", re.MULTILINE | re.IGNORECASE)
REMOTE = """
remote.example. A 203.0.113.30
remote.example. AAAA 2001:db8:30::2
"""


def files(zones: Mapping[str, str]) -> dict[Path, str]:
    """Everything on the disk of the name servers' host, for those zones: name to text."""
    given = {OURS: "\n".join(GLUE), **zones}
    tops = sorted({zone.rpartition(".")[2] for zone in given})
    whole = {
        "root": _zone(".", "\n".join(_delegated(tops))),
        **{top: _zone(top, "\n".join(_delegated(_below(top, given)))) for top in tops},
        **{zone: _zone(zone, text) for zone, text in given.items()},
    }
    return {
        **{ZONES / f"{zone}.zone": text for zone, text in whole.items()},
        CONFIG: _config(whole),
        HINTS: "\n".join((f". 3600 NS {SERVER}", *GLUE, "")),
    }


def furnish(root: Path) -> None:
    """Before its host boots: what is on the internet without us."""
    _write(root, files({"remote.example": REMOTE}))


def publish(places: Places, zones: Mapping[str, str]) -> None:
    """Serve these zones too, or instead of what was there under their names; caches forget."""
    root = places.root(HOST)
    kept = {
        path.stem: path.read_text()
        for path in (root / ZONES).glob("*.zone")
        if "." in path.stem and path.stem != OURS
    }
    _write(root, files({**kept, **zones}))
    for argv in (("knotc", "conf-check"), ("systemctl", "restart", "knot", "unbound")):
        done = hosts.execute(HOST, places, argv)
        if done.returncode != 0:
            raise Trouble(
                _("cannot publish zones: {why}").format(why=(done.stderr + done.stdout).strip()),
                _("greygate lab exec names -- journalctl -u knot"),
            )


def _zone(name: str, text: str) -> str:
    """The zone with what every zone begins with, where its text lacks that."""
    if HAS_SOA.search(text):
        return text
    origin = name if name.endswith(".") else f"{name}."
    return f"$ORIGIN {origin}\n$TTL 60\n@ {SOA}\n@ NS {SERVER}\n{text}\n"


def _below(top: str, zones: Mapping[str, str]) -> list[str]:
    return sorted(zone for zone in zones if zone.endswith(f".{top}"))


def _delegated(zones: list[str]) -> list[str]:
    return [*(f"{zone}. NS {SERVER}" for zone in zones), *GLUE]


def _config(zones: Mapping[str, str]) -> str:
    head = "server:\n  rundir: /run/knot\n  listen: [203.0.113.54@53, 2001:db8:53::54@53]\n"
    head += "  user: knot:knot\nlog:\n  - target: syslog\n    any: info\n"
    head += "template:\n  - id: default\n    zonefile-load: whole\n    journal-content: none\n"
    named = (
        f'  - domain: "{"." if zone == "root" else zone}"\n    file: /{ZONES}/{zone}.zone\n'
        for zone in zones
    )
    return f"{head}zone:\n{''.join(named)}"


def _write(root: Path, wanted: Mapping[Path, str]) -> None:
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o644)
