"""What somebody else changed about our units in systemd: all serves now, and not for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from greygate.run.seen import Remark
from greygate.run.shown import blocks
from greygate.run.unit_text import TARGET
from greygate.text import _, listing

PROPERTIES = ("Id", "ActiveState", "UnitFileState")
ENABLED = ("enabled", "enabled-runtime")
STARTS_OTHERS = (".timer", ".path", ".socket")  # nobody misses one of them until it matters
CURE = "greygate apply"

Properties = Mapping[str, str]


def parse_properties(text: str) -> dict[str, Properties]:
    """The properties of each unit by its name, from what `systemctl show` prints."""
    return {block["Id"]: block for block in blocks(text) if "Id" in block}


def drift(
    expected: Mapping[str, str], files: Mapping[str, str], units: Mapping[str, Properties]
) -> Iterator[Remark]:
    """What differs: `expected` and `files` are texts of unit files, `units` is systemd's view."""
    if others := sorted(name for name, text in expected.items() if files.get(name) != text):
        yield Remark(
            _("files in /etc/systemd/system differ from what Greygate writes: {names}").format(
                names=listing(others)
            ),
            CURE,
        )
    target = units.get(TARGET, {})
    if target.get("UnitFileState") not in ENABLED:
        yield Remark(
            _("{name} is not enabled: nothing starts at the next boot").format(name=TARGET), CURE
        )
    if target.get("ActiveState") != "active":  # somebody stopped all of it
        return
    if stopped := sorted(_stopped(units)):
        yield Remark(
            _("{names} does not run, nor what it starts").format(names=listing(stopped)), CURE
        )


def _stopped(units: Mapping[str, Properties]) -> Iterator[str]:
    for name, unit in units.items():
        if name.endswith(STARTS_OTHERS) and unit.get("ActiveState") != "active":
            yield name
