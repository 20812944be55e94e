"""The sections [[zone]]: how each zone is written, and how its names are proved to an authority."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import TypeVar

from greygate.site.doubts import nobodys_zone
from greygate.site.edges import unread_edges
from greygate.site.file_path import PATH_HINT, path_problem
from greygate.site.model import Challenge, Edge, Editor, Zone
from greygate.site.near_name import host_hint, own_name_problem, uri_hint
from greygate.site.providers import KNOWN, TOO_HEAVY
from greygate.site.reading import Reading
from greygate.spec.public_address import undialable_because
from greygate.spec.server_name import BadServerName, ServerName
from greygate.spec.web_address import host_of, url_problem
from greygate.spec.yggdrasil import is_overlay
from greygate.text import _, listing, nearest

# How a zone's names are proved where the file does not say: as the zone is written, if it can be.
USUAL = {Editor.RFC2136: Challenge.RFC2136, Editor.LEXICON: Challenge.LEXICON}

CHALLENGE = "_acme-challenge"  # RFC 8555, 8.4
LABEL = "acme"  # of the zone on an edge, below the edge's own name

E = TypeVar("E", Editor, Challenge)


@dataclass(frozen=True, slots=True)
class _Ways:
    """How one zone is written and proved, as far as it could be read."""

    editor: Editor
    challenge: Challenge | None
    provider: str | None

    def uses(self, name: str) -> bool:
        return name in (it.value for it in (self.editor, self.challenge) if it)


def zones(reading: Reading, names: Iterable[str], edges: Sequence[Edge] = ()) -> tuple[Zone, ...]:
    """The zones that the file names; each must hold one of our `names`."""
    unread = reading.doubtful("server_name", "names.client", "edge") or unread_edges(reading, edges)
    ours = None if unread else [name.lower() for name in names]
    found: list[Zone] = []
    taken: set[str] = set()
    for at in reading.elements("zone"):
        name = _name(reading, at, ours, taken)
        taken |= {name} if name else set()
        ways = _ways(reading, at)
        server, key = _server(reading, at, ways), _file(reading, at, "key_file", "rfc2136", ways)
        credentials = _file(reading, at, "credentials", "lexicon", ways)
        acme_dns, edge = _acme_dns(reading, at, ways), _edge(reading, at, ways, edges)
        if name is not None:
            found.append(
                Zone(
                    name,
                    ways.editor,
                    challenge=ways.challenge,
                    provider=ways.provider,
                    server=server,
                    key_file=key,
                    credentials=credentials,
                    acme_dns=acme_dns,
                    edge=edge.id if edge else None,
                    challenge_zone=f"{LABEL}.{edge.name.lower()}" if edge else None,
                )
            )
    return tuple(found)


def are_unread(reading: Reading) -> bool:
    """Whether there is a zone whose name, or whose ways, could not be read."""
    zones = reading.elements("zone")
    unread = (reading.doubtful(f"{at}.name") or _is_unread(reading, at) for at in zones)
    return reading.misread("zone") or any(unread)


def _is_unread(reading: Reading, at: str) -> bool:
    """Whether the file says how that zone is written or proved, and it could not be read."""
    return reading.unreadable(f"{at}.dns") or reading.unreadable(f"{at}.challenge")


def is_in(name: str, zone: str) -> bool:
    """Whether `name` is the zone's apex, or below it; both in small letters."""
    return name == zone or name.endswith(f".{zone}")


def _name(reading: Reading, at: str, ours: list[str] | None, taken: Container[str]) -> str | None:
    """`ours`: the names of which one must be in it, where they are known."""
    name = reading.text(f"{at}.name")
    zone = name.lower() if name else ""
    if name is None:
        if not reading.has(f"{at}.name"):
            reading.wrong(f"{at}.name", _("the zone's name is missing"), _ZONE_HINT)
    elif why := zone_problem(zone):
        told = _("this is no zone: {why}").format(why=why)
        reading.wrong(f"{at}.name", told, host_hint(name, _ZONE_HINT, zone_problem))
    elif ours is not None and not _holds_any(zone, ours):
        told = _("none of this site's names is in {zone}").format(zone=name)
        reading.wrong(f"{at}.name", told, _("they are {names}").format(names=listing(ours)))
    elif zone in taken:
        told = _("{zone} is there twice").format(zone=name)
        reading.wrong(f"{at}.name", told, _("take one away"))
    else:
        return zone
    return None


def _holds_any(zone: str, names: Iterable[str]) -> bool:
    return any(is_in(it, zone) or zone == f"{CHALLENGE}.{it}" for it in names)


def zone_problem(zone: str) -> str | None:
    """Why nobody can have a zone of that name to himself; None where somebody may."""
    return own_name_problem(zone.removeprefix(f"{CHALLENGE}.")) or nobodys_zone(zone)


def _ways(reading: Reading, at: str) -> _Ways:
    wanted, writes = _way(reading, f"{at}.dns", Editor)
    editor = wanted or Editor.MANUAL
    challenge, proves = _way(reading, f"{at}.challenge", Challenge)
    if writes and proves and writes != proves:
        reading.wrong(
            f"{at}.challenge",
            _("the zone is at {one}, not at {other}").format(one=writes, other=proves),
            _('write challenge = "lexicon:{one}", or another way').format(one=writes),
        )
    if editor is Editor.ALFIS and challenge in (Challenge.RFC2136, Challenge.LEXICON):
        reading.wrong(
            f"{at}.challenge",
            _("names in Alfis can be written by hand only"),
            _('write challenge = "acme-dns": a CNAME is typed once, and never again'),
        )
    if challenge in (Challenge.ACME_DNS, Challenge.OWN_DNS) and _is_challenge(reading, at):
        reading.wrong(
            f"{at}.challenge",
            _("a CNAME cannot stand where a zone begins"),
            _('write challenge = "rfc2136", "lexicon:PROVIDER" or "manual"'),
        )
    return _Ways(editor, challenge or USUAL.get(editor), writes or proves)


def _is_challenge(reading: Reading, at: str) -> bool:
    """Whether the zone is that of one name's challenges alone."""
    return str(reading.value(f"{at}.name")).lower().startswith(f"{CHALLENGE}.")


def _way(reading: Reading, key: str, ways: type[E]) -> tuple[E | None, str | None]:
    """What `manual` or `lexicon:PROVIDER` spells: the way, and the provider if it has one."""
    text = reading.text(key)
    if text is None:
        return None, None
    word, colon, provider = text.partition(":")
    known: dict[str, E] = {str(it.value): it for it in ways}
    lexicon = known["lexicon"]
    if word not in known or bool(colon) != (known[word] is lexicon):
        near = nearest(text, known)
        hint = (
            _('did you mean "{near}"?').format(near=near)
            if near and near != word and known[near] is not lexicon
            else _("it can be {choices}").format(choices=spelled(ways))
        )
        told = _("{key} cannot be {text!r}").format(key=key, text=text)
        reading.wrong(key, told, hint, unread=True)
        return None, None
    if colon and provider not in KNOWN:
        reading.wrong(key, *_unknown(provider))
    return known[word], provider or None


def spelled(ways: type[E]) -> str:
    """What can be written for one of the ways."""
    words = ("lexicon:PROVIDER" if it.value == "lexicon" else str(it.value) for it in ways)
    return ", ".join(f'"{word}"' for word in words)


def _unknown(provider: str) -> tuple[str, str]:
    if provider in TOO_HEAVY:
        return (
            _("{name} needs a package that Greygate does not bring").format(name=provider),
            _('write dns = "manual", and challenge = "acme-dns"'),
        )
    near = nearest(provider, KNOWN)
    return (
        _("there is no provider called {name!r}").format(name=provider),
        _('did you mean "lexicon:{near}"?').format(near=near)
        if near
        else _("there are {known}").format(known=", ".join(KNOWN)),
    )


def _server(reading: Reading, at: str, ways: _Ways) -> str | None:
    key = f"{at}.server"
    text = _needed(reading, key, "rfc2136", ways, example='"192.0.2.53"')
    if text is not None and (why := server_problem(text)):
        hint = _('write its address: server = "192.0.2.53", or "[2001:db8::53]:53"')
        reading.wrong(key, why, hint)
        return None
    return text


def server_problem(text: str) -> str | None:
    """Why updates cannot be sent to `text`; None where they can."""
    spelled = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    try:
        name = ServerName.parse(spelled)
    except BadServerName as problem:
        return _("{text!r} is no address: {why}").format(text=text, why=problem.why)
    if name.literal is None:
        return _("{text!r} is a name, not an address").format(text=text)
    why = undialable_because(name.literal)
    return why and _("nothing can be sent to {text}: {why}").format(text=text, why=why)


def _file(reading: Reading, at: str, name: str, needs: str, ways: _Ways) -> PurePosixPath | None:
    key = f"{at}.{name}"
    text = _needed(reading, key, needs, ways, example=_FILES[name])
    if text is None:
        return None
    if why := path_problem(text):
        reading.wrong(key, why, PATH_HINT)
        return None
    return PurePosixPath(text)


def _needed(reading: Reading, key: str, needs: str, ways: _Ways, *, example: str) -> str | None:
    """A key that one way needs, and that means nothing with the others."""
    name, needed = key.rpartition(".")[2], ways.uses(needs)
    if not needed and reading.value(key) is not None:
        _meaningless(reading, key, needs)
        return None
    if needed and not reading.has(key):
        reading.wrong(
            key,
            _("{way} needs the {name}").format(way=needs, name=name),
            _("write {name} = {example} below [[zone]]").format(name=name, example=example),
        )
    return reading.text(key)


def _acme_dns(reading: Reading, at: str, ways: _Ways) -> str | None:
    key = f"{at}.acme_dns"
    if ways.challenge is not Challenge.ACME_DNS:
        if reading.value(key) is not None:
            _meaningless(reading, key, Challenge.ACME_DNS.value)
        return None
    text = reading.text(key)
    if not reading.has(key):
        reading.wrong(
            f"{at}.challenge",
            _('challenge = "acme-dns" needs the server'),
            _(
                'write acme_dns = "https://..." beside it: your own, or a public one, '
                "whose owner could then get certificates for your names"
            ),
        )
    if text is not None and (why := acme_dns_problem(text)):
        reading.wrong(key, why, uri_hint(text, _('write it like "https://auth.example.org"')))
    return text


def acme_dns_problem(text: str) -> str | None:
    """Why our credentials cannot be sent to an acme-dns at `text`; None where they can."""
    if why := url_problem(text, ("https", "http")):
        return _("{text!r} is no address of an acme-dns: {why}").format(text=text, why=why)
    if "?" in text:
        return _("{text!r} ends in a query; what is asked for is put behind it").format(text=text)
    if text.startswith("http:") and not _is_private(host_of(text)):
        return _("everybody on the way could read what is sent to {text}").format(text=text)
    return None


def _is_private(host: str) -> bool:
    """Whether the way to an address is this machine's own, or the overlay, which encrypts."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or is_overlay(address)


def _edge(reading: Reading, at: str, ways: _Ways, edges: Sequence[Edge]) -> Edge | None:
    """The edge whose name server proves the zone's names."""
    key, known = f"{at}.edge", {edge.id: edge for edge in edges}
    if ways.challenge is not Challenge.OWN_DNS:
        if reading.value(key) is not None:
            _meaningless(reading, key, Challenge.OWN_DNS.value)
        return None
    text = reading.text(key)
    if not known:
        if not reading.has_section("edge"):
            reading.wrong(
                f"{at}.challenge",
                _("own-dns is a name server on an edge, and there is none"),
                _('describe one below [[edge]], or write challenge = "acme-dns"'),
            )
        return None
    lost = reading.doubtful("edge") or unread_edges(reading, edges)
    if text is not None and text not in known and not lost:
        told = _("there is no edge {text!r}").format(text=text)
        reading.wrong(key, told, _("there are {known}").format(known=listing(known)))
    return known.get(text or edges[0].id)


def _meaningless(reading: Reading, key: str, way: str) -> None:
    at, _dot, name = key.rpartition(".")
    if _is_unread(reading, at):
        return
    reading.wrong(
        key,
        _('{name} means nothing without "{way}"').format(name=name, way=way),
        _("take this line away"),
    )


_ZONE_HINT = _('write a name like "example.org" below [[zone]]')
_FILES = {
    "key_file": '"/etc/greygate/twinkle.example.tsig"',
    "credentials": '"/etc/greygate/provider.toml"',
}
