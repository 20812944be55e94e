"""`greygate show`: what follows from the site file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from greygate.apply import files
from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.help import family
from greygate.components.catalogue import ALL
from greygate.components.firewall import reachable, reachable_from_edges
from greygate.home.half import Home, existing_site
from greygate.plan.plan import Plan
from greygate.plan.policy import policy_for
from greygate.site import load
from greygate.site.defaults import derived
from greygate.text import _, aligned

command = family("show", "What follows from the site file: plan, files, policy.")


@command.command
def plan(*, common: Common = NONE) -> None:
    """Show what must be true if the site works, and why each derived value is what it is."""
    home = common.home()
    output.emit(told(home), as_json=common.json, text=text(home))


@command.command(name="files")
def files_(
    name: Annotated[
        str | None, Parameter(help="A path as this command lists it; all are listed if left out.")
    ] = None,
    /,
    *,
    common: Common = NONE,
) -> None:
    """List the files that are written for the programs, or print one of them.

    For example:

        greygate show files haproxy/haproxy.cfg
    """
    home = common.home()
    rendered = {str(path): it for path, it in files.rendered(home.site, home.plan, ALL).items()}
    if name is None:
        output.emit(rendered, as_json=common.json, text="\n".join(rendered))
    elif name not in rendered:
        raise output.unknown(name, rendered)
    elif common.json:
        output.emit({name: rendered[name]}, as_json=True, text="")
    else:
        output.say(rendered[name].rstrip("\n"))


@command.command
def policy(
    method: Annotated[
        str | None, Parameter(help="A method; with TARGET: what would come of that request.")
    ] = None,
    target: Annotated[str | None, Parameter(help="A path as it stands on the wire.")] = None,
    /,
    *,
    common: Common = NONE,
) -> None:
    """Show what other servers may ask for through an edge, and why; or judge one request.

    For example:

        greygate show policy
        greygate show policy GET /_matrix/client/versions
    """
    known = policy_for(load.load(existing_site(common.place(), common.site, common.environ)))
    if method is not None and target is not None:
        decided = known.decide(method.upper(), target)
        outcome = {"outcome": decided.outcome.value, "why": decided.why}
        text_ = f"{decided.outcome.value}: {decided.why}"
        output.emit(outcome, as_json=common.json, text=text_)
        return
    rows = [(it.method, it.path, it.reason) for it in (*known.open, *known.stated)]
    told_ = [{"method": method_, "path": path, "why": why} for method_, path, why in rows]
    output.emit(told_, as_json=common.json, text=aligned(rows))


def told(home: Home) -> dict[str, Any]:
    plan = home.plan
    return {
        "site": str(home.source),
        "server_name": str(home.site.server_name),
        "trial": home.site.trial,
        "node": home.site.overlay.node.value,
        "peers": list(plan.peers),
        "addresses": [str(address) for address in plan.addresses],
        "listeners": {listener.name: listener.port for listener in plan.listeners},
        "reachable": [str(opening) for opening in reachable(home.site, plan)],
        "reachable_from_edges": [str(opening) for opening in reachable_from_edges(plan)],
        "homeserver": plan.address_url,
        "homeserver_by_address": plan.address_url,
        "homeserver_by_name": plan.base_url,
        "certificate": _certified(plan),
        "state": str(plan.paths.state),
        "synapse_settings": _own_settings(plan),
        "sockets": str(plan.paths.runtime),
        "services": [unit.name for unit in home.units],
        "derived": [
            {"key": it.key, "value": it.value, "reason": it.reason} for it in derived(home.site)
        ],
    }


def text(home: Home) -> str:
    known, plan = told(home), home.plan
    rows = [
        (_("server name"), known["server_name"]),
        (_("site file"), known["site"]),
        (_("overlay node"), known["node"]),
        (_("overlay peers"), ", ".join(known["peers"]) or _("none")),
        (_("addresses"), ", ".join(known["addresses"])),
        (_("open on the overlay"), ", ".join(known["reachable"])),
        *_if_any(_("  from edges alone"), known["reachable_from_edges"]),
        (_("apps connect to"), known["homeserver"]),
        *_if_any(_("  or by name"), _other_url(plan)),
        (_("certificate for"), ", ".join(known["certificate"])),
        (_("state"), known["state"]),
        *_if_any(_("  your own for Synapse"), known["synapse_settings"]),
        (_("sockets"), known["sockets"]),
        (_("services"), ", ".join(known["services"])),
    ]
    reasons = [(it.key, it.value, it.reason) for it in derived(home.site)]
    return f"{aligned(rows)}\n\n" + _("derived, and why") + f"\n\n{aligned(reasons)}"


def _if_any(label: str, values: list[str]) -> list[tuple[str, str]]:
    return [(label, ", ".join(values))] if values else []


def _other_url(plan: Plan) -> list[str]:
    return [plan.base_url] if plan.base_url != plan.address_url else []


def _certified(plan: Plan) -> list[str]:
    """Public authorities are asked for names alone."""
    addresses = () if plan.vouched else plan.certificate.addresses
    return [*plan.certificate.names, *map(str, addresses)]


def _own_settings(plan: Plan) -> list[str]:
    """The operator's files that Synapse reads after ours."""
    return sorted(str(path) for path in Path(plan.paths.synapse_settings).glob("*.yaml"))
