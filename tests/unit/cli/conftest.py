"""A state directory with a server that was never started, and commands called in-process."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from greygate.cli.main import main
from greygate.home.place import Place, place_for
from greygate.identity import authority, keys
from greygate.plan.plan import LOOPBACK, CertificateNames
from greygate.site.making import standalone
from greygate.site.model import Node
from greygate.site.write import site_text
from greygate.spec.server_name import ServerName

NAME = "home.example.net"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def unmoved() -> Iterator[None]:
    """Signals and PATH are as before, whatever the command line makes of them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}
    path = os.environ["PATH"]
    yield
    os.environ["PATH"] = path
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], unmoved: None) -> Run:
    """Calls the command line with these words; there is no terminal."""

    def called(*words: str | Path) -> Ended:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return called


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports of bugs go."""
    directory = tmp_path / "reports"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture
def made(tmp_path: Path) -> Place:
    """A server on loopback whose keys are there, and that was never started."""
    place = place_for({"HOME": str(tmp_path)}, uid=os.geteuid(), state=tmp_path / "s")
    keys.claim(place.paths, NAME)
    keys.ensure_keys(place.paths, accounts=False)
    wanted = CertificateNames((NAME, f"m.{NAME}", "localhost"), LOOPBACK)
    now = datetime.now(UTC)
    authority.ensure_certificate(place.paths, wanted, accounts=False, now=now)
    site = standalone(ServerName.parse(NAME), node=Node.LOOPBACK)
    place.trial_site.write_text(site_text(site), "utf-8")
    return place
