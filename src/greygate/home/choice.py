"""Which Yggdrasil carries the overlay address, where the site file leaves it to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address

from greygate.errors import Trouble, WrongUsage
from greygate.machine import node as machine_node
from greygate.machine import rights as machine_rights
from greygate.machine.node import Found
from greygate.machine.rights import Rights
from greygate.probe import host
from greygate.site.model import Address, Node
from greygate.spec.yggdrasil import subnet_behind
from greygate.text import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What this machine is like, as far as the overlay goes."""

    rights: Rights
    node: Found | None  # a Yggdrasil that runs here and is not ours
    interfaces: Mapping[Address, str]  # every address of this machine, and what carries it

    @property
    def no_overlay(self) -> str | None:
        """Why we cannot run a node here; None where we can."""
        return self.rights.no_node()

    @property
    def cure(self) -> str | None:
        """What would end that, where it is known."""
        return self.rights.cure()


def look() -> Standing:
    """Look at this machine."""
    return Standing(
        rights=machine_rights.look(), node=machine_node.running(), interfaces=host.addresses()
    )


def chosen_node(standing: Standing) -> Node:
    """The node for a new site: the one that is already here, or ours."""
    if standing.node is None:
        return Node.MANAGED
    if not standing.node.joins():
        raise _too_old(standing.node)
    return Node.SYSTEM


def check_node(wanted: Node, standing: Standing) -> None:
    """Trouble where the node that the site file wants cannot be had beside what runs here."""
    if standing.node is None or wanted is Node.LOOPBACK:
        return
    if not standing.node.joins():
        raise _too_old(standing.node)
    if wanted is Node.MANAGED:
        raise Trouble(
            _(
                "cannot run a Yggdrasil of our own: one already runs here (version {version})"
            ).format(version=standing.node.version),
            _('use it: node = "system" under [overlay] in the site file'),
        )


def check_address(wanted: IPv6Address | None, own: IPv6Address | None, standing: Standing) -> None:
    """WrongUsage where `wanted` leads to another node than the one here, which has `own`."""
    if wanted is None or own is None or wanted == own:
        return
    if wanted not in subnet_behind(own):
        raise WrongUsage(
            _("cannot use the address {address}: the node here has {own} and {subnet}").format(
                address=wanted, own=own, subnet=subnet_behind(own)
            ),
            _("take the line address away from [overlay] in the site file, or write one of these"),
        )
    if wanted not in standing.interfaces:
        raise WrongUsage(
            _("cannot use the address {address}: this machine does not have it").format(
                address=wanted
            ),
            _("give it to an interface: ip address add {address}/64 dev INTERFACE").format(
                address=wanted
            ),
        )


def _too_old(found: Found) -> Trouble:
    return Trouble(
        _("cannot use the Yggdrasil {version} that runs here: today's network speaks 0.5").format(
            version=found.version
        ),
        _("install 0.5 or newer (Debian 12: from bookworm-backports), then run this again"),
    )
