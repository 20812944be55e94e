"""A site whose names are those of the rig, ready to have its certificate ordered."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path, PurePosixPath

from cryptography import x509

import some_sites
from acme_rig.rig import Authority, Rig
from greygate.certs.dns01.catalogue import solver_for
from greygate.certs.issue import Ordering
from greygate.certs.missing import PREFIX
from greygate.plan.paths import Paths
from greygate.probe.dns import Resolver
from greygate.progress import Silent
from greygate.site.defaults import challenge_zone_of
from greygate.site.model import Certificates, Challenge, Site, Source, Zone

NAMES = ("twinkle.example", "m.twinkle.example", "edge.other.example")
CHALLENGES = tuple(f"{PREFIX}.{name}" for name in NAMES)
TRUST = ssl.get_default_verify_paths().openssl_cafile_env


@dataclass(frozen=True, slots=True)
class Orders:
    """A home's state directory, and the world its orders meet."""

    rig: Rig
    ordering: Ordering

    @property
    def paths(self) -> Paths:
        return self.ordering.paths

    @property
    def served(self) -> bytes:
        return Path(self.paths.certificate).read_bytes()

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.served)

    def with_(self, **changes: object) -> Orders:
        """The same home with other words below [certificates]."""
        told = replace(self.ordering.site.certificates, **changes)  # type: ignore[arg-type]
        site = replace(self.ordering.site, certificates=told)
        ordering = replace(self.ordering, site=site, authority=told.directory)
        return Orders(self.rig, ordering)

    def lead(self, *names: str, astray: str | None = None) -> None:
        """Publish the CNAME of each name's challenge, as `cert issue` says it."""
        for name in names or NAMES:
            challenge = f"{PREFIX}.{name}"
            solver = solver_for(challenge_zone_of(self.ordering.site, name), self.paths, Silent())
            target = astray or solver.alias(challenge)
            if target is not None:
                self.rig.publish(challenge, "CNAME", f"{target}.")


@dataclass(frozen=True, slots=True)
class Watching:
    """Progress that remembers, and does something when a step of a certain kind has ended."""

    after: str = "nothing"
    act: Callable[[], None] = lambda: None
    heard: list[str] = field(default_factory=list)

    def step(self, text: str) -> AbstractContextManager[None]:
        self.heard.append(text)
        return self._step(text)

    def note(self, text: str) -> None:
        self.heard.append(text)

    @contextmanager
    def _step(self, text: str) -> Iterator[None]:
        yield
        if self.after in text:
            self.act()


def zones(rig: Rig, **challenges: Challenge) -> tuple[Zone, ...]:
    """The zones of our names, acme-dns for each but those that are named."""
    made = []
    for name in ("twinkle.example", "other.example"):
        how = challenges.get(name.partition(".")[0], Challenge.ACME_DNS)
        server = rig.acme_dns if how is Challenge.ACME_DNS else None
        made.append(Zone(name, challenge=how, acme_dns=server))
    return tuple(made)


def site(directory: str, zones_: tuple[Zone, ...]) -> Site:
    federating, _plan = some_sites.federating()
    certificates = Certificates(source=Source.ACME, directory=directory)
    return replace(federating, zones=zones_, certificates=certificates)


@contextmanager
def orders(
    rig: Rig, ca: Authority, below: Path, zones_: tuple[Zone, ...] | None = None
) -> Iterator[Orders]:
    """Until the block ends; nothing stays published."""
    resolver = Resolver((ip_address(rig.resolver), 53), patience=2.0)
    ordering = Ordering(
        site=site(ca.directory, zones(rig) if zones_ is None else zones_),
        paths=Paths.below(PurePosixPath(below / "state"), PurePosixPath(below / "run")),
        authority=ca.directory,
        resolvers=(("unbound", resolver),),
        accounts=False,
    )
    with trusting(rig):
        try:
            yield Orders(rig, ordering)
        finally:
            for challenge in CHALLENGES:
                rig.publish(challenge, "CNAME")
                rig.publish(challenge, "TXT")


@contextmanager
def trusting(rig: Rig) -> Iterator[None]:
    """This process trusts the rig for HTTPS, as a lab host trusts its lab's authority."""
    before = os.environ.get(TRUST)
    os.environ[TRUST] = str(rig.trust)
    try:
        yield
    finally:
        os.environ.pop(TRUST)
        if before is not None:
            os.environ[TRUST] = before
