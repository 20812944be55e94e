"""The files that the programs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OPERATOR = "operator"  # the key that may write everywhere; a solver gets that of its zone alone
NAME_SERVER = "ns.example."
ALGORITHM = "hmac-sha256"

KNOT = """\
server:
    listen: {knot}@53
    rundir: {below}
log:
  - target: stderr
    any: warning
database:
    storage: {below}/database
key:
{keys}
acl:
{acls}
template:
  - id: default
    storage: {below}/zones
    zonefile-sync: -1
zone:
  - domain: .
    file: root.zone
{zones}
"""
KEY = """\
  - id: {key.name}
    algorithm: hmac-sha256
    secret: {key.secret}
"""
ACL = """\
  - id: {key.name}
    key: {key.name}
    action: [update, transfer]
"""
ZONE = """\
  - domain: {zone}
    acl: [{operator}, {key.name}]
"""
UNBOUND = """\
server:
    interface: {resolver}
    outgoing-interface: {resolver}
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    do-ip6: no
    module-config: "iterator" # the root here is not signed
    infra-host-ttl: 1 # who was silent a moment ago is asked again
    directory: {below}
    chroot: ""
    username: ""
    pidfile: ""
    logfile: ""
    use-syslog: no
    do-daemonize: no
remote-control:
    control-enable: no
{stubs}
"""
# Tests change zones faster than a record grows old. Unbound 1.17 heeds this for what is directly
# below, so each zone has one; a stub for the root alone does not reach them.
STUB = """\
stub-zone:
    name: {zone}
    stub-addr: {address}
    stub-no-cache: yes
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A TSIG key, hmac-sha256."""

    name: str
    secret: str = field(repr=False)  # base64


def files(below: Path, *, net: str, keys: Mapping[str, Key], auth: str) -> dict[str, str]:
    """Name to text, for the zones that have a key, and acme-dns's domain beside them."""
    zones = {zone: key for zone, key in keys.items() if zone != OPERATOR}
    glue = f"{NAME_SERVER} A {net}.54\n"
    delegated = "".join(f"{zone}. NS {NAME_SERVER}\n" for zone in zones)
    delegated += f"{auth}. NS {auth}.\n{auth}. A {net}.55\n"
    knot = KNOT.format(
        below=below,
        knot=f"{net}.54",
        keys="".join(KEY.format(key=key) for key in keys.values()),
        acls="".join(ACL.format(key=key) for key in keys.values()),
        zones="".join(ZONE.format(zone=z, key=k, operator=OPERATOR) for z, k in zones.items()),
    )
    at = {**dict.fromkeys((".", *zones), f"{net}.54"), auth: f"{net}.55"}
    stubs = "".join(STUB.format(zone=zone, address=address) for zone, address in at.items())
    return {
        "knot.conf": knot,
        "unbound.conf": UNBOUND.format(below=below, resolver=f"{net}.53", stubs=stubs),
        "zones/root.zone": _zone(delegated + glue),
        **{f"zones/{zone}.zone": _zone("") for zone in zones},
    }


def _zone(text: str) -> str:
    return f"$TTL 1\n@ SOA {NAME_SERVER} hostmaster 1 60 60 3600 1\n@ NS {NAME_SERVER}\n{text}"
