"""TOML text to Site: every mistake at once, each with its line, its key and its cure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network

from greygate.errors import SiteRefused
from greygate.site import defaults, keys, syntax
from greygate.site.doubts import ALL, Severity, doubts
from greygate.site.edges import PORTS as EDGE_PORTS
from greygate.site.edges import edges
from greygate.site.model import (
    Edge,
    Editor,
    Layout,
    Names,
    Node,
    Opening,
    Overlay,
    Site,
    Source,
    Support,
)
from greygate.site.near_name import (
    check_name,
    host_hint,
    mail_hint,
    name_hint,
    near_name,
    own_name_problem,
    uri_hint,
)
from greygate.site.overlay import INGRESS_PORT, overlay
from greygate.site.papers import certificates
from greygate.site.proving import demand_delegable, demand_proofs
from greygate.site.reading import Reading
from greygate.site.zones import are_unread, is_in, zones
from greygate.spec.mail_address import mail_address_problem
from greygate.spec.server_name import ServerName
from greygate.spec.user_id import user_id_problem
from greygate.spec.web_address import url_problem
from greygate.text import _, nearest

TRIAL_ZONE = "internal"  # reserved for private networks: nobody's name can be taken by a trial

_NETWORK_HINT = _('write it like "192.168.1.20", or "192.168.1.0/28" for several')

# Stands where the name was refused, so that the rest of the file is judged too.
_UNNAMED = ServerName.parse("unnamed.example")


def parse(text: str, where: str = "site.toml") -> Site:
    """The site that `text` describes; SiteRefused with every mistake in it otherwise."""
    tree = syntax.read(text)
    reading = Reading(tree)
    site = _site(reading)
    mistakes = {*tree.mistakes, *keys.mistaken(tree), *reading.mistakes}
    if mistakes or site is None:
        raise SiteRefused(where, tuple(sorted(mistakes)))
    return site


def first_person_problem(text: str, server_name: ServerName) -> str | None:
    """Why nobody can be called `text` on that server; None where somebody can."""
    # Synapse keeps numbers for guests and "_" for bridges, beyond what the specification says.
    if text.isdigit():
        return _("a name cannot be made of digits only: Synapse keeps those for guests")
    if text.startswith("_"):
        return _("a name cannot begin with _: Synapse keeps those for bridges")
    return user_id_problem(text, server_name)


def client_problem(text: str) -> str | None:
    """Why apps cannot connect to a server called `text`; None where they can."""
    if ":" in text:
        return _("it is a name, without a port; apps find the port by themselves")
    return own_name_problem(text)


def page_problem(text: str) -> str | None:
    """Why `text` cannot be opened as a web page; None where it can."""
    why = url_problem(text.replace("#", "/", 1), ("https", "http"))  # a place in the page is fine
    return why and _("{text!r} is no address of a web page: {why}").format(text=text, why=why)


def network_problem(text: str) -> str | None:
    """Why `text` is no network; None where it is."""
    try:
        network = ip_network(text)
    except ValueError as problem:
        return _("this is no address and no network: {why}").format(why=problem)
    if "%" in text:
        return _("{text} names an interface, which has no place here").format(text=text)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        return _("{text} is an IPv4 address in disguise; write the IPv4 address").format(text=text)
    return None


def _site(reading: Reading) -> Site | None:
    named = _server_name(reading)
    name = named or _UNNAMED
    names, trial = _names(reading, name), reading.flag("trial") is True
    accepted = _accepted(reading)
    federation = _federation(reading, trial=trial)
    if named is not None and not reading.unreadable("trial"):
        _judge_name(reading, named, names, accepted=accepted, trial=trial, federation=federation)
    first, joined = _first_person(reading, name), overlay(reading)
    let_in = edges(reading, name, names, accepted)
    _judge_way_in(reading, name, names, joined, let_in, federation=federation)
    ours = (name.host, names.client, *(edge.name for edge in let_in))
    site = Site(
        server_name=name,
        federation=federation,
        trial=trial,
        names=names,
        overlay=joined,
        first_person=first,
        support=_support(reading, defaults.support_id(first, name)),
        accepted_doubts=accepted,
        edges=let_in,
        zones=zones(reading, ours, let_in),
        certificates=certificates(reading, federation=federation),
        open_networks=tuple(
            map(
                ip_network,
                reading.checked("egress.allow", network_problem, _NETWORK_HINT, same=ip_network),
            )
        ),
        legacy_media=reading.flag("legacy_media") is True,
    )
    if site.certificates.source is Source.ACME and not are_unread(reading):
        zones_ = (defaults.challenge_zone_of(site, it) for it in _certified(reading, site))
        demand_proofs(reading, list(dict.fromkeys(it.name for it in zones_ if not it.challenge)))
    demand_delegable(reading, let_in, {it.name for it in let_in if _is_in_alfis(site, it)})
    return site if named is not None else None


def _certified(reading: Reading, site: Site) -> Iterator[str]:
    """The names in the certificate, without those that stand for what could not be read."""
    unusable = {site.names.client} if reading.noted("names.client") else set()
    for name in defaults.certified(site):
        if name not in unusable and (site.server_name is not _UNNAMED or not _is_stand_in(name)):
            yield name


def _is_stand_in(name: str) -> bool:
    return is_in(name, str(_UNNAMED))


def _is_in_alfis(site: Site, edge: Edge) -> bool:
    return defaults.zone_of(site, edge.name).editor is Editor.ALFIS


def _server_name(reading: Reading) -> ServerName | None:
    text = reading.text("server_name")
    if text is None:
        if not reading.has("server_name"):
            reading.wrong(
                "server_name",
                _("server_name is missing"),
                _('write server_name = "your.name" at the top; it is for ever'),
            )
        return None
    name, why = check_name(text)
    if name is None:
        reading.wrong(
            "server_name",
            _("this cannot be a server name: {why}").format(why=why),
            name_hint(text) if near_name(text) else _('write a name like "matrix.example.org"'),
        )
    return name


def _names(reading: Reading, name: ServerName) -> Names:
    layout = reading.choice("names.layout", Layout, defaults.LAYOUT)
    usual = None if name is _UNNAMED else defaults.client_name(name)
    client = reading.text("names.client")
    otherwise = _('write a name like "{usual}"').format(usual=usual or "m.example.org")
    if client is not None and (why := client_problem(client)):
        reading.wrong(
            "names.client",
            _("apps cannot connect to this: {why}").format(why=why),
            host_hint(client, otherwise),
        )
    if name.literal is not None and not reading.has("names.client"):
        reading.wrong(
            "names.client",
            _("names.client is missing, and cannot be derived from an address"),
            _('write client = "name.of.this.server" below [names]'),
        )
    return Names(client=client or usual or f"m.{_UNNAMED}", layout=layout)


def _federation(reading: Reading, *, trial: bool) -> bool:
    """Whether the server federates: it does unless the file says otherwise, as a trial must."""
    value = reading.flag("federation")
    if trial and value is not False:
        reading.wrong(
            "federation",
            _("a trial can never federate: its name is a throw-away"),
            _("write federation = false at the top, before the first [section]"),
        )
    unreadable = reading.unreadable("federation") or reading.unreadable("trial")
    return value is not False and not (trial or unreadable)


def _judge_way_in(
    reading: Reading,
    server: ServerName,
    names: Names,
    joined: Overlay,
    let_in: tuple[Edge, ...],
    *,
    federation: bool,
) -> None:
    """Whether other servers can come in as the rest of the file has it."""
    if not federation:
        if names.layout is Layout.CLEARNET and not reading.doubtful("federation", "trial"):
            reading.wrong(
                "names.layout",
                _('layout = "clearnet" is for servers that federate, and this one stands alone'),
                _('write layout = "none", or take the line away'),
            )
        return
    if not reading.unreadable("names.layout"):
        _judge_reachable(reading, server, names.layout)
    if Opening("tcp", INGRESS_PORT) in joined.allow:
        reading.wrong(
            "overlay.allow",
            _("tcp/{port} is where edges come in, and nobody else may").format(port=INGRESS_PORT),
            _("take it away: each edge is let in by itself"),
        )
    if not reading.has_section("edge"):
        reading.wrong(
            "federation",
            _("other servers need an edge to come in by, and there is none"),
            _(
                "describe your rented host below [[edge]] with id, name and addresses; "
                "or write federation = false at the top for a server that stands alone"
            ),
        )
    if joined.node in (Node.ROUTED, Node.LOOPBACK) and let_in:
        reading.wrong(
            "overlay.node",
            _('an edge needs a Yggdrasil on this machine, which node = "{node}" has not').format(
                node=joined.node.value
            ),
            _('write node = "managed", or federation = false at the top'),
        )


def _judge_reachable(reading: Reading, server: ServerName, layout: Layout) -> None:
    """Whether other servers look for an edge by DNS at all (server-server API, steps 1 and 2)."""
    stand_alone = _("write federation = false at the top")
    if server.literal is not None:
        reading.wrong(
            "server_name",
            _("other servers connect to {host} itself, and never to an edge").format(
                host=server.host
            ),
            _("take a name in a zone of your own, or {alone}").format(alone=stand_alone),
        )
    elif server.port is not None and not (layout is Layout.CLEARNET and server.port in EDGE_PORTS):
        reading.wrong(
            "server_name",
            _("with a port in the name other servers ask for no SRV record, and find no edge"),
            _("leave the port away, or {alone}").format(alone=stand_alone),
        )


def _accepted(reading: Reading) -> tuple[str, ...]:
    def problem(text: str) -> str | None:
        return None if text in ALL else _unknown_doubt(text)

    hint = _("doubts are: {all}").format(all=", ".join(ALL))
    return tuple(reading.checked("accepted_doubts", problem, hint))


def _unknown_doubt(text: str) -> str:
    near = nearest(text, ALL)
    told = _("there is no doubt called {text!r}").format(text=text)
    return _("{told}; did you mean {near!r}?").format(told=told, near=near) if near else told


def _judge_name(
    reading: Reading,
    name: ServerName,
    names: Names,
    *,
    accepted: tuple[str, ...],
    trial: bool,
    federation: bool,
) -> None:
    if trial:
        if not name.host.lower().endswith(f".{TRIAL_ZONE}"):
            reading.wrong(
                "trial",
                _("a trial has a throw-away name under .{zone}").format(zone=TRIAL_ZONE),
                _("take the line trial = true away: a server of this name is for keeps"),
            )
        return
    # What cannot be read speaks for the file: it may well be what is missing.
    layout = Layout.OVERLAY if reading.unreadable("names.layout") else names.layout
    found = doubts(name, names.client, federation=federation, layout=layout, accepted=accepted)
    unjudged = reading.doubtful("accepted_doubts")
    for doubt in () if unjudged else found:
        if doubt.name.startswith("doubt.client") and reading.noted("names.client"):
            continue  # it is no name at all
        if doubt.severity is Severity.REFUSE:
            key = "names.client" if doubt.name.startswith("doubt.client") else "server_name"
            reading.wrong(key, doubt.text, _accept(doubt.hint, doubt.name, accepted))


def _accept(hint: str, doubt: str, accepted: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in (*accepted, doubt))
    return _("{hint}; or, knowing this, write accepted_doubts = [{listed}]").format(
        hint=hint, listed=listed
    )


def _first_person(reading: Reading, name: ServerName) -> str:
    first = reading.text("people.first")
    if first is None:
        return defaults.FIRST_PERSON
    if why := first_person_problem(first, name):
        reading.wrong(
            "people.first",
            _("nobody can be called that: {why}").format(why=why),
            _('write the part of the user id before the colon, like "alice"'),
        )
    return first


def _support(reading: Reading, matrix_id: str) -> Support:
    email, page = reading.text("support.email"), reading.text("support.page")
    if email is not None and (why := mail_address_problem(email)):
        hint = mail_hint(email, _('write it like "me@example.org"'))
        reading.wrong("support.email", why, hint)
    if page is not None and (why := page_problem(page)):
        hint = uri_hint(page, _('write it like "https://example.org/help"'))
        reading.wrong("support.page", why, hint)
    return Support(matrix_id=matrix_id, email=email, page=page)
