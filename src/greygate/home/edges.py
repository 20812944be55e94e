"""Home's side of its edges: their keys, and the token that makes a rented host one of them."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

from greygate.errors import Trouble, WrongUsage
from greygate.home.half import Home
from greygate.identity import edge_keys
from greygate.machine import node
from greygate.machine.files import Owner, replace
from greygate.plan.challenges import serving
from greygate.plan.edges import EdgeLink
from greygate.plan.orders import LARGEST_NUMBER as LARGEST
from greygate.plan.paths import Paths
from greygate.plan.token import NameServer, Tenant, Token, site_id
from greygate.probe import overlay
from greygate.probe.answers import NoAnswer
from greygate.site.model import Node
from greygate.text import _, listing, nearest

# How many serials another copy of this home may be ahead: a backup is younger than that many
# changes. What an edge tells beyond is made up, and would lead to numbers that nobody reads.
FARTHEST = 10_000
ISSUED = "issued.json"  # what was told the edge last, beside its key


def link(home: Home, edge: str) -> EdgeLink:
    """The edge that is called so; WrongUsage, with the nearest, where there is none."""
    known = {it.edge.id: it for it in home.plan.edges}
    if edge in known:
        return known[edge]
    if not known:
        raise WrongUsage(
            _("cannot speak of {edge}: the site file has no edge").format(edge=edge),
            _("describe your rented host below [[edge]] in {file}").format(file=home.source),
        )
    near = nearest(edge, known)
    hint = _("did you mean {near}?").format(near=near) if near else listing(known)
    raise WrongUsage(_("cannot find an edge called {edge}").format(edge=edge), hint)


@dataclass(frozen=True, slots=True)
class Issued:
    """What home gave the edge last: looks go by it, whatever the site file says meanwhile."""

    serial: int = 0  # before the first token
    digest: str = ""


def issued(paths: Paths, edge: str) -> Issued:
    """What was issued last; nothing is made or written."""
    try:
        told = json.loads(Path(_issued_file(paths, edge)).read_bytes())
        return Issued(int(told["serial"]), str(told["digest"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Issued()


def forget_issued(paths: Paths, edge: str) -> None:
    """Serials begin anew, with another key."""
    Path(_issued_file(paths, edge)).unlink(missing_ok=True)


def is_made_up(paths: Paths, edge: str, serial: int) -> bool:
    """Whether no copy of this home can have issued that serial to the edge."""
    return serial > issued(paths, edge).serial + FARTHEST


def issue_token(home: Home, edge: str, *, above: int = 0) -> Token:
    """The edge's token as the site is now; a new serial where anything in it is new.

    It makes keys that are missing and writes the serial down: no look may call it. `above`: the
    serial is a higher one, as the edge was told that by another copy of this home.
    """
    paths, found = home.plan.paths, link(home, edge)
    verify_key = edge_keys.verify_key(paths)
    token = Token(
        site=site_id(verify_key),
        serial=0,
        edge=edge,
        name=found.edge.name.lower(),
        key=edge_keys.seed(paths, edge),
        home_key=_home_key(home),
        verify_key=verify_key,
        tenants=(Tenant(home.plan.ingress_names, _ingress(home), home.plan.ingress_port),),
        name_server=_name_server(home, edge),
        peer_label=found.label,
    )
    return _numbered(paths, token, above)


def _name_server(home: Home, edge: str) -> NameServer | None:
    zone = serving(home.site).get(edge)
    if zone is None:
        return None
    return NameServer(zone, edge_keys.ensure_name_server_key(home.plan.paths, edge))


def _ingress(home: Home) -> IPv6Address:
    address = home.plan.addresses[0]
    assert isinstance(address, IPv6Address), "edges are there on the overlay only"
    return address


def _home_key(home: Home) -> str:
    """The public key of the node that dials the edge."""
    if home.site.overlay.node is Node.MANAGED:
        return edge_keys.overlay_public_key(home.plan.paths)
    found = node.running()
    told = overlay.key(found.admin) if found and found.admin else NoAnswer(_("no node answers"))
    if isinstance(told, NoAnswer):
        raise Trouble(
            _("cannot make a token: this machine's Yggdrasil does not tell its key: {why}").format(
                why=told.why
            ),
            _("start it, then run this again as root"),
        )
    return told


def _numbered(paths: Paths, token: Token, above: int) -> Token:
    last = issued(paths, token.edge)
    if above > last.serial + FARTHEST or last.serial >= LARGEST:
        raise Trouble(
            _("cannot number the token of {edge} above {serial}").format(
                edge=token.edge, serial=max(above, last.serial)
            ),
            _("begin anew with another key: greygate edge rotate {edge}").format(edge=token.edge),
        )
    if last.digest == token.digest and last.serial > above:
        return dataclasses.replace(token, serial=last.serial)
    serial = max(last.serial, above) + 1
    text = json.dumps({"serial": serial, "digest": token.digest})
    replace(_issued_file(paths, token.edge), text.encode(), owner=Owner.ourselves(), mode=0o600)
    return dataclasses.replace(token, serial=serial)


def _issued_file(paths: Paths, edge: str) -> PurePosixPath:
    return paths.edge_key(edge).with_name(ISSUED)
