"""The one line that makes a rented host an edge."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.plan.edge import demand_sane, demand_successor, edge_plan
from greygate.plan.paths import Paths
from greygate.plan.token import (
    Tenant,
    Token,
    for_order,
    of_order,
    read,
    site_id,
    token_of,
    told,
    written,
)
from greygate.secret import Secret

HOME = IPv6Address("200:dae5:dc65:9fd5:cd74:3720:7a2e:dd3c")
TOKEN = Token(
    site=site_id("cd" * 32),
    serial=3,
    edge="edge1",
    name="edge.other.example",
    key=Secret("ab" * 32),
    home_key="12" * 32,
    verify_key="cd" * 32,
    tenants=(Tenant(("twinkle.example", "edge.other.example"), HOME, 18448),),
)


def test_what_is_written_is_read() -> None:
    line = written(TOKEN)
    assert "\n" not in line
    assert read(line) == TOKEN
    assert read(f"  {line[:40]}\n{line[40:]}\n") == TOKEN


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "begins with greygate1"),
        ("hello", "begins with greygate1"),
        (written(TOKEN).replace("greygate1", "greygate2"), "another version"),
        (written(TOKEN)[:-1], "damaged"),
        (written(TOKEN)[:60], "damaged"),
        (written(TOKEN).replace("A", "B"), "damaged"),
    ],
)
def test_what_is_damaged_is_told_with_the_cure(line: str, why: str) -> None:
    with pytest.raises(Trouble, match=why) as refused:
        read(line)
    assert "greygate edge token" in refused.value.hint


def test_nonsense_with_a_right_checksum_is_refused() -> None:
    spelled = told(TOKEN) | {"home_key": "12"}
    with pytest.raises(ValueError, match="64"):
        token_of(spelled)
    with pytest.raises(ValueError, match="format"):
        token_of(told(TOKEN) | {"v": 9})


def test_the_secret_does_not_show() -> None:
    assert "abab" not in repr(TOKEN)


def test_the_digest_is_of_all_but_the_serial() -> None:
    assert replace(TOKEN, serial=9).digest == TOKEN.digest
    assert replace(TOKEN, name="other.example").digest != TOKEN.digest


def test_an_edge_knows_its_address_and_its_homes() -> None:
    paths = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))
    plan = edge_plan(TOKEN, paths)
    assert plan.address == TOKEN.address
    assert TOKEN.homes == (HOME,)
    assert plan.ports == (443, 8448)
    assert plan.key == paths.overlay_key


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TOKEN, name='x" bind :22'),
        replace(TOKEN, tenants=()),
        replace(TOKEN, peer_label="x } bind :22"),
        *(replace(TOKEN, serial=it) for it in (0, -1, 1 << 53)),
        replace(TOKEN, tenants=(Tenant(("a b",), HOME, 1),)),
        replace(TOKEN, tenants=(Tenant(("a.example",), IPv6Address("2001:db8::1"), 1),)),
        replace(TOKEN, tenants=(Tenant(("a.example",), HOME, 70000),)),
    ],
)
def test_a_token_that_no_home_of_ours_wrote_is_refused(wrong: Token) -> None:
    demand_sane(TOKEN)
    with pytest.raises(Trouble, match="cannot use the token"):
        demand_sane(wrong)


def test_an_order_tells_all_but_the_key_which_the_edge_has() -> None:
    newer = replace(TOKEN, serial=4, name="edge.third.example")
    spelled = for_order(newer)
    assert TOKEN.key.reveal() not in str(spelled)
    assert of_order(spelled, TOKEN) == newer
    with pytest.raises(ValueError, match="another site"):
        of_order(spelled, replace(TOKEN, verify_key="ef" * 32))


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (replace(TOKEN, serial=2), "older"),
        (replace(TOKEN, edge="edge2"), "already"),
        (replace(TOKEN, site="0" * 16), "already"),
    ],
)
def test_an_edge_follows_what_is_newer_and_its_own(token: Token, why: str) -> None:
    demand_successor(TOKEN, None)
    demand_successor(replace(TOKEN, serial=9), TOKEN)
    with pytest.raises(Trouble, match=why):
        demand_successor(token, TOKEN)
