"""As whom services run in the foreground."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

from greygate.components.component import Addressed, Service
from greygate.run.privileges import Identity, confined, identity_of

NODE = Service(
    name="yggdrasil",
    description="the node",
    argv=("yggdrasil",),
    proof=(),
    ready=Addressed(IPv6Address("200::1")),
    account="greygate-yggdrasil",
    capabilities=("net_admin",),
    devices=("/dev/net/tun",),
    serves="greygate-node",
)


def test_a_service_is_its_own_account() -> None:
    assert identity_of(NODE, devices_open=True) == Identity(
        "greygate-yggdrasil", ("net_admin",), "greygate-node", ("greygate-yggdrasil",)
    )


def test_where_its_device_is_shut_it_is_root_with_next_to_nothing() -> None:
    expected = Identity("root", ("net_admin", "dac_read_search"), "greygate-node")
    assert identity_of(NODE, devices_open=False) == expected


def test_a_shut_device_is_no_matter_to_those_who_want_none() -> None:
    without = replace(NODE, devices=())
    assert identity_of(without, devices_open=False).account == "greygate-yggdrasil"


def test_an_account_keeps_exactly_its_capabilities_and_dies_with_its_parent() -> None:
    someone = Identity("someone", ("net_admin",), "shared", ("someone", "other"))
    assert " ".join(confined(("it", "-x"), someone)) == (
        "setpriv --pdeathsig KILL --no-new-privs --reuid someone --regid shared "
        "--groups someone,other "
        "--inh-caps -all,+net_admin --ambient-caps -all,+net_admin --bounding-set -all,+net_admin "
        "it -x"
    )


def test_an_account_without_other_groups_has_none() -> None:
    assert "--clear-groups" in confined(("it",), Identity("someone", (), "someone"))


def test_without_accounts_it_only_dies_with_its_parent() -> None:
    assert confined(("it",), None) == ("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "it")
