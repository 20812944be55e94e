"""Weather as nft reads it."""

from __future__ import annotations

import pytest

from greygate.lab.weather import TABLE, Kind, Weather, rules


@pytest.mark.parametrize(
    ("weather", "match"),
    [
        (Weather(Kind.BLACKOUT), "edge drop"),
        (Weather(Kind.LOSS, 25), "numgen random mod 100 < 25 drop"),
        (Weather(Kind.IPV6_BLACK_HOLE), "meta nfproto ipv6 drop"),
        (Weather(Kind.OVERLAY_BLACK_HOLE), "ip6 daddr 200::/7 drop"),
        (Weather(Kind.FROZEN), "ct bytes > 16384 drop"),
    ],
)
def test_each_kind_drops_both_ways(weather: Weather, match: str) -> None:
    said = rules("edge", weather)
    assert said.count(match) == 2
    assert "iifname edge" in said
    assert "oifname edge" in said


@pytest.mark.parametrize("kind", [it for it in Kind if it is not Kind.CLEAR])
def test_the_table_tells_line_and_weather(kind: Kind) -> None:
    weather = Weather(kind)
    named = rules("edge", weather).split()[2]
    found = TABLE.fullmatch(named)
    assert found
    assert found.groups() == ("edge", str(weather))
