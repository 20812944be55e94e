"""Whether anybody but us could get a certificate for the server name (RFC 8659, RFC 8657).

In layout clearnet the name leads to the edge, and whoever holds the edge's address can pass the
challenges that go by address. Then CAA must name one account and DNS-01 as the one method. Where
the name has no address on the clearnet there is nothing to pass a challenge with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from greygate.plan.records import guard, unguarded
from greygate.site.model import Layout, Site
from greygate.spec.dns import Absent, TextAnswer, Texts, Unanswered
from greygate.text import _

_PROPERTY = re.compile(r'(?P<flags>\d+)\s+(?P<tag>\w+)\s+"(?P<value>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Issuer:
    """One `issue` or `issuewild` property: who may issue, to whom and how; nobody: ""."""

    tag: str
    domain: str
    account: str | None
    methods: frozenset[str] | None


def issuers(values: Sequence[str]) -> tuple[Issuer, ...]:
    """Who may issue, by the CAA records of one name."""
    found = (_PROPERTY.fullmatch(value) for value in values)
    return tuple(_issuer(it["tag"].lower(), it["value"]) for it in found if it)


def unsealed(site: Site, answers: Sequence[TextAnswer]) -> str | None:
    """What would seal the site; None where it is sealed. `answers`: the
    CAA records of the server name, and of every name above it in turn."""
    if not site.federation or site.names.layout is not Layout.CLEARNET:
        return None
    if unguarded(site):
        return _('its zone is edited where there is no CAA: take layout = "none"')
    wanted = guard(site)
    if wanted is None or site.certificates.account is None:
        return _("write issuer and account below [certificates], then: greygate dns plan")
    for answer in answers:
        match answer:
            case Unanswered() as untold:
                return _("CAA could not be asked: {why}; greygate dns check").format(why=untold)
            case Absent():
                continue
            case Texts(values=values):
                return None if _guards(site, issuers(values)) else _publish(site, wanted)
    return _publish(site, wanted)


def _guards(site: Site, found: tuple[Issuer, ...]) -> bool:
    allowed = [it for it in found if it.domain]
    return any(it.tag == "issue" for it in found) and all(
        it.domain == site.certificates.issuer
        and it.account == site.certificates.account
        and it.methods == frozenset({"dns-01"})
        for it in allowed
    )


def _publish(site: Site, wanted: str) -> str:
    return _("publish CAA {value} at {name}, and no other").format(
        value=wanted, name=site.server_name.host
    )


def _issuer(tag: str, value: str) -> Issuer:
    domain, *rest = (part.strip() for part in value.split(";"))
    parameters = dict(part.split("=", 1) for part in rest if "=" in part)
    methods = parameters.get("validationmethods")
    return Issuer(
        tag=tag,
        domain=domain.lower(),
        account=parameters.get("accounturi"),
        methods=None if methods is None else frozenset(methods.split(",")),
    )
