"""identity.tar: all that makes the server itself, in one file to keep; messages are not in it."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import greygate
from greygate.errors import Trouble
from greygate.identity import keys
from greygate.machine.files import Owner, directory, replace, write_new
from greygate.plan.paths import Paths
from greygate.text import _, listing

FORMAT = 1
VERSION = "VERSION"
SUMS = "SHA256SUMS"
SITE = "site.toml"

ALWAYS = {"server-name", "keys/signing.key", "keys/overlay.pem", "keys/ca.key", "certs/ca.pem"}
OWN = 0o700
LARGEST = 1_000_000  # octets of one member; the real ones are below 10,000
LARGEST_WHOLE = 64 * LARGEST

_OF_EDGES = re.compile(r"keys/site\.pem|edges/[a-z][a-z0-9-]{0,31}/(overlay\.pem|peer-label)")
_OF_ACME = re.compile(r"keys/acme-(accounts|dns)\.json")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an archive holds: content by name, the names as below the state directory."""

    members: Mapping[str, bytes]

    @property
    def server_name(self) -> str:
        return self.members["server-name"].decode().strip()

    @property
    def site(self) -> str | None:
        """The site file's text, where there was one."""
        content = self.members.get(SITE)
        return None if content is None else content.decode()

    def packed(self) -> bytes:
        """The archive: the same content gives the same octets."""
        import tarfile  # slow to import, and seldom needed

        listed = {VERSION: _version(), **self.members}
        sums = "".join(
            f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in listed.items()
        )
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in {**listed, SUMS: sums.encode()}.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o600
                archive.addfile(member, io.BytesIO(content))
        return stream.getvalue()


def gathered(paths: Paths, *, site: str | None) -> Identity:
    """The identity as it is on this machine now."""
    kept = (*_kept(paths), *_of_edges(paths), *_of_acme(paths), *_of_operator(paths))
    members = {_place(paths, path): Path(path).read_bytes() for path in kept}
    if site is not None:
        members[SITE] = site.encode()
    return Identity(members)


def ensure_archive(paths: Paths, *, site: str | None) -> bool:
    """Keep identity.tar true to what it holds; True where it was written, and is to be kept.

    Trouble where a key is not the one in it: that copy may be the only one that is whole.
    """
    identity = gathered(paths, site=site)
    wanted = identity.packed()
    try:
        there = Path(paths.identity).read_bytes()
    except FileNotFoundError:
        there = b""
    if there == wanted:
        return False
    _demand_same_keys(paths, identity, there)
    replace(paths.identity, wanted, owner=Owner.ourselves(), mode=0o600)
    return True


def key_trouble(paths: Paths) -> Trouble | None:
    """Which key is not the one that the first start made; None where all are, or we may not look.

    What runs took its keys as it started, and notices nothing.
    """
    try:
        there = Path(paths.identity).read_bytes()
        keys.demand_sound(paths)
        members = {_place(paths, it): Path(it).read_bytes() for it in _kept(paths)}
        _demand_same_keys(paths, Identity(members), there)
    except Trouble as trouble:
        return trouble
    except OSError:
        return None
    return None


def read(content: bytes) -> Identity:
    """The identity in an archive, every member checked; Trouble where one is not as it was."""
    import tarfile

    try:
        members = _unpacked(content)
        sums = _sums(members.pop(SUMS))
    except (tarfile.TarError, KeyError, ValueError, EOFError) as broken:
        raise _refused(_("it is not a whole identity.tar")) from broken
    actual = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    if actual != sums:
        changed = sorted(name for name in actual | sums if actual.get(name) != sums.get(name))
        raise _refused(_("{names} changed since it was made").format(names=listing(changed)))
    version = members.pop(VERSION, b"").decode()
    if not version.startswith(f"format {FORMAT}\n"):
        raise _refused(_("its format is not {known}").format(known=FORMAT))
    identity = Identity(members)
    missing = ALWAYS - set(members)
    if missing:
        raise _refused(_("{names} is not in it").format(names=listing(sorted(missing))))
    return identity


def restore_into(paths: Paths, identity: Identity, *, accounts: bool) -> None:
    """Put an identity in place where there is no other; what a kill cut short can be run again."""
    there = [path for path in _kept(paths) if Path(path).exists()]
    wanted = {path: identity.members[_place(paths, path)] for path in _kept(paths)}
    if any(Path(path).read_bytes() != wanted[path] for path in there):
        raise Trouble(
            _("cannot restore into {state}: another server is there").format(state=paths.state),
            _("choose an empty place with --state DIRECTORY, or move that one away first"),
        )
    for path in (paths.keys, paths.ca.parent):
        directory(path, mode=keys.TRAVERSED)
    # The last made is put back first: then half an identity is seen for what it is.
    for path in reversed(_kept(paths)):
        mode = 0o644 if path in (paths.site_mark, paths.ca) else 0o600
        write_new(path, wanted[path], owner=Owner.ourselves(), mode=mode)
    keys.ensure_keys(paths, accounts=accounts)
    for name in filter(_OF_EDGES.fullmatch, identity.members):
        path = paths.state / name
        directory(path.parent, mode=OWN if path != paths.site_key else keys.TRAVERSED)
        write_new(path, identity.members[name], owner=Owner.ourselves(), mode=0o400)
    for name in filter(_OF_ACME.fullmatch, identity.members):
        path = paths.state / name
        write_new(path, identity.members[name], owner=Owner.ourselves(), mode=0o600)
    _restore_settings(paths, identity, accounts=accounts)


def left_out(paths: Paths) -> tuple[str, ...]:
    """What an operator wrote and the archive does not hold, as it is too large."""
    return tuple(str(it) for it in _settings(paths) if Path(it).stat().st_size > LARGEST)


def _restore_settings(paths: Paths, identity: Identity, *, accounts: bool) -> None:
    """The operator's settings; Synapse's account reads them through the group, and nobody else."""
    group = Owner.account(keys.SYNAPSE).group if accounts else Owner.ourselves().group
    owner = Owner(Owner.ourselves().user, group)
    for name in identity.members:
        path = paths.state / name
        inside = path.is_relative_to(paths.synapse_settings) and ".." not in path.parts
        if inside and path != paths.synapse_settings:
            directory(path.parent, mode=0o755)
            write_new(path, identity.members[name], owner=owner, mode=0o640)


def _demand_same_keys(paths: Paths, identity: Identity, there: bytes) -> None:
    """What was made once, and is in the archive already, stays what it is."""
    try:
        kept = read(there).members
    except Trouble:
        return  # none yet, or it was damaged itself
    made_once = (path for path in _kept(paths) if path != paths.ca)  # which names may renew
    for path in made_once:
        name = _place(paths, path)
        if name in kept and kept[name] != identity.members[name]:
            raise keys.damaged(paths, path)


def _kept(paths: Paths) -> tuple[PurePosixPath, ...]:
    made = (key.path for key in keys.keys_of(paths))
    return (paths.site_mark, *made, paths.ca_key, paths.ca)


def _of_edges(paths: Paths) -> tuple[PurePosixPath, ...]:
    """What only a server that federates has; an edge may get another key, after a theft."""
    kept = ("*/overlay.pem", "*/peer-label")
    edges = sorted(path for each in kept for path in Path(paths.edges).glob(each))
    made = (paths.site_key, *map(PurePosixPath, edges))
    return tuple(path for path in made if Path(path).exists())


def _of_acme(paths: Paths) -> tuple[PurePosixPath, ...]:
    """What CAA records and CNAMEs name; keys may be exchanged, and names added."""
    return tuple(it for it in (paths.acme_accounts, paths.acme_dns) if Path(it).exists())


def _of_operator(paths: Paths) -> tuple[PurePosixPath, ...]:
    """Settings of his own; a site file is handed in, as it may lie elsewhere."""
    return tuple(it for it in _settings(paths) if Path(it).stat().st_size <= LARGEST)


def _settings(paths: Paths) -> tuple[PurePosixPath, ...]:
    found = (it for it in Path(paths.synapse_settings).rglob("*") if it.is_file())
    return tuple(sorted(map(PurePosixPath, found)))


def _place(paths: Paths, path: PurePosixPath) -> str:
    return str(path.relative_to(paths.state))


def _version() -> bytes:
    return f"format {FORMAT}\ngreygate {greygate.__version__}\n".encode()


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The members by name; nothing is written, so no path in it can lead astray."""
    import tarfile

    members = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is None or member.size > LARGEST:
                raise ValueError(member.name)
            members[member.name] = stream.read()
    return members


def _sums(content: bytes) -> dict[str, str]:
    rows = (line.split("  ", 1) for line in content.decode().splitlines())
    return {name: digest for digest, name in rows}


def _refused(why: str) -> Trouble:
    return Trouble(
        _("cannot use this archive: {why}").format(why=why),
        _("take another copy of identity.tar; this one was left as it is"),
    )
