"""Whom one asks for certificates in the lab: Pebble, and our stand-in for acme-dns.

Two Pebbles: the usual one, and one whose certificates live for half a minute and which refuses a
quarter of all good nonces. Each makes a root of its own when it starts, and forgets its accounts
when it ends.
"""

from __future__ import annotations

import json
import time
from importlib.resources import files
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab import acme_dns, authority, hosts, names
from greygate.lab.places import Places
from greygate.lab.topology import Host, Topology
from greygate.text import _

NAME = "acme.authority.example"
DIRECTORY = f"https://{NAME}/dir"
BRIEF = f"https://{NAME}:14000/dir"  # whose certificates soon expire
LIVES = {"usual": 90 * 86_400, "brief": 30}  # seconds
REFUSED_NONCES = {"usual": 0, "brief": 25}  # percent; certbot bears a refusal once only
PORTS = {"usual": (443, 15000), "brief": (14000, 15001)}  # ACME, management
UNITS = Path("etc/systemd/system")
WANTED = UNITS / "multi-user.target.wants"
PROGRAM = Path("opt/acme-dns/acme_dns")
READY_WITHIN = 20.0  # seconds; it makes RSA keys at its start


def furnish_authority(root: Path) -> None:
    """Before the host boots: two Pebbles, and the Unbound that they ask."""
    for name in LIVES:
        path = root / f"etc/pebble/{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"pebble": _pebble(name)}, indent=2))
        refused = f"PEBBLE_WFE_NONCEREJECT={REFUSED_NONCES[name]}\n"
        path.with_suffix(".env").write_text(refused)
    _unit(root, "pebble@.service", *(f"pebble@{name}.service" for name in LIVES))
    (root / "etc/unbound/unbound.conf").write_text(_text("unbound.conf"))
    (root / names.HINTS).write_text(names.hints())
    _enable(root, "unbound.service", Path("/lib/systemd/system/unbound.service"))


def furnish_acme_dns(root: Path, host: Host, topology: Topology) -> None:
    """Before the host boots: the stand-in, its own addresses its only fixed records."""
    (root / PROGRAM).mkdir(parents=True)
    for part in files(acme_dns).iterdir():
        if part.name.endswith(".py"):
            (root / PROGRAM / part.name).write_text(part.read_text("utf-8"))
    (domain,) = host.certified
    addresses = [it.ip for end in topology.ends(host.name) for it in end.addresses]
    records = [f"{domain}. {'A' if it.version == 4 else 'AAAA'} {it}" for it in addresses]
    options = "".join(f"--record\n{it}\n" for it in (*records, f"{domain}. NS {domain}."))
    (root / "etc/acme-dns").write_text(f"--domain\n{domain}\n{options}")
    _unit(root, "acme-dns.service", "acme-dns.service")


def roots(name: str, places: Places) -> tuple[str, ...]:
    """PEM of the root of each Pebble on that host, once they are up."""
    return tuple(_root(name, places, port) for _acme, port in PORTS.values())


def _root(name: str, places: Places, port: int) -> str:
    asked = ("curl", "-sSk", "--max-time", "5", f"https://localhost:{port}/roots/0")
    ends_at = time.monotonic() + READY_WITHIN
    while (done := hosts.execute(name, places, asked)).returncode != 0:
        if time.monotonic() > ends_at:
            raise Trouble(
                _("cannot use the lab's authority: {why}").format(why=done.stderr.strip()),
                _("greygate lab exec {host} -- journalctl -u 'pebble@*'").format(host=name),
            )
        time.sleep(0.1)
    return done.stdout


def _pebble(name: str) -> dict[str, object]:
    acme, management = PORTS[name]
    return {
        "listenAddress": f":{acme}",
        "managementListenAddress": f":{management}",
        "certificate": f"/{authority.ISSUED}/chain.pem",
        "privateKey": f"/{authority.ISSUED}/key.pem",
        "certificateValidityPeriod": LIVES[name],
        "httpPort": 80,
        "tlsPort": 443,
    }


def _unit(root: Path, name: str, *started: str) -> None:
    (root / UNITS / name).write_text(_text(name))
    for each in started:
        _enable(root, each, Path("/") / UNITS / name)


def _enable(root: Path, name: str, unit: Path) -> None:
    (root / WANTED).mkdir(exist_ok=True)
    (root / WANTED / name).symlink_to(unit)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
