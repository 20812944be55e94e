"""The section [overlay]: which of its keys go together with which kind of node."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from greygate.site import defaults
from greygate.site.model import Address, Node, Opening, Overlay
from greygate.site.near_name import uri_hint
from greygate.site.reading import Reading
from greygate.spec import peering
from greygate.spec.peering import peer_problem
from greygate.spec.yggdrasil import is_overlay
from greygate.text import _

_OPENING = re.compile(r"(tcp|udp)/([1-9][0-9]{0,4})")
_LAST_PORT = 65535
INGRESS_PORT = 18448
TAKEN_PORTS = (443, 8448, INGRESS_PORT)  # of home's HAProxy: people, federation, the ingress

# Keys that mean nothing with a kind of node, and what to do instead.
_MEANINGLESS = {
    Node.MANAGED: {},
    Node.SYSTEM: {
        "listen": _("listeners belong in that node's own file; take this line away"),
    },
    Node.ROUTED: {
        "peers": _("peers belong to the machine whose node it is; take this line away"),
        "listen": _("listeners belong to the machine whose node it is; take this line away"),
    },
    Node.LOOPBACK: {
        "address": _("there is no overlay here; take this line away"),
        "peers": _("there is no overlay here; take this line away"),
        "listen": _("there is no overlay here; take this line away"),
        "allow": _("there is no overlay here; take this line away"),
    },
}  # fmt: skip


def overlay(reading: Reading) -> Overlay:
    """The overlay that the file asks for; what does not go together is noted."""
    node = reading.choice("overlay.node", Node, defaults.NODE)
    known = not reading.unreadable("overlay.node")
    for name, hint in _MEANINGLESS[node].items() if known else ():
        if reading.stands(f"overlay.{name}"):
            reading.wrong(f"overlay.{name}", _means_nothing(name, node), hint)
    address = _address(reading)
    if node is Node.ROUTED and not reading.has("overlay.address"):
        reading.wrong(
            "overlay.address",
            _('node = "routed" needs the address that is routed to this machine'),
            _('write address = "300:..." below [overlay]; ip -6 address shows it'),
        )
    return Overlay(
        node=node,
        address=address,
        peers=tuple(reading.checked("overlay.peers", _peer_problem, _peer_hint)),
        listen=_listeners(reading),
        allow=tuple(
            Opening(*_opening(text))
            for text in reading.checked("overlay.allow", opening_problem, _OPENING_HINT)
        ),
        firewall=_firewall(reading, node),
    )


def address_problem(text: str) -> str | None:
    """Why people cannot reach the server at `text` over the overlay; None where they can."""
    try:
        address = IPv6Address(text)
    except ValueError:
        return _("{text!r} is not an IPv6 address").format(text=text)
    if address.scope_id is not None or not is_overlay(address):
        return _("{text} is not on the overlay, which is 200::/7").format(text=text)
    return None


def opening_problem(text: str) -> str | None:
    """Why `text` names no port to open; None where it does."""
    found = _OPENING.fullmatch(text)
    if found and int(found[2]) <= _LAST_PORT:
        return None
    return _("{text!r} is not a protocol and a port").format(text=text)


def _peer_hint(uri: str) -> str:
    return uri_hint(uri, _PEER_HINT)


_PEER_HINT = _('write it like "tls://192.0.2.1:443" or "quic://[2001:db8::1]:443?key=..."')
_LISTEN_HINT = _('write it like "tls://[::]:9001"')
_OPENING_HINT = _('write it like "tcp/22" or "udp/53"')


def _means_nothing(name: str, node: Node) -> str:
    return _('{name} means nothing with node = "{node}"').format(name=name, node=node.value)


def _peer_problem(uri: str) -> str | None:
    why = peer_problem(uri)
    return None if why is None else _("this peer cannot be dialled: {why}").format(why=why)


def listen_problem(uri: str) -> str | None:
    """Why our node cannot accept peerings at `uri`; None where it can."""
    why = peering.listen_problem(uri) or _taken(uri)
    return None if why is None else _("the node cannot listen there: {why}").format(why=why)


def _listeners(reading: Reading) -> tuple[str, ...]:
    """Where the node listens; two listeners cannot share a port at one address."""
    found = tuple(reading.checked("overlay.listen", listen_problem, _LISTEN_HINT))
    for number, uri in enumerate(found):
        if before := next((it for it in found[:number] if _collide(it, uri)), None):
            reading.wrong(
                "overlay.listen",
                _("{uri} takes the port of {before}").format(uri=uri, before=before),
                _("give it another port, or take one of the two away"),
            )
    return found


def _collide(one: str, other: str) -> bool:
    places = peering.port_place(one), peering.port_place(other)
    if places[0] is None or places[1] is None or places[0][:2] != places[1][:2]:
        return False
    first, second = places[0][2], places[1][2]
    return first == second or _covers(first, second) or _covers(second, first)


def _covers(address: Address | None, other: Address | None) -> bool:
    """Whether a listener there has the other's address too: [::] has those of IPv4 as well."""
    if address is None or (address.version == 6 and address.is_unspecified):
        return True
    return address.is_unspecified and other is not None and other.version == address.version


def _taken(uri: str) -> str | None:
    """HAProxy listens at the overlay's address: whoever has all addresses has that one too."""
    place = peering.tcp_place(uri)
    if place is None or place[1] not in TAKEN_PORTS:
        return None
    address, port = place
    everywhere = address is None or (address.version == 6 and address.is_unspecified)
    if address is not None and not everywhere and not is_overlay(address):
        return None
    return _("the server itself has port {port}").format(port=port)


def _address(reading: Reading) -> IPv6Address | None:
    text = reading.text("overlay.address")
    if text is None:
        return None
    if why := address_problem(text):
        reading.wrong(
            "overlay.address", why, _("write an address of this machine that ip -6 address shows")
        )
        return None
    return IPv6Address(text)


def _opening(text: str) -> tuple[str, int]:
    protocol, _slash, port = text.partition("/")
    return protocol, int(port)


def _firewall(reading: Reading, node: Node) -> bool:
    asked = reading.flag("overlay.firewall")
    if asked and node is Node.LOOPBACK:
        reading.wrong(
            "overlay.firewall",
            _means_nothing("firewall = true", node),
            _("there is no overlay interface to guard; take this line away"),
        )
    return defaults.firewall(node) if asked is None else asked
