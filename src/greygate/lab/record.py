"""What is up, as far as whoever brought it up lived to write: for people's eyes.

Nothing is cleaned by it; that goes by what the kernel lists (control groups, namespaces, mounts).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from greygate.lab.places import Places
from greygate.lab.topology import Debian, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Which world is up."""

    topology: str
    debian: str
    hosts: tuple[str, ...]
    made_of: str  # the whole topology, to tell whether it is still the same

    @classmethod
    def of(cls, topology: Topology, debian: Debian) -> Record:
        return cls(
            topology=topology.name,
            debian=debian.value,
            hosts=tuple(host.name for host in topology.hosts),
            made_of=repr(topology),
        )


def write(record: Record, places: Places) -> None:
    """Write it, whole or not at all."""
    beside = places.record.with_suffix(".new")
    beside.write_text(
        json.dumps({name: getattr(record, name) for name in Record.__slots__}, indent=2)
    )
    os.replace(beside, places.record)


def read(places: Places) -> Record | None:
    """The record of the world that is up; None where there is none."""
    try:
        said = json.loads(places.record.read_text())
    except FileNotFoundError:
        return None
    return Record(**{**said, "hosts": tuple(said["hosts"])})
