"""The lab's DNS: one Knot answers for every zone from the root down; Unbound asks it for all.

A published zone is delegated from its top-level domain, and that from the root, so that a resolver
finds it as it would outside.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_bytes

from greygate.errors import Trouble
from greygate.lab import hosts
from greygate.lab.places import Places
from greygate.lab.topology import Published
from greygate.text import _

HOST = "names"
SERVER = "ns.names.example."
GLUE = (f"{SERVER} A 203.0.113.54", f"{SERVER} AAAA 2001:db8:53::54")
OURS = "names.example"  # the zone of the name server itself
ZONES = Path("var/lib/knot/zones")
CONFIG = Path("etc/knot/knot.conf")
HINTS = Path("etc/unbound/root.hints")
SOA = f"SOA {SERVER} hostmaster.names.example. 1 60 60 3600 5"
ALGORITHM = "hmac-sha256"
HAS_SOA = re.compile(r"^\S*\s+(\d+\s+)?(IN\s+)?SOA\s", re.MULTILINE | re.IGNORECASE)


def files(zones: Mapping[str, str], keys: Mapping[str, str]) -> dict[Path, str]:
    """Everything on the disk of the name servers' host: zones by name, TSIG secrets by zone."""
    given = {OURS: "\n".join(GLUE), **zones}
    tops = sorted({zone.rpartition(".")[2] for zone in given})
    whole = {
        "root": _zone(".", "\n".join(_delegated(tops))),
        **{top: _zone(top, "\n".join(_delegated(_below(top, given)))) for top in tops},
        **{zone: _zone(zone, text) for zone, text in given.items()},
    }
    return {
        **{ZONES / f"{zone}.zone": text for zone, text in whole.items()},
        CONFIG: _config(whole, keys),
        HINTS: hints(),
    }


def hints() -> str:
    """Where a resolver of this world begins."""
    return "\n".join((f". 3600 NS {SERVER}", *GLUE, ""))


def furnish(root: Path, published: Sequence[Published], places: Places) -> None:
    """Before its host boots: what is in DNS without us, and a key for each zone that takes one."""
    places.keys.mkdir(mode=0o700)
    keys = {it.name: base64.b64encode(token_bytes(32)).decode() for it in published if it.keyed}
    for zone, secret in keys.items():
        (places.keys / zone).write_text(secret)
    _write(root, files({it.name: it.text for it in published}, keys))


def key_file(zone: str, places: Places) -> str:
    """The zone's key as BIND's and Knot's tools print it, and their clients read it."""
    secret = (places.keys / zone).read_text()
    return f'key "{zone}" {{\n\talgorithm {ALGORITHM};\n\tsecret "{secret}";\n}};\n'


def publish(places: Places, zones: Mapping[str, str]) -> None:
    """Serve these zones too, or instead of what was there under their names; caches forget."""
    root = places.root(HOST)
    kept = {
        path.stem: path.read_text()
        for path in (root / ZONES).glob("*.zone")
        if "." in path.stem and path.stem != OURS
    }
    keys = {path.name: path.read_text() for path in places.keys.iterdir()}
    _write(root, files({**kept, **zones}, keys))
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


def _config(zones: Mapping[str, str], keys: Mapping[str, str]) -> str:
    head = "server:\n  rundir: /run/knot\n  listen: [203.0.113.54@53, 2001:db8:53::54@53]\n"
    head += "  user: knot:knot\nlog:\n  - target: syslog\n    any: info\n"
    head += "template:\n  - id: default\n    zonefile-load: whole\n    journal-content: none\n"
    if keys:
        head += f"key:\n{''.join(_key(*each) for each in keys.items())}"
        head += f"acl:\n{''.join(map(_rule, keys))}"
    return f"{head}zone:\n{''.join(_served(zone, zone in keys) for zone in zones)}"


def _key(zone: str, secret: str) -> str:
    return f"  - id: {zone}\n    algorithm: {ALGORITHM}\n    secret: {secret}\n"


def _rule(zone: str) -> str:
    return f"  - id: {zone}\n    key: {zone}\n    action: [update, transfer]\n"


def _served(zone: str, keyed: bool) -> str:
    lines = f'  - domain: "{"." if zone == "root" else zone}"\n    file: /{ZONES}/{zone}.zone\n'
    # Written back at once, so that `publish` keeps what was updated meanwhile.
    return lines + (f"    acl: {zone}\n    zonefile-sync: 0\n" if keyed else "")


def _write(root: Path, wanted: Mapping[Path, str]) -> None:
    owner = (root / ZONES.parent).stat()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(0o640 if path == CONFIG else 0o644)  # it has keys
        if path != HINTS:
            for it in (root / path, (root / path).parent):
                os.chown(it, owner.st_uid, owner.st_gid)
