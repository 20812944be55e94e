"""What follows for this machine from a site file: addresses, interfaces, and the stand-in."""

from __future__ import annotations

from ipaddress import IPv6Address
from pathlib import Path

import pytest

from greygate.errors import NotRunning, Trouble
from greygate.home.half import demand_claimed, derive, existing_site, site_file
from greygate.home.place import Place
from greygate.home.preparation import found
from greygate.home.site_file import demand_unclaimed
from greygate.identity import keys
from greygate.plan.plan import INTERFACE, LOOPBACK
from greygate.run import systemd
from greygate.run.unit_text import TARGET
from greygate.run.units import OURS
from greygate.site.model import Node
from greygate.site.parse import parse
from some_homes import ITS_ADDRESS, NO_TUN, node, place, standing
from some_sites import site

SOURCE = Path("/etc/greygate/site.toml")
ROUTED = "300:1111:2222:3333::1"


@pytest.fixture
def made(tmp_path: Path) -> Place:
    """A place whose keys are there."""
    where = place(tmp_path / "s")
    keys.claim(where.paths, "twinkle.example")
    keys.ensure_keys(where.paths, accounts=False)
    return where


def test_our_own_nodes_address_follows_its_key(made: Place) -> None:
    home = derive(SOURCE, site(Node.MANAGED), made, standing())
    assert home.plan.addresses == (keys.overlay_address(made.paths),)
    assert home.plan.interface == INTERFACE
    assert home.substitute is home.cure is None


def test_where_no_node_can_run_loopback_stands_in_and_says_why(made: Place) -> None:
    home = derive(SOURCE, site(Node.MANAGED), made, standing(tun=NO_TUN))
    assert home.site.overlay.node is Node.LOOPBACK
    assert home.plan.addresses == LOOPBACK
    assert home.plan.interface is None
    assert home.substitute == "there is no /dev/net/tun"
    assert home.cure == "mknod /dev/net/tun c 10 200"
    assert not home.site.overlay.firewall
    assert [it.name for it in home.units] == ["synapse", "haproxy"]


@pytest.mark.parametrize("wanted", [Node.LOOPBACK, Node.SYSTEM])
def test_nothing_stands_in_where_no_node_of_ours_is_wanted(made: Place, wanted: Node) -> None:
    home = derive(SOURCE, site(wanted), made, standing(tun=NO_TUN, node=node()))
    assert home.site.overlay.node is wanted
    assert home.substitute is None


def test_a_system_nodes_own_address_and_interface_are_taken(made: Place) -> None:
    home = derive(SOURCE, site(Node.SYSTEM), made, standing(node=node()))
    assert home.plan.addresses == (ITS_ADDRESS,)
    assert home.plan.interface == "tun0"


def test_a_system_node_that_does_not_run_is_asked_for(made: Place) -> None:
    with pytest.raises(Trouble, match="no Yggdrasil answers") as trouble:
        derive(SOURCE, site(Node.SYSTEM), made, standing())
    assert "systemctl start yggdrasil" in trouble.value.hint


def test_a_routed_address_is_found_on_the_interface_that_has_it(made: Place) -> None:
    wanted = parse(
        'server_name = "twinkle.net"\nfederation = false\n'
        f'[overlay]\nnode = "routed"\naddress = "{ROUTED}"\n'
    )
    address = IPv6Address(ROUTED)
    there = derive(SOURCE, wanted, made, standing(interfaces={address: "eth0"}))
    assert (there.plan.addresses, there.plan.interface) == ((address,), "eth0")
    assert derive(SOURCE, wanted, made, standing()).plan.interface is None


def test_a_named_state_directory_keeps_its_own_site_file(tmp_path: Path) -> None:
    where = place(tmp_path / "s")
    assert site_file(where, None, {}) is None
    where.trial_site.parent.mkdir()
    where.trial_site.touch()
    assert site_file(where, None, {}) == where.trial_site
    other = tmp_path / "other.toml"
    assert site_file(where, other, {}) == other
    assert site_file(where, None, {"GREYGATE_SITE": str(other)}) == other


def test_without_a_site_file_both_ways_to_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no server here yet") as trouble:
        existing_site(place(tmp_path / "s"), None, {})
    assert "greygate up" in trouble.value.hint
    assert "greygate init NAME" in trouble.value.hint


def test_where_services_have_lost_their_state_no_keys_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, file = place(tmp_path / "s"), tmp_path / "site.toml"
    file.write_text('server_name = "home.example.net"\nfederation = false\n')
    units = tmp_path / "units"
    units.mkdir()
    monkeypatch.setattr(systemd, "UNITS", units)
    (units / TARGET).write_text(f"[Unit]\n{OURS}=/elsewhere\n")
    with pytest.raises(NotRunning, match="never started"):
        demand_claimed(where, parse(file.read_text()))
    (units / TARGET).write_text(f"[Unit]\n{OURS}={where.paths.state}\n")
    for act in (
        lambda: demand_claimed(where, parse(file.read_text())),
        lambda: found(file, where, standing()),
        lambda: demand_unclaimed(where, "home.example.net"),
    ):
        with pytest.raises(Trouble, match=r"their state in .* is gone") as told:
            act()
        assert "greygate backup restore FILE" in told.value.hint
    assert not Path(where.paths.state).exists()
