"""The oracle: what Synapse itself says has arrived, and on which of its sockets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lab.waiting import wait_until
from separation.shots import Shot

MARK = re.compile(r"shot\d{6}x")

# Synapse's own words (http/site.py of 1.163.2). The socket stands where an asker's address would,
# for a listener that is told not to look for one.
_BEGUN = re.compile(r"^(?P<asker>\S+) - \S+ - Received request: (?P<method>\S+) (?P<target>.*)$")
_DONE = re.compile(
    r"^(?P<asker>\S+) - \S+ - \{.*?\} Processed request: .* \S+B (?P<status>\d+)!? "
    r'"(?P<method>\S+) (?P<target>.*) HTTP/\d\.\d" "(?P<agent>.*)" \[\d+ dbevts\]$'
)

LOG_CONFIG = """\
version: 1
formatters: {{line: {{format: "%(message)s"}}}}
handlers:
  out: {{class: logging.StreamHandler, formatter: line, stream: "ext://sys.stdout"}}
  arrivals: {{class: logging.FileHandler, formatter: line, filename: {file}}}
loggers:
  synapse.access: {{level: DEBUG, handlers: [arrivals], propagate: false}}
root: {{level: WARNING, handlers: [out]}}
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One line about a request that reached Synapse."""

    asker: str  # an address, or the federation's socket
    door: str  # "federation" or "client"
    method: str
    target: str
    agent: str | None  # known once it is over
    status: int | None

    @property
    def is_expected(self) -> bool:
        """What goes on in any world: the remote homeserver asks, and home's own programs do."""
        ours = self.door == "client" and self.asker in ("127.0.0.1", "::1")
        return ours or (self.agent or "").startswith("Synapse/")

    @property
    def marks(self) -> set[str]:
        return set(MARK.findall(f"{self.target} {self.agent or ''}"))


@dataclass(slots=True)
class SynapseLog:
    """A log that is read on and on."""

    file: Path
    place: int = 0

    def arrivals(self) -> list[Arrival]:
        """What came since the last time."""
        with self.file.open("rb") as lines:
            lines.seek(self.place)
            octets = lines.read()
        whole = octets[: octets.rfind(b"\n") + 1]
        self.place += len(whole)
        return [it for line in whole.decode().splitlines() if (it := arrival(line))]

    def until(self, shot: Shot) -> list[Arrival]:
        """What came until that shot, which arrives, was answered."""
        seen: list[Arrival] = []

        def is_there() -> bool:
            seen.extend(self.arrivals())
            return any(it.status is not None and shot.mark in it.marks for it in seen)

        wait_until(is_there, within=10, what=f"{shot.name} arrives")
        return seen


def arrival(line: str) -> Arrival | None:
    found = _BEGUN.match(line) or _DONE.match(line)
    if found is None:
        return None
    told = found.groupdict()
    door = "federation" if told["asker"].endswith("federation.sock") else "client"
    status = int(told["status"]) if told.get("status") else None
    return Arrival(told["asker"], door, told["method"], told["target"], told.get("agent"), status)


def listeners(rendered: str) -> str:
    """Our own listeners, the federation's told to log its socket in place of an asker."""
    start, end = rendered.index("listeners:\n"), rendered.index("# --- state ---")
    section = rendered[start:end]
    changed = re.sub(r'(  - path: \S*federation\.sock"?\n)', r"\1    x_forwarded: false\n", section)
    assert changed.count("x_forwarded: false") == 1, section
    return changed
