"""The zones of the lab: what is published is delegated from the root down."""

from __future__ import annotations

from greygate.lab import names


def test_a_zone_is_delegated_from_its_top_and_that_from_the_root() -> None:
    made = names.files({"twinkle.ygg.at": "@ A 203.0.113.10"})
    assert "at. NS" in made[names.ZONES / "root.zone"]
    assert "twinkle.ygg.at. NS" in made[names.ZONES / "at.zone"]
    assert "@ A 203.0.113.10" in made[names.ZONES / "twinkle.ygg.at.zone"]


def test_a_zone_with_its_own_beginning_is_left_as_it_is() -> None:
    text = "@ 3600 IN SOA ns. root. 1 2 3 4 5\n@ NS ns.\n"
    assert names.files({"other.example": text})[names.ZONES / "other.example.zone"] == text
