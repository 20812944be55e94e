"""Where a deployment of this user lives on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from greygate.errors import Trouble
from greygate.machine import files, preconditions
from greygate.plan.paths import Paths
from greygate.text import _

# Python, HAProxy and supervisord take these for the end of a path.
_UNFIT = re.compile(r"""[:"\x00-\x1f\x7f]| ;| \#""")
LOCATION = "location.json"  # in the state
LONGEST_SOCKET = 100  # sun_path holds 108 octets with its final zero; HAProxy adds a suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The directories of one deployment, and where its site file goes when we write it."""

    paths: Paths
    new_site: Path  # for keeps
    trial_site: Path
    root: bool
    named: bool  # somebody chose the state directory


def place_for(environ: Mapping[str, str], *, uid: int, state: Path | None = None) -> Place:
    """`/var/lib/greygate` for root, XDG for anybody else, or the state directory that was named."""
    root = uid == 0
    named = state or (Path(environ["GREYGATE_STATE"]) if environ.get("GREYGATE_STATE") else None)
    if named and _is_usual(named, environ, root=root):
        named = None  # to name the usual place is to name nothing
    chosen = _real(named) if named else _usual_state(environ, root=root).expanduser().absolute()
    _check_name(chosen)
    chosen, known = _remembered(chosen, uid)
    runtime = known or _runtime(environ, chosen, root=root, named=named is not None)
    paths = Paths.below(PurePosixPath(chosen), runtime)
    _check_length(paths)
    return Place(
        paths=paths,
        new_site=_usual_site(environ, chosen, root=root, named=named is not None),
        trial_site=chosen / "site.toml",
        root=root,
        named=named is not None,
    )


def remember(paths: Paths) -> None:
    """Have the state know its own name and where its sockets are, however it is named next time."""
    content = json.dumps({"state": str(paths.state), "runtime": str(paths.runtime)}).encode()
    file = paths.state / LOCATION
    if not Path(file).exists() or Path(file).read_bytes() != content:
        files.replace(file, content, owner=files.Owner.ourselves(), mode=0o600)


def _real(state: Path) -> Path:
    """One state has one name: not `../state`, nor a link. What cannot be is told by _check_name."""
    try:
        return state.expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return state.absolute()


def _remembered(state: Path, uid: int) -> tuple[Path, PurePosixPath | None]:
    """The name and the sockets with which it was started: a bind mount gives it another name, and
    another session another runtime directory. A copy remembers in vain, and nobody is told where
    to clear away by somebody else.
    """
    file = state / LOCATION
    try:
        told = json.loads(file.read_text("utf-8"))
        name, runtime = Path(told["state"]), PurePosixPath(told["runtime"])
        same = name.samefile(state) and file.stat().st_uid == uid
    except (OSError, ValueError, KeyError, TypeError):
        return state, None
    there = same and Path(runtime).is_dir()
    return (name if same else state), (runtime if there else None)


def demand_passable(place: Place) -> None:
    """Trouble where the services, which have accounts of their own, cannot come to their files."""
    demand_ours(place)
    if place.root:
        preconditions.demand_passable(place.paths)


def demand_ours(place: Place) -> None:
    """Trouble where root would look for the server of an ordinary user in places of its own, or
    take it away from him.
    """
    mark = Path(place.paths.site_mark)
    if place.root and mark.exists() and (owner := mark.stat().st_uid) != 0:
        name = files.account_name(owner)
        raise Trouble(
            _("cannot use {state}: it holds a server of {name}, and you are root").format(
                state=place.paths.state, name=name
            ),
            _(
                "run it as {name} (sudo -u {name} ...); for one of root's, choose another place: "
                "--state DIRECTORY"
            ).format(name=name),
        )


def _is_usual(named: Path, environ: Mapping[str, str], *, root: bool) -> bool:
    try:
        return _real(named) == _real(_usual_state(environ, root=root))
    except Trouble:  # nobody can tell where that would be
        return False


def _usual_state(environ: Mapping[str, str], *, root: bool) -> Path:
    if root:
        return Path("/var/lib/greygate")
    share = environ.get("XDG_DATA_HOME") or f"{_home(environ)}/.local/share"
    return Path(share) / "greygate"


def _usual_site(environ: Mapping[str, str], state: Path, *, root: bool, named: bool) -> Path:
    if named:
        return state / "site.toml"
    if root:
        return Path("/etc/greygate/site.toml")
    config = environ.get("XDG_CONFIG_HOME") or f"{_home(environ)}/.config"
    return Path(config) / "greygate/site.toml"


def _runtime(environ: Mapping[str, str], state: Path, *, root: bool, named: bool) -> PurePosixPath:
    """A named state directory has sockets of its own, so that two deployments never meet."""
    suffix = f"-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}" if named else ""
    if root:
        return PurePosixPath(f"/run/greygate{suffix}")
    if environ.get("XDG_RUNTIME_DIR"):
        return PurePosixPath(environ["XDG_RUNTIME_DIR"]) / f"greygate{suffix}"
    return PurePosixPath(state) / "run"


def _home(environ: Mapping[str, str]) -> str:
    if not environ.get("HOME"):
        raise Trouble(
            _("cannot tell where to keep the server: HOME is not set"),
            _("set HOME, or name a directory: --state DIR"),
        )
    return environ["HOME"]


def _check_name(state: Path) -> None:
    """The state can be a directory, and its name can be written into the services' files."""
    way = next(it for it in (state, *state.parents) if os.path.lexists(it))
    try:
        str(state).encode()
        why = None if way.is_dir() else _("{it} is not a directory").format(it=way)
        if (odd := _UNFIT.search(str(state))) is not None:
            why = _("{odd!a} in its name would be misread by the programs").format(odd=odd[0])
    except UnicodeEncodeError:
        why = _("its name is not UTF-8, or this locale is not (see: locale)")
    if why is not None:
        raise Trouble(
            _("cannot use {state!a}: {why}").format(state=str(state), why=why),
            _("name another directory: --state DIR"),
        )


def _check_length(paths: Paths) -> None:
    longest = max(
        (paths.client_socket, paths.federation_socket, paths.overlay_admin_socket),
        key=lambda path: len(str(path)),
    )
    if len(str(longest).encode()) > LONGEST_SOCKET:
        raise Trouble(
            _("cannot use {state}: the path of {socket} is too long for a socket").format(
                state=paths.state, socket=longest
            ),
            _("name a shorter directory: --state DIR"),
        )
