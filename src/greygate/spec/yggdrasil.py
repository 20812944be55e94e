"""Yggdrasil's address arithmetic and what tells its generations apart (yggdrasil-go 0.5)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network

OVERLAY = IPv6Network("200::/7")
NODES = IPv6Network("200::/8")  # one address per node
ROUTED = IPv6Network("300::/8")  # one /64 per node, for the machines behind it
KEY_LENGTH = 32  # octets of an Ed25519 public key

# 0.5 changed the routing scheme and the handshake: 0.4 and 0.5 nodes refuse each other.
TODAYS_NETWORK = (0, 5)

_KEY_BITS = KEY_LENGTH * 8
_TAIL_BITS = 128 - 16  # an address is a prefix octet, a count octet, and this much of the key
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def address_of(public_key: bytes) -> IPv6Address:
    """The address of the node that has this key (src/address, AddrForKey)."""
    if len(public_key) != KEY_LENGTH:
        raise ValueError(f"a public key has {KEY_LENGTH} octets, not {len(public_key)}")
    flipped = int.from_bytes(public_key, "big") ^ ((1 << _KEY_BITS) - 1)
    # The leading ones of the flipped key are counted, not kept, and the zero that ends them is
    # implied: nodes may grind keys for more of them, and so make their address harder to forge.
    ones = _KEY_BITS - (flipped ^ ((1 << _KEY_BITS) - 1)).bit_length()
    rest = (flipped << (ones + 1)) & ((1 << _KEY_BITS) - 1)
    prefix = int(NODES.network_address) | (ones & 0xFF) << _TAIL_BITS
    return IPv6Address(prefix | rest >> (_KEY_BITS - _TAIL_BITS))


def subnet_of(public_key: bytes) -> IPv6Network:
    """The /64 that the node with this key may hand on (src/address, SubnetForKey)."""
    return subnet_behind(address_of(public_key))


def subnet_behind(node: IPv6Address) -> IPv6Network:
    """The same by the node's own address, whose first half has the same part of the key."""
    half = int(node) >> 64 << 64
    return IPv6Network((half | int(ROUTED.network_address), 64))


def is_overlay(address: IPv4Address | IPv6Address) -> bool:
    """Whether it can be reached over Yggdrasil only."""
    return address in OVERLAY


def is_node(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is some node's own address."""
    return address in NODES


def is_routed_subnet(address: IPv4Address | IPv6Address) -> bool:
    """Whether it lies in the /64 behind some node."""
    return address in ROUTED


def version(text: str) -> tuple[int, int, int] | None:
    """The version in what `yggdrasil -version` printed; None where there is none."""
    found = _VERSION.search(text)
    if not found:
        return None
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def speaks_todays_network(version: tuple[int, int, int]) -> bool:
    """Whether a node of that version can join the public network as it is today."""
    return version[:2] >= TODAYS_NETWORK
