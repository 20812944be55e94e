from __future__ import annotations

import json
import subprocess
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from greygate.spec.yggdrasil import (
    address_of,
    is_node,
    is_overlay,
    is_routed_subnet,
    speaks_todays_network,
    subnet_of,
    version,
)

RECORDED = json.loads(
    (Path(__file__).parents[2] / "recorded" / "yggdrasil-addresses.json").read_text("utf-8")
)["keys"]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["address"])
def test_a_key_has_the_address_and_subnet_that_the_program_printed(row: dict[str, str]) -> None:
    key = bytes.fromhex(row["public_key"])
    assert str(address_of(key)) == row["address"]
    assert str(subnet_of(key)) == row["subnet"]


@pytest.mark.programs
@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_any_key_has_the_address_that_the_program_prints(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    config = json.dumps({"PrivateKey": (seed + key).hex()})
    assert _printed("-publickey", config) == key.hex()
    assert _printed("-address", config) == str(address_of(key))
    assert _printed("-subnet", config) == str(subnet_of(key))


def test_leading_zeros_of_the_key_are_counted_and_left_out() -> None:
    key = bytes.fromhex("0000 5c00" + "00" * 28)
    # 17 zero bits, the one that ends them, then 0111000..., flipped to 1000111...
    assert address_of(key) == IPv6Address("211:8fff:ffff:ffff:ffff:ffff:ffff:ffff")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 octets, not 31"):
        address_of(bytes(31))


@pytest.mark.parametrize(
    ("address", "overlay", "node", "routed"),
    [
        ("200::1", True, True, False),
        ("2ff:ffff::1", True, True, False),
        ("300::1", True, False, True),
        ("3ff:ffff::", True, False, True),
        ("400::", False, False, False),
        ("1ff::", False, False, False),
        ("2001:db8::1", False, False, False),
        ("2.0.0.1", False, False, False),
    ],
)
def test_ranges(address: str, overlay: bool, node: bool, routed: bool) -> None:
    it: IPv4Address | IPv6Address = ip_address(address)
    assert (is_overlay(it), is_node(it), is_routed_subnet(it)) == (overlay, node, routed)


@pytest.mark.parametrize(
    ("printed", "found", "speaks"),
    [
        ("Build name: yggdrasil\nBuild version: 0.5.12\n", (0, 5, 12), True),
        ("Build name: yggdrasil\nBuild version: 0.4.7", (0, 4, 7), False),
        ("0.5", (0, 5, 0), True),
        ("1.0.0-rc1", (1, 0, 0), True),
        ("Build version: unknown", None, False),
    ],
)
def test_versions(printed: str, found: tuple[int, int, int] | None, speaks: bool) -> None:
    assert version(printed) == found
    assert (found is not None and speaks_todays_network(found)) == speaks


def _printed(flag: str, config: str) -> str:
    done = subprocess.run(
        ["yggdrasil", "-useconf", flag], input=config, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
