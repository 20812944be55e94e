"""The zones of the lab: what is published is delegated from the root down."""

from __future__ import annotations

from pathlib import Path

from greygate.lab import names
from greygate.lab.places import Places


def test_a_zone_is_delegated_from_its_top_and_that_from_the_root() -> None:
    made = names.files({"twinkle.ygg.at": "@ A 203.0.113.10"}, {})
    assert "at. NS" in made[names.ZONES / "root.zone"]
    assert "twinkle.ygg.at. NS" in made[names.ZONES / "at.zone"]
    assert "@ A 203.0.113.10" in made[names.ZONES / "twinkle.ygg.at.zone"]


def test_a_zone_with_its_own_beginning_is_left_as_it_is() -> None:
    text = "@ 3600 IN SOA ns. root. 1 2 3 4 5\n@ NS ns.\n"
    assert names.files({"other.example": text}, {})[names.ZONES / "other.example.zone"] == text


def test_only_a_zone_with_a_key_takes_updates_and_only_from_it() -> None:
    made = names.files({"one.example": "", "other.example": ""}, {"other.example": "c2VjcmV0"})
    served = made[names.CONFIG].partition("zone:\n")[2].split("  - domain:")
    assert [it.split()[0] for it in served if "acl" in it] == ['"other.example"']
    assert "id: other.example\n    key: other.example" in made[names.CONFIG]
    assert "allow" not in made[names.CONFIG]


def test_a_key_file_is_read_by_the_clients_of_bind_and_knot(tmp_path: Path) -> None:
    places = Places(cache=tmp_path, run=tmp_path, name="test")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/other.example").write_text("c2VjcmV0")
    assert names.key_file("other.example", places) == (
        'key "other.example" {\n\talgorithm hmac-sha256;\n\tsecret "c2VjcmV0";\n};\n'
    )
