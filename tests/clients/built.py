"""What the apps of these tests are made of: npm's packages and a Python with matrix-nio, kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import needs

SOURCES = Path(__file__).parent / "js"
LOCKED = (SOURCES / "package.json", SOURCES / "package-lock.json", SOURCES / ".npmrc")
PEOPLE = Path(__file__).parents[2] / "locks/people.txt"
# Some packages are CommonJS still, and ask for Node's own modules when they run.
REQUIRE = "import {createRequire} from 'module'; const require = createRequire(import.meta.url);"
WASM = "node_modules/@matrix-org/matrix-sdk-crypto-wasm/pkg"


def packages() -> Path:
    """The directory whose node_modules are those of the lock file."""
    return _once(_place("js", LOCKED), _npm)


def nio() -> Path:
    """A Python that has matrix-nio."""
    return _once(_place("nio", (PEOPLE,)), _pip) / "bin/python"


def bundle(into: Path) -> None:
    """Both programs, whole in themselves: page.js and page.html for a browser, node.mjs."""
    there = packages()
    esbuild = (str(there / "node_modules/.bin/esbuild"), "--bundle", "--format=esm")
    for name, options in (
        ("page.js", ("--outfile=page.js",)),
        ("node.js", ("--outfile=node.mjs", "--platform=node", f"--banner:js={REQUIRE}")),
    ):
        subprocess.run(
            (*esbuild, "--log-level=warning", *options, str(SOURCES / name)),
            cwd=into,
            env={**os.environ, "NODE_PATH": str(there / "node_modules")},
            check=True,
        )
    shutil.copy(SOURCES / "page.html", into)
    (into / "pkg").symlink_to(there / WASM)


def are_there() -> bool:
    """Whether neither needs a registry any more."""
    return _place("js", LOCKED).is_dir() and _place("nio", (PEOPLE,)).is_dir()


def _npm(into: Path) -> None:
    for file in LOCKED:
        shutil.copy(file, into)
    subprocess.run(("npm", "ci", "--loglevel=error"), cwd=into, check=True)


def _pip(into: Path) -> None:
    subprocess.run((sys.executable, "-m", "venv", str(into)), check=True)
    options = ("--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps")
    subprocess.run(
        (into / "bin/python", "-m", "pip", "install", *options, "-r", PEOPLE), check=True
    )


def _place(name: str, made_of: Sequence[Path]) -> Path:
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in made_of)).hexdigest()
    return Path(needs.engines().state / f"{name}-{digest[:12]}")


def _once(place: Path, make: Callable[[Path], None]) -> Path:
    """Made whole or not at all: another run may make the same meanwhile."""
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as below:
            aside = Path(below) / "made"
            aside.mkdir()
            make(aside)
            if not place.is_dir():
                aside.rename(place)
    return place
