"""What may be regretted about a server name, which is for ever: each doubt has a name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from publicsuffixlist import PublicSuffixList

from greygate.site.model import Layout, Site
from greygate.spec.server_name import ServerName
from greygate.text import _


class Severity(Enum):
    """What a doubt does until it is accepted by name."""

    REFUSE = "refuse"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing about the names that the operator should have read before the first start."""

    name: str
    severity: Severity
    text: str
    hint: str


# Zones whose names apps or resolvers take for something else, with or without federation.
_TAKEN = {
    "local": _("names under .local are looked up on the local link (RFC 6762), not in DNS"),
    "localhost": _("names under .localhost mean the machine that asks (RFC 6761)"),
    "onion": _("names under .onion belong to Tor (RFC 7686), and apps refuse to look them up"),
    "invalid": _("names under .invalid never resolve (RFC 6761)"),
    "alt": _("names under .alt are not for DNS (RFC 9476)"),
    "arpa": _("names under .arpa belong to the machinery of the internet (RFC 3172)"),
}

# Zones that exist only where somebody makes them: good enough to stand alone, never to federate.
_NOT_PUBLIC = {
    "home.arpa": _("home.arpa is for home networks (RFC 8375)"),
    "internal": _(".internal is for private networks"),
    "test": _(".test is for tests (RFC 6761)"),
    "example": _(".example is for documentation (RFC 6761)"),
    "example.com": _("example.com is for documentation (RFC 6761)"),
    "example.net": _("example.net is for documentation (RFC 6761)"),
    "example.org": _("example.org is for documentation (RFC 6761)"),
    "ygg": _(".ygg is known to Alfis only; the public DNS has it as .ygg.at, if at all"),
}

# Zones handed out by one operator that the public suffix list does not know.
_ONE_OPERATOR = ("ygg.at",)


def doubts(
    name: ServerName,
    client: str,
    *,
    federation: bool,
    layout: Layout = Layout.NONE,
    accepted: tuple[str, ...] = (),
) -> tuple[Doubt, ...]:
    """Every doubt about the names that nobody has accepted yet, the gravest kind first."""
    found = [
        *(_of_literal(name) if name.literal else _of_zone(name.host.lower(), federation)),
        *_of_spelling(name),
        *_of_client(name, client, layout, federation=federation),
    ]
    left = (doubt for doubt in found if doubt.name not in accepted)
    return tuple(sorted(left, key=lambda doubt: doubt.severity is Severity.TELL))


def doubts_of(site: Site) -> tuple[Doubt, ...]:
    """The doubts of a whole site; none for a trial, whose name is nobody's for long."""
    if site.trial:
        return ()
    return doubts(
        site.server_name,
        site.names.client,
        federation=site.federation,
        layout=site.names.layout,
        accepted=site.accepted_doubts,
    )


def _refuse(name: str, text: str, hint: str) -> Doubt:
    return Doubt(f"doubt.{name}", Severity.REFUSE, text, hint)


def _of_literal(name: ServerName) -> Iterator[Doubt]:
    yield _refuse(
        "ip-literal",
        _("{host} is an address, and whoever loses the address loses the server").format(
            host=name.host
        ),
        _("take a name in a zone of your own; it can move to any address"),
    )


def _of_spelling(name: ServerName) -> Iterator[Doubt]:
    if name.port is not None:
        yield _refuse(
            "port",
            _("the port {port} would be part of every user id, for ever").format(port=name.port),
            _("leave the port away; the server listens on 443 and 8448 by itself"),
        )
    if str(name) != str(name).lower():
        yield _refuse(
            "upper-case",
            _("capital letters count: {name} and {small} are two servers to Matrix").format(
                name=name, small=str(name).lower()
            ),
            _("write it small: {small}").format(small=str(name).lower()),
        )


def _of_zone(host: str, federation: bool) -> Iterator[Doubt]:
    if taken := _taken(host):
        yield _refuse("special-use", taken, _("take a name under another zone"))
    elif "." not in host:
        yield _refuse(
            "single-label",
            _("{host} has no dot: it is a machine's nickname, and can be anybody's").format(
                host=host
            ),
            _("take a name in a zone, such as {host}.example.org").format(host=host),
        )
    elif host in _ONE_OPERATOR or _suffixes().is_public(host):
        yield _refuse(
            "public-suffix",
            _("{host} is a zone in which anybody can have names; it is not one of them").format(
                host=host
            ),
            _("take a name below it, such as something.{host}").format(host=host),
        )
    elif why := _not_public(host):
        yield Doubt(
            "doubt.not-public",
            Severity.REFUSE if federation else Severity.TELL,
            _("{why}: a server of this name can never federate").format(why=why),
            _("where it may ever federate, take a name in a public zone of your own"),
        )
    elif zone := _one_operator(host):
        yield Doubt(
            "doubt.one-operator",
            Severity.REFUSE if federation else Severity.TELL,
            _("every name under {zone} hangs on the one operator of {zone}").format(zone=zone),
            _("a zone that you registered yourself can be moved; this one cannot"),
        )


def no_public_name(text: str, accepted: Collection[str] = ()) -> str | None:
    """Why strangers cannot look up the host `text`, or nobody can own it; None where they can."""
    host = text.lower()
    if why := _taken(host) or nobodys_zone(host):
        return why
    return None if "doubt.not-public" in accepted else _not_public(host)


def nobodys_zone(host: str) -> str | None:
    """Why the zone cannot be an operator's own; None where it can."""
    if "." not in host:
        return _("{host} has no dot: it is a top-level domain, or a machine's nickname").format(
            host=host
        )
    if _registries().is_public(host):
        return _("{host} is a zone in which anybody can have names").format(host=host)
    return None


def _of_client(
    name: ServerName, client: str, layout: Layout, *, federation: bool
) -> Iterator[Doubt]:
    host, asked = name.host.lower(), client.lower()
    if asked == host and layout is not Layout.OVERLAY:
        yield _refuse(
            "client-is-server",
            _('client and server name are the same, and layout "{layout}" gives it no address')
            .format(layout=layout.value),
            _('take another client name, or layout = "overlay"'),
        )  # fmt: skip
    taken = _taken(asked)
    if taken and not _taken(host):  # otherwise it has been said of the server name
        yield _refuse("client-special-use", taken, _("take another client name"))
    elif asked != host and (why := nobodys_zone(asked)):
        yield _refuse("client-public-suffix", why, _("take a name below it, or another one"))
    elif federation and not _not_public(host) and (why := _not_public(asked)):
        yield _refuse(
            "client-not-public",
            _("{why}: no public authority makes a certificate for it").format(why=why),
            _("take a client name in a public zone, such as m.{host}").format(host=host),
        )


def _taken(host: str) -> str | None:
    """Why apps look `host` up elsewhere than in DNS, or not at all."""
    zone = _below(host, _TAKEN)
    return _TAKEN[zone] if zone and not _below(host, _NOT_PUBLIC) else None


def _below(host: str, zones: dict[str, str]) -> str | None:
    """The zone of the table that `host` is or is below, the longest first."""
    labels = host.split(".")
    zones_of_host = (".".join(labels[n:]) for n in range(len(labels)))
    return next((zone for zone in zones_of_host if zone in zones), None)


def _not_public(host: str) -> str | None:
    if zone := _below(host, _NOT_PUBLIC):
        return _NOT_PUBLIC[zone]
    if _suffixes().publicsuffix(host) is None:
        return _("no public zone is called .{top}").format(top=host.rpartition(".")[2])
    return None


def _one_operator(host: str) -> str | None:
    """The zone above `host` whose owner is no registry, if that is what it hangs on."""
    for zone in _ONE_OPERATOR:
        if host.endswith(f".{zone}"):
            return zone
    widest, icann = _suffixes().publicsuffix(host), _registries().publicsuffix(host)
    return str(widest) if widest != icann else None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@cache
def _registries() -> PublicSuffixList:
    """The list without its private part: without the zones that companies and people lend out."""
    return PublicSuffixList(accept_unknown=False, only_icann=True)


ALL = (
    "doubt.ip-literal",
    "doubt.port",
    "doubt.upper-case",
    "doubt.special-use",
    "doubt.single-label",
    "doubt.public-suffix",
    "doubt.not-public",
    "doubt.one-operator",
    "doubt.client-is-server",
    "doubt.client-special-use",
    "doubt.client-public-suffix",
    "doubt.client-not-public",
)
