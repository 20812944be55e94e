"""Nothing of a test outlives it, also where whoever runs it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")  # before a program: it ends when we do

# Before a program that is to hear them: whoever runs the tests in the background, or under nohup,
# ignores these.
HEARING = ("env", "--default-signal=HUP,INT,QUIT,TERM")

# Its input ends when we close it, or are no more.
WAITING = "import sys; sys.stdin.read(); from {module} import {name} as it; it(*sys.argv[1:])"


@contextmanager
def afterwards(act: Callable[..., object], *words: str) -> Iterator[None]:
    """Have it done once the block ends, however that is: by a program that waits for it."""
    program = WAITING.format(module=act.__module__, name=act.__qualname__)
    with subprocess.Popen(
        (sys.executable, "-c", program, *words),
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C in a terminal is for us
    ) as waiting:
        try:
            yield
        finally:
            waiting.communicate()
    assert waiting.returncode == 0, f"{act.__qualname__} {' '.join(words)}"
