"""What `-v` shows: our own log, every program that is started, every request that is made."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Sequence

log = logging.getLogger(__name__)


def speak_up() -> None:
    """Log to stderr from now on."""
    # httpx tells each request at INFO; below that, others tell of every octet.
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("greygate").setLevel(logging.DEBUG)
    sys.addaudithook(_heard)  # the one place that all of them pass; no secret is ever in an argv


def _heard(event: str, told: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        argv = told[1]
        words = [str(argv)] if isinstance(argv, str) else list(map(_text, _sequence(argv)))
        log.debug("Running %s", shlex.join(words))


def _sequence(argv: object) -> Sequence[object]:
    return argv if isinstance(argv, Sequence) else (argv,)


def _text(word: object) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)
