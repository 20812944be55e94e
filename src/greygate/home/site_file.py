"""The site file of this deployment: the one that is there, or a new one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from greygate.errors import Trouble, WrongUsage
from greygate.home import choice
from greygate.home.aside import set_trial_aside, trial_in
from greygate.home.choice import Standing
from greygate.home.half import demand_no_edge, demand_state, site_file
from greygate.home.place import Place, demand_passable
from greygate.progress import Progress
from greygate.site import load
from greygate.site.doubts import Severity, doubts
from greygate.site.making import TOKEN_LENGTH, standalone, trial
from greygate.site.model import Node, Site
from greygate.site.near_name import check_name, name_hint
from greygate.site.parse import parse
from greygate.site.write import site_text
from greygate.spec.peering import listen_problem, peer_problem
from greygate.text import _

TOKEN_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # lower-case base32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was said of a new site on the command line."""

    name: str | None
    peers: Sequence[str] = ()
    listen: Sequence[str] = ()
    accepted: Sequence[str] = ()


def ensure(
    place: Place,
    wishes: Wishes,
    progress: Progress,
    *,
    named: Path | None,
    environ: Mapping[str, str],
    look: Callable[[], Standing] = choice.look,
) -> Path:
    """The site file; a new one where there is none: for keeps with a name, else a trial."""
    if wishes.name is not None:
        set_trial_aside(place, progress)
    found = site_file(place, named, environ)
    if found is not None:
        _check_same(found, wishes)
        return found
    demand_no_edge(place)
    demand_passable(place)
    demand_unclaimed(place, wishes.name)
    try:
        return _new(place, wishes, progress, node=choice.chosen_node(look()))
    except load.SiteExists as another:  # which was started in this very moment
        _check_same(another.path, wishes)
        return another.path


def _new(place: Place, wishes: Wishes, progress: Progress, *, node: Node) -> Path:
    if wishes.name is not None:
        return written(place.new_site, for_keeps(wishes, node), progress)
    token = "".join(secrets.choice(TOKEN_LETTERS) for _place in range(TOKEN_LENGTH))
    return written(place.trial_site, _peered(trial(token, node=node), wishes), progress)


def demand_unclaimed(place: Place, name: str | None) -> None:
    """Trouble where the state is a server's whose site file is gone: a new one would hide that."""
    demand_state(place)
    mark = Path(place.paths.site_mark)
    owner = mark.read_text("utf-8", errors="replace").strip() if mark.exists() else None
    if owner in (None, name):
        return
    raise Trouble(
        _("cannot start a new server in {state}: it holds {other}, whose site file is gone").format(
            state=place.paths.state, other=owner
        ),
        _(
            "put the site file back: tar -xf {identity} -C {state} site.toml; "
            "or choose another place with --state DIRECTORY"
        ).format(identity=place.paths.identity, state=place.paths.state),
    )


def for_keeps(wishes: Wishes, node: Node) -> Site:
    """The standalone site of that name; WrongUsage where the name cannot be one, or is doubted."""
    name, why = check_name(wishes.name or "")
    if name is None:
        raise WrongUsage(
            _("cannot use {name!r} as server name: {why}").format(name=wishes.name, why=why),
            name_hint(wishes.name or ""),
        )
    site = standalone(name, node=node, accepted=tuple(wishes.accepted))
    for doubt in doubts(
        name,
        site.names.client,
        federation=False,
        layout=site.names.layout,
        accepted=site.accepted_doubts,
    ):
        if doubt.severity is Severity.REFUSE:
            raise WrongUsage(
                _("cannot use {name} as server name: {why}").format(name=name, why=doubt.text),
                _("{hint}; or, knowing this: --accept {doubt}").format(
                    hint=doubt.hint, doubt=doubt.name
                ),
            )
    return _peered(site, wishes)


def _check_same(found: Path, wishes: Wishes) -> None:
    """A wish that the site file does not hold would be lost: refuse it, rather than forget it."""
    site = load.load(found)
    if wishes.name is not None and wishes.name != str(site.server_name):
        raise WrongUsage(
            _("cannot start {name}: {file} is the site of {other}").format(
                name=wishes.name, file=found, other=site.server_name
            ),
            _("keep both: greygate up {name} --state DIRECTORY; or move that one away").format(
                name=wishes.name
            ),
        )
    missing = [
        uri
        for wished, held in (
            (wishes.peers, site.overlay.peers),
            (wishes.listen, site.overlay.listen),
        )
        for uri in wished
        if uri not in held
    ]
    if missing:
        raise WrongUsage(
            _("cannot add {uri}: the site file decides").format(uri=missing[0]),
            _("add it under [overlay] in {file}, then: greygate up").format(file=found),
        )


def _peered(site: Site, wishes: Wishes) -> Site:
    for uri, why in (
        *((uri, peer_problem(uri)) for uri in wishes.peers),
        *((uri, listen_problem(uri)) for uri in wishes.listen),
    ):
        if why is not None:
            raise WrongUsage(
                _("cannot use {uri} as peering: {why}").format(uri=uri, why=why),
                _("write it like tls://192.0.2.1:443, or quic://[2001:db8::1]:443?key=..."),
            )
    overlay = replace(site.overlay, peers=tuple(wishes.peers), listen=tuple(wishes.listen))
    return replace(site, overlay=overlay)


def demand_free(place: Place, *, named: Path | None) -> Path:
    """Where a new site file goes; SiteExists where there is one that would not be set aside."""
    demand_no_edge(place)
    file = named or place.new_site
    goes = file == place.trial_site and trial_in(place) is not None
    if file.exists() and not goes:
        raise load.SiteExists(file)
    return file


def begin(place: Place, site: Site, progress: Progress, *, named: Path | None) -> Path:
    """The site file of a new server for keeps; a trial that was here is set aside."""
    set_trial_aside(place, progress)
    file = demand_free(place, named=named)
    demand_unclaimed(place, str(site.server_name))
    return written(file, site, progress)


def written(path: Path, site: Site, progress: Progress) -> Path:
    """A new site file; SiteExists where there is one."""
    text = site_text(site)
    parse(text, _("what the flags make of {path}").format(path=path))
    load.write(path, text)
    progress.note(_("wrote the site file {path}").format(path=path))
    return path
