"""Where a deployment of this user lives on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.text import _

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
    chosen = (named or _usual_state(environ, root=root)).expanduser().absolute()
    runtime = _runtime(environ, chosen, root=root, named=named is not None)
    paths = Paths.below(PurePosixPath(chosen), runtime)
    _check_length(paths)
    return Place(
        paths=paths,
        new_site=_usual_site(environ, chosen, root=root, named=named is not None),
        trial_site=chosen / "site.toml",
        root=root,
        named=named is not None,
    )


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
