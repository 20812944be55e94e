"""Where the lab keeps what on this machine, and how its things are called."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CACHE = "/var/cache/greygate-lab"
PREFIX = "gg-"  # of everything of ours that the kernel names: namespaces, cgroups, machines


@dataclass(frozen=True, slots=True)
class Places:
    """One lab's directories; labs with different names do not meet."""

    cache: Path  # layers, kept
    run: Path  # the running hosts, gone after `down`
    name: str

    @property
    def layers(self) -> Path:
        return self.cache / "layers"

    @property
    def building(self) -> Path:
        """Layers that are not whole yet; nothing is ever used from here."""
        return self.cache / "building"

    @property
    def builders(self) -> str:
        """The control group of whoever builds layers for this cache, and of no other."""
        return f"{PREFIX}building-{hashlib.sha256(bytes(self.cache)).hexdigest()[:8]}"

    @property
    def build_log(self) -> Path:
        """All that was said when a layer was last built."""
        return self.cache / "build.log"

    @property
    def record(self) -> Path:
        """Which topology is up, JSON."""
        return self.run / "lab.json"

    @property
    def lock(self) -> Path:
        """Held by whoever brings this lab up or down; beside `run`, which comes and goes."""
        return self.run.with_name(f"{self.run.name}.lock")

    @property
    def authority(self) -> Path:
        """The lab's own certificate authority, where its world has one."""
        return self.run / "authority"

    @property
    def keys(self) -> Path:
        """The TSIG secret of each zone that takes updates, by its name."""
        return self.run / "keys"

    @property
    def hosts(self) -> Path:
        """A tmpfs: what hosts write is forgotten with the lab, however it ends."""
        return self.run / "hosts"

    def host(self, name: str) -> Path:
        return self.hosts / name

    def root(self, name: str) -> Path:
        """The host's file system."""
        return self.host(name) / "root"

    def label(self, name: str) -> str:
        """The host's network namespace and machine name."""
        return f"{PREFIX}{self.name}-{name}"

    @property
    def group(self) -> str:
        """The control group that everything of this lab runs in."""
        return f"{PREFIX}{self.name}"


def places_for(environ: Mapping[str, str], *, name: str = "lab") -> Places:
    """The usual places, the cache moved by $GREYGATE_LAB_CACHE."""
    assert name.isalnum(), "a hyphen would make one lab's names begin like another's"
    cache = Path(environ.get("GREYGATE_LAB_CACHE") or CACHE)
    return Places(cache=cache, run=Path(f"/run/greygate-{name}"), name=name)
