"""Who would be locked out by the firewall, and how they are asked."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path, PurePosixPath

import pytest

from greygate.apply import files, outstanding
from greygate.home import guard
from greygate.home.guard import demand_no_lockout, endangered, question
from greygate.plan.paths import Paths
from greygate.probe import host
from greygate.probe.answers import NoAnswer
from greygate.probe.host import Address, Connection, Connections
from some_homes import home
from some_sites import ADDRESS, SITES

FRIEND = IPv6Address("201:aaaa::1")


def connected(port: int, *, address: Address = ADDRESS, remote: Address = FRIEND) -> Connections:
    connection = Connection(address=address, port=port, remote=remote, remote_port=50_000)
    return Connections((connection,), frozenset({22, 443, 5901}))


def test_who_could_not_come_back_is_endangered() -> None:
    it = home(SITES["managed"]())
    assert [who.port for who in endangered(it, connected(5901))] == [5901]


def test_who_comes_by_an_open_port_is_not() -> None:
    it = home(SITES["managed"]())  # its site file allows tcp/22
    assert not endangered(it, connected(22))
    assert not endangered(it, connected(443))


def test_who_comes_past_the_overlay_is_not() -> None:
    it = home(SITES["managed"]())
    here, there = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    assert not endangered(it, connected(5901, address=here, remote=there))


def test_what_this_machine_dialled_itself_is_not() -> None:
    assert not endangered(home(SITES["managed"]()), connected(40_000))


def test_where_we_may_not_look_nobody_is_named() -> None:
    assert endangered(home(SITES["managed"]()), NoAnswer("only root may look")) == ()


def test_the_question_names_ports_and_people() -> None:
    it = home(SITES["managed"]())
    asked = question(endangered(it, connected(5901)))
    assert "tcp/5901" in asked
    assert str(FRIEND) in asked


def test_who_is_cut_off_while_he_is_asked_has_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """His terminal is gone, and with it the command; the next boot has the former rules."""
    stepped: list[object] = []
    monkeypatch.setattr(guard, "bring_up_with_way_back", lambda *_any: None)
    monkeypatch.setattr(host, "connections", lambda: connected(5901))
    monkeypatch.setattr(files, "step_back", stepped.append)

    def cut_off(_question: str, _seconds: float) -> bool:
        raise KeyboardInterrupt

    site, plan = SITES["managed"]()
    paths = Paths.below(PurePosixPath(tmp_path), PurePosixPath(tmp_path / "run"))
    Path(paths.rendered).mkdir()
    outstanding.add(Path(paths.rendered), {"firewall"})
    it = home((site, replace(plan, paths=paths)))
    with pytest.raises(KeyboardInterrupt):
        demand_no_lockout(it, cut_off)
    assert stepped == [it.plan]


def test_without_a_firewall_nobody_is_asked() -> None:
    it = home(SITES["loopback"]())
    open_still = replace(it, units=tuple(unit for unit in it.units if unit.name != "firewall"))

    def never(_question: str, _seconds: float) -> bool:
        raise AssertionError

    demand_no_lockout(open_still, never)
