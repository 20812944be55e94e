"""What somebody else changed about our units, as systemd shows it."""

from __future__ import annotations

import pytest

from greygate.run.shown import overrides
from greygate.run.unit_drift import drift, parse_properties
from greygate.run.unit_text import TARGET

FILES = {TARGET: "a", "greygate-haproxy.service": "b", "greygate-renew.timer": "c"}
UNITS = parse_properties(
    f"Id={TARGET}\nActiveState=active\nUnitFileState=enabled\n\n"
    "Id=greygate-haproxy.service\nActiveState=failed\nUnitFileState=disabled\n\n"
    "Id=greygate-renew.timer\nActiveState=active\nUnitFileState=enabled\n"
)


def changed(unit: str, name: str, value: str) -> dict[str, dict[str, str]]:
    found = {key: dict(it) for key, it in UNITS.items()}
    found[unit][name] = value
    return found


def test_units_as_they_were_written_are_not_spoken_of() -> None:
    assert not list(drift(FILES, FILES, UNITS))


@pytest.mark.parametrize("files", [FILES | {"greygate-haproxy.service": "x"}, {TARGET: "a"}])
def test_a_file_that_is_changed_or_gone_is_named(files: dict[str, str]) -> None:
    (remark,) = drift(FILES, {"greygate-renew.timer": "c", **files}, UNITS)
    assert "greygate-haproxy.service" in remark.text
    assert remark.cure == "greygate apply"


@pytest.mark.parametrize("state", ["disabled", "masked", ""])
def test_a_target_that_the_next_boot_does_not_start(state: str) -> None:
    (remark,) = drift(FILES, FILES, changed(TARGET, "UnitFileState", state))
    assert "next boot" in remark.text


def test_a_timer_that_somebody_stopped() -> None:
    (remark,) = drift(FILES, FILES, changed("greygate-renew.timer", "ActiveState", "inactive"))
    assert "greygate-renew.timer" in remark.text


def test_after_a_down_a_stopped_timer_is_no_news() -> None:
    down = changed("greygate-renew.timer", "ActiveState", "inactive")
    down[TARGET]["ActiveState"] = "inactive"
    assert not list(drift(FILES, FILES, down))


def test_drop_ins_for_one_unit_are_told_from_those_for_many() -> None:
    own = "/etc/systemd/system/greygate-haproxy.service.d/x.conf"
    many = "/etc/systemd/system/service.d/y.conf /etc/systemd/system/greygate-.service.d/z.conf"
    assert overrides("greygate-haproxy.service", f"{own} {many}") == (own,)
    assert overrides("greygate-haproxy.service", "") == ()
