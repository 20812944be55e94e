"""Whether anybody but us could get a certificate for the server name (RFC 8659, RFC 8657).

In layout clearnet the name leads to the edge, and whoever holds the edge's address can pass the
challenges that go by address; with own-dns whoever holds the edge can pass DNS-01 too. Then CAA
must name one account and DNS-01 as the one method. Where neither leads there, there is nothing to
pass a challenge with.
"""

from __future__ import annotations

from greygate.plan.challenges import needs_guard
from greygate.plan.records import guard, unguarded
from greygate.site.model import Challenge, Layout, Site, Source
from greygate.spec.caa import Asking, Issuer, Relevant, Untold, issuer, property_of, relevant
from greygate.text import _

METHODS = frozenset({"dns-01"})


def unsealed(site: Site) -> Asking[str | None]:
    """Ask for CAA, and return what would seal the site; None where it is sealed."""
    for name in needs_guard(site):
        if missing := (yield from _unsealed(site, name)):
            return missing
    return None


def is_guarded(found: Relevant, wanted: str) -> bool:
    """Whether these records let nobody order whom `wanted`, our property, would not.

    A critical property that we do not know guards nothing: some authority may know it.
    """
    issuers, ours = found.issuers(), issuer(property_of(wanted).value)
    if issuers is None:
        return False
    return all(_is_ours(it, ours) for it in (*issuers, *(found.issuers(wildcard=True) or ())))


def _unsealed(site: Site, name: str) -> Asking[str | None]:
    if unguarded(site, name):
        return _no_caa(site, name)
    wanted = guard(site)
    if wanted is None or site.certificates.account is None:
        if site.certificates.source is Source.ACME:
            return _("open an account: greygate cert register; then: greygate dns plan")
        return _("write issuer and account below [certificates], then: greygate dns plan")
    match (yield from relevant(name)):
        case Untold(answer=silence):
            return _("CAA could not be asked: {why}; greygate dns check").format(why=silence)
        case Relevant() as found if is_guarded(found, wanted):
            return None
        case _:
            told = _("publish CAA {value} at {name}, and no other issuer")
            return told.format(value=wanted, name=name)


def _no_caa(site: Site, name: str) -> str:
    if name == site.server_name.host.lower() and site.names.layout is Layout.CLEARNET:
        return _('its zone is edited where there is no CAA: take layout = "none"')
    told = _('{name} is in a zone without CAA: take another challenge for it than "{way}"')
    return told.format(name=name, way=Challenge.OWN_DNS.value)


def _is_ours(it: Issuer, ours: Issuer) -> bool:
    """A malformed property guards nothing: an authority may be less strict than its grammar."""
    if not it.domain:
        return not it.malformed
    return (
        not it.malformed
        and it.domain == ours.domain
        and it.account == ours.account
        and it.methods is not None
        and it.methods <= METHODS
    )
