"""What stands between a server and its next certificate: each for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greygate.lab import hosts, links
from greygate.lab.world import World
from lab import certified
from lab.waiting import wait_until

REFUSE = """
table inet broken {{
    chain in {{
        type filter hook input priority filter
        tcp dport {{ {ports} }} reject with tcp reset
        udp dport {{ {ports} }} reject
    }}
}}
"""
CERTS = "/var/lib/greygate/certs"
LEDGER = "/var/lib/acme-dns/acme-dns.db"


@contextmanager
def authority_down(lab: World) -> Iterator[None]:
    """Nobody listens there any more; what is kept in memory stays."""
    with _refusing(lab, "authority", "443, 14000"):
        yield


@contextmanager
def names_down(lab: World) -> Iterator[None]:
    """The zones' own servers and the resolver are gone."""
    with _refusing(lab, "names", "53"):
        yield


@contextmanager
def cname_deleted(lab: World) -> Iterator[None]:
    """Somebody tidied the zone up."""
    certified.publish(lab, {}, without=("_acme-challenge.",))
    try:
        yield
    finally:
        certified.publish(lab, {})


@contextmanager
def credentials_forgotten(lab: World) -> Iterator[None]:
    """acme-dns has a new, empty database."""
    _acme_dns(lab, f"mv {LEDGER} {LEDGER}.kept")
    try:
        yield
    finally:
        _acme_dns(lab, f"mv {LEDGER}.kept {LEDGER}")


@contextmanager
def disk_full(lab: World) -> Iterator[None]:
    """There is no room for anything new where certificates are kept."""
    full = "mkdir -p /mnt/full && mount -t tmpfs -o size=64k,mode=755 none /mnt/full"
    fill = f"cp -a {CERTS}/. /mnt/full/ && mount --bind /mnt/full {CERTS}"
    _at(lab, "home", f"{full} && {fill}; head -c 1M /dev/zero >/mnt/full/rest || true")
    try:
        yield
    finally:
        _at(lab, "home", f"umount {CERTS} && umount /mnt/full")


@contextmanager
def _refusing(lab: World, host: str, ports: str) -> Iterator[None]:
    links.nft(lab.places.label(host), REFUSE.format(ports=ports))
    try:
        yield
    finally:
        links.nft(lab.places.label(host), "delete table inet broken")


def _acme_dns(lab: World, change: str) -> None:
    _at(lab, "acme-dns", f"systemctl stop acme-dns && {change} && systemctl start acme-dns")
    wait_until(lambda: certified.is_up(lab), within=10, what="acme-dns is back")


def _at(lab: World, host: str, line: str) -> None:
    done = hosts.execute(host, lab.places, ("sh", "-c", line))
    assert done.returncode == 0, done.stderr
