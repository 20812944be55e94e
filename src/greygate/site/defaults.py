"""Every value that a site file may leave out, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass

from greygate.site.model import Layout, Node, Site
from greygate.spec.server_name import ServerName
from greygate.spec.user_id import user_id
from greygate.text import _, listing

LAYOUT = Layout.NONE
NODE = Node.MANAGED
FIRST_PERSON = "owner"


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
    """Whether we guard the overlay interface: ours, not one that others use too."""
    return node in (Node.MANAGED, Node.ROUTED)


def support_id(first_person: str, server_name: ServerName) -> str:
    return user_id(first_person, server_name)


def derived(site: Site) -> tuple[Derived, ...]:
    """Every value of `site` that is the default, with its reason, in the order of the file."""
    rows = (*_of_names(site), *_of_overlay(site), *_of_people(site))
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


_FIREWALL = {
    Node.MANAGED: _("the overlay reaches every open port of this machine, past any router"),
    Node.ROUTED: _("the overlay reaches every open port of this machine, past any router"),
    Node.SYSTEM: _("the node was here before us, and others may be using it"),
    Node.LOOPBACK: _("there is no overlay interface to guard"),
}
