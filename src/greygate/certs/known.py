"""What is known from earlier dealings with authorities and solvers, without asking anybody."""

from __future__ import annotations

from dataclasses import replace

from greygate.certs.dns01.registrations import registered
from greygate.certs.kept import Kept
from greygate.certs.missing import PREFIX, REGISTER, Missing
from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.site.defaults import certified, challenge_zone_of
from greygate.site.model import Challenge, Site, Source, Zone
from greygate.text import _


def with_account(site: Site, paths: Paths) -> Site:
    """The site with whom CAA records are to name, where the file leaves it to us."""
    told = site.certificates
    if told.source is not Source.ACME:
        return site
    try:
        account = Kept(paths, told.directory).account()
    except Trouble:  # we may not look
        return site
    if account is None or account.uri is None:
        return site
    issuer = told.issuer or next(iter(account.identities), None)
    return replace(
        site, certificates=replace(told, issuer=issuer, account=told.account or account.uri)
    )


def unregistered(name: str, zone: Zone, paths: Paths) -> Missing | None:
    """What a solver would have to make here before it could write for the name."""
    if zone.challenge is Challenge.ACME_DNS and zone.acme_dns is not None:
        if f"{PREFIX}.{name.lower()}" in registered(zone.acme_dns, paths):
            return None
        what = _("{name} is not registered at {server}").format(name=name, server=zone.acme_dns)
        return Missing(what, REGISTER)
    return None


def known_aliases(site: Site, paths: Paths) -> tuple[tuple[str, str], ...]:
    """Where the names by which ours are proved must lead, as far as it was settled."""
    if site.certificates.source is not Source.ACME:
        return ()
    found = []
    for name in certified(site):
        zone, challenge = challenge_zone_of(site, name), f"{PREFIX}.{name.lower()}"
        if zone.challenge is Challenge.ACME_DNS and zone.acme_dns is not None:
            target = registered(zone.acme_dns, paths).get(challenge)
            found += [(challenge, target)] if target is not None else []
    return tuple(found)
