"""What is on the lab's disks and how it came there: layers, each a script over the one below."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from greygate.components.catalogue import ALL
from greygate.lab.topology import Debian, Disk
from greygate.site.making import trial

# What `debootstrap --variant=minbase` leaves out of a machine that boots and has a network.
BOOTABLE = ("systemd", "systemd-sysv", "dbus", "iproute2")

# What whoever runs the remote homeserver wrote, as Synapse's documentation says.
BY_HAND = ("homeserver.yaml", "log.yaml", "matrix-synapse.service", "nginx.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One layer of a disk. It is made anew when anything in it changes, and only then."""

    name: str
    debian: Debian
    below: Recipe | None = None
    packages: tuple[str, ...] = ()  # for the lowest layer, which has no script
    script: str = ""  # run by sh as root, inside, with this machine's network
    clone: bool = False  # our working tree is at /root/greygate meanwhile
    texts: tuple[tuple[str, str], ...] = ()  # files by name, in /root/lab meanwhile
    made_of: tuple[str, ...] = ()  # what else it follows

    @property
    def key(self) -> str:
        """Names this very content: another lock file, another package, another key."""
        below = self.below.key if self.below else ""
        said = [self.name, self.debian.value, below, self.packages, self.script, self.texts]
        return hashlib.sha256(json.dumps([*said, self.made_of]).encode()).hexdigest()[:16]

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.debian.value}-{self.key}"

    @property
    def stack(self) -> tuple[Recipe, ...]:
        """This layer and all below it, topmost first."""
        return (self, *(self.below.stack if self.below else ()))


def recipe_for(disk: Disk, debian: Debian, *, tree: Path) -> Recipe:
    """The topmost layer of such a disk; `tree` is our working tree, for its lock files."""
    if disk is Disk.BARE:
        return Recipe(name="bare", debian=debian, packages=BOOTABLE)
    name = Disk.AUTHORITY.value if disk is Disk.ACME_DNS else disk.value  # one layer for both
    below = Disk.HOME if disk is Disk.CERTBOT else Disk.BARE
    return Recipe(
        name=name,
        debian=debian,
        below=recipe_for(below, debian, tree=tree),
        script=_script(f"{name}.sh"),
        clone=disk in (Disk.HOME, Disk.EDGE),
        texts=_texts(disk, tree),
        made_of=_followed(disk, tree),
    )


def _texts(disk: Disk, tree: Path) -> tuple[tuple[str, str], ...]:
    """The files that the layer's script finds beside it."""
    match disk:
        case Disk.FRIEND:
            return (("people.txt", _lock(tree, "people.txt")),)
        case Disk.REMOTE:
            locks = ((name, _lock(tree, name)) for name in ("people.txt", "synapse.txt"))
            return (*locks, *((name, _script(f"remote/{name}")) for name in BY_HAND))
        case Disk.NAMES:
            return (("unbound.conf", _script("unbound.conf")),)
        case _:
            return ()


def _followed(disk: Disk, tree: Path) -> tuple[str, ...]:
    """What else of ours the layer is made of."""
    match disk:
        case Disk.HOME:
            return _followed_at_home(tree)
        case Disk.EDGE:
            return (_lock(tree, "greygate.txt"),)
        case _:
            return ()


def _followed_at_home(tree: Path) -> tuple[str, ...]:
    """Lock files and the names of system packages; no other change of ours asks for a new one."""
    site = trial("a" * 8)
    names = sorted({name for component in ALL for name in component.packages(site)})
    return (*names, _lock(tree, "greygate.txt"), _lock(tree, "synapse.txt"))


def _lock(tree: Path, name: str) -> str:
    return (tree / "locks" / name).read_text("utf-8")


def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
