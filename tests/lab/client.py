"""A person's Matrix client in another process, as tests talk to it (see people.py)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any


class Refused(AssertionError):
    """What was asked of the client was refused, by the server or by the cryptography."""


class Client(AbstractContextManager["Client"]):
    """One running client; every method of people.py's `Person` is an act here."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._program = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def does(self, act: str, **wish: Any) -> dict[str, Any]:
        """Have it done; Refused where it is not."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps({"do": act, **wish}) + "\n")
        self._program.stdin.flush()
        line = self._program.stdout.readline()
        assert line, f"the client ended at {act}; its trace is on stderr"
        answer: dict[str, dict[str, Any]] = json.loads(line)
        if "refused" in answer:
            raise Refused(f"{act}: {answer['refused']}")
        return answer["done"]

    def close(self) -> None:
        """Let it end by itself, as a person closes an app."""
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(30)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
