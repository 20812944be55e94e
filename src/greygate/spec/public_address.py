"""Which addresses everybody can reach (IANA special-purpose registries, RFC 6890).

A table of our own: `ipaddress` answers otherwise with each release of Python.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from greygate.text import _

_PRIVATE = _("it is for private networks")
_NOBODY = _("no machine can be reached at it")
_CARRIER = _("it is inside a provider's network (RFC 6598); ask the provider for a public one")
_ITSELF = _("it means nothing on another machine")
_MANY = _("it is many machines' address")

# The documentation networks are not here: examples and labs are made of them.
_SPECIAL = {
    ip_network(text): why
    for text, why in (
        ("0.0.0.0/8", _NOBODY),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", _CARRIER),
        ("127.0.0.0/8", _ITSELF),
        ("169.254.0.0/16", _ITSELF),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _NOBODY),
        ("192.31.196.0/24", _MANY),  # AS112 (RFC 7535)
        ("192.52.193.0/24", _MANY),  # AMT (RFC 7450)
        ("192.88.99.0/24", _("it belonged to 6to4, which is no more (RFC 7526)")),
        ("192.168.0.0/16", _PRIVATE),
        ("192.175.48.0/24", _MANY),  # AS112 (RFC 7534)
        ("198.18.0.0/15", _("it is for benchmarks (RFC 2544)")),
        ("224.0.0.0/4", _MANY),
        ("240.0.0.0/4", _NOBODY),
        ("::/128", _NOBODY),
        ("::1/128", _ITSELF),
        ("::ffff:0:0/96", _("it is an IPv4 address in disguise; write the IPv4 address")),
        ("64:ff9b::/96", _("it stands for an IPv4 address behind NAT64; write the IPv4 address")),
        ("64:ff9b:1::/48", _("it stands for an IPv4 address behind NAT64; write the IPv4 address")),
        ("2001::/32", _("it is a Teredo tunnel (RFC 4380)")),
        ("2001:2::/48", _("it is for benchmarks (RFC 5180)")),
        ("2001:3::/32", _MANY),  # AMT
        ("2001:4:112::/48", _MANY),  # AS112
        ("2001::/23", _NOBODY),  # all others of the IETF's own (RFC 2928): nobody is given one
        ("2002::/16", _("it belonged to 6to4, which is no more (RFC 7526)")),
        ("2620:4f:8000::/48", _MANY),  # AS112
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _ITSELF),
        ("ff00::/8", _MANY),
    )
}
_BROADCAST = IPv4Address("255.255.255.255")
_UNICAST = IPv6Network("2000::/3")  # all that is given out to networks (RFC 4291, 2.4)


def unreachable_because(address: IPv4Address | IPv6Address) -> str | None:
    """Why not everybody can reach a machine at the address; None where they can."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return _ITSELF
    why = next((why for network, why in _SPECIAL.items() if _is_in(address, network)), None)
    if why is None and isinstance(address, IPv6Address) and address not in _UNICAST:
        return _NOBODY
    return why


def undialable_because(address: IPv4Address | IPv6Address) -> str | None:
    """Why nobody at all can be called at the address, however near; None where somebody may be."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return _("it names an interface, and so no machine")
    plain = (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
    if plain.is_unspecified:
        return _("it is an address to listen on; nobody can be dialled there")
    if plain.is_multicast:
        return _("it is a multicast address")
    return _("it is a broadcast address") if plain == _BROADCAST else None


def _is_in(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network
