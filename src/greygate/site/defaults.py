"""Every value that a site file may leave out, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from publicsuffixlist import PublicSuffixList

from greygate.site.model import Editor, Layout, Node, Site, Zone
from greygate.site.zones import CHALLENGE, is_in
from greygate.spec.server_name import ServerName
from greygate.spec.user_id import user_id
from greygate.text import _, listing

LAYOUT = Layout.NONE
NODE = Node.MANAGED
FIRST_PERSON = "owner"
MIRRORED = "ygg.at"  # names that are edited in Alfis, where they end in .ygg


@dataclass(frozen=True, slots=True)
class Derived:
    """One value of a site as the default has it, and the reason for that default."""

    key: str
    value: str
    reason: str


def client_name(server_name: ServerName) -> str | None:
    """What apps connect to: a name below the server name; an address has none below it."""
    return None if server_name.literal else f"m.{server_name.host.lower()}"


def firewall(node: Node) -> bool:
    """Whether we close what comes over the overlay: not on an interface that others use too."""
    return node in (Node.MANAGED, Node.ROUTED)


def zone_of(site: Site, name: str) -> Zone:
    """The zone that holds `name`: the longest that the file names, else the registered one."""
    small = name.lower()
    named = [zone for zone in site.zones if is_in(small, zone.name)]
    if named:
        return max(named, key=lambda zone: len(zone.name))
    if is_in(small, MIRRORED):
        return Zone(".".join(small.split(".")[-3:]), Editor.ALFIS)
    return Zone(registered(small), Editor.MANUAL)


def challenge_zone_of(site: Site, name: str) -> Zone:
    """The zone that the name's challenge is in: it may be one of its own."""
    return zone_of(site, f"{CHALLENGE}.{name}")


def registered(name: str) -> str:
    """The part of a name that somebody has registered: one label below a public suffix."""
    found = _suffixes().privatesuffix(name)
    return str(found) if found else ".".join(name.split(".")[-2:])


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def certified(site: Site) -> tuple[str, ...]:
    """The names that a certificate of this site covers."""
    edges = [edge.name for edge in site.edges] if site.federation else []
    host = () if site.server_name.literal else (site.server_name.host,)
    return tuple(dict.fromkeys((*host, site.names.client, *edges)))


def support_id(first_person: str, server_name: ServerName) -> str:
    return user_id(first_person, server_name)


def derived(site: Site) -> tuple[Derived, ...]:
    """Every value of `site` that is the default, with its reason, in the order of the file."""
    rows = (*_of_names(site), *_of_overlay(site), *_of_federation(site), *_of_people(site))
    return tuple(row for row in rows if row is not None)


def _of_names(site: Site) -> tuple[Derived | None, ...]:
    names = site.names
    return (
        _row(
            "names.client",
            names.client,
            usual=client_name(site.server_name),
            reason=_("the server name itself stays without an address; apps need one that has it"),
        ),
        _row(
            "names.layout",
            names.layout.value,
            usual=LAYOUT.value,
            reason=_("nobody but the holder of the zone can get a certificate for the server name"),
        ),
    )


def _of_overlay(site: Site) -> tuple[Derived | None, ...]:
    overlay, node = site.overlay, site.overlay.node
    address = None if overlay.address is None else str(overlay.address)
    whose = "127.0.0.1, ::1" if node is Node.LOOPBACK else _("the node's own")
    return (
        _row(
            "overlay.node",
            node.value,
            usual=NODE.value,
            reason=_("a node of our own: one key, one address, whatever else this machine does"),
        ),
        _row(
            "overlay.address",
            address or whose,
            usual=whose,
            reason=_("no overlay, so nothing else than this machine can reach it")
            if node is Node.LOOPBACK
            else _("it follows from the node's key, and stays as long as the key"),
        ),
        _row(
            "overlay.peers",
            listing(overlay.peers),
            usual=listing(()),
            reason=_("without a peer only machines that peer with this one can reach it"),
        ),
        _row(
            "overlay.listen",
            listing(overlay.listen),
            usual=listing(()),
            reason=_("peerings are dialled from here, which works behind any router"),
        ),
        _row(
            "overlay.allow",
            listing(overlay.allow),
            usual=listing(()),
            reason=_("nothing but the server's own ports answers on the overlay"),
        ),
        _row(
            "overlay.firewall",
            _truth(overlay.firewall),
            usual=_truth(firewall(node)),
            reason=_FIREWALL[node],
        ),
    )


def _of_federation(site: Site) -> tuple[Derived | None, ...]:
    if not site.federation:
        return ()
    names = dict.fromkeys((site.server_name.host, site.names.client, *(e.name for e in site.edges)))
    usual = {zone_of(replace(site, zones=()), name) for name in names}
    zones = {zone_of(site, name) for name in names} & usual
    return (
        _row(
            "egress.allow",
            listing(site.open_networks),
            usual=listing(()),
            reason=_("whoever names a server has Synapse ask it: nothing in home's own networks"),
        ),
        _row(
            "legacy_media",
            _truth(site.legacy_media),
            usual=_truth(False),
            reason=_("servers since specification 1.11 sign what they ask for; this asks nobody"),
        ),
        *(
            Derived(f"zone.{zone.name}", zone.editor.value, _EDITOR[zone.editor])
            for zone in sorted(zones, key=lambda zone: zone.name)
        ),
    )


def _of_people(site: Site) -> tuple[Derived | None, ...]:
    support = site.support
    return (
        _row(
            "people.first",
            site.first_person,
            usual=FIRST_PERSON,
            reason=_("somebody must be able to log in after the first start"),
        ),
        _row(
            "support.matrix_id",
            support.matrix_id,
            usual=support_id(site.first_person, site.server_name),
            reason=_("the first person is the one who runs the server"),
        ),
    )


def _row(key: str, value: str, *, usual: str | None, reason: str) -> Derived | None:
    return Derived(key, value, reason) if value == usual else None


def _truth(value: bool) -> str:
    return "true" if value else "false"


_EDITOR = {
    Editor.MANUAL: _("the part of our names that somebody has registered"),
    Editor.ALFIS: _("names under .ygg.at are Alfis names under .ygg"),
}  # no other follows from a name alone

_FIREWALL = {
    Node.MANAGED: _("the overlay reaches every open port of this machine, past any router"),
    Node.ROUTED: _("the overlay reaches every open port of this machine, past any router"),
    Node.SYSTEM: _("the node was here before us, and others may be using it"),
    Node.LOOPBACK: _("there is no overlay interface to guard"),
}
