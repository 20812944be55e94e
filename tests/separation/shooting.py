"""The shooter in another place, and what came of what it was given."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from separation.judge import Answer
from separation.shots import Shot


class Shooter(AbstractContextManager["Shooter"]):
    """One that runs (shooter.py); shots of one volley are in flight together."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._program = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def fire(self, shots: Sequence[Shot]) -> dict[str, Answer]:
        """Every shot's answer, by its mark."""
        writing = threading.Thread(target=self._write, args=(shots,))
        writing.start()
        answers = dict(self._read() for _ in shots)
        writing.join()
        return answers

    def _write(self, shots: Sequence[Shot]) -> None:
        assert self._program.stdin is not None
        for shot in shots:
            self._program.stdin.write(json.dumps(shot.line()) + "\n")
        self._program.stdin.flush()

    def _read(self) -> tuple[str, Answer]:
        assert self._program.stdout is not None
        line = self._program.stdout.readline()
        assert line, "the shooter ended; its trace is on stderr"
        told = json.loads(line)
        answer = Answer(
            end=told["end"],
            status=told.get("status"),
            head=told.get("head", told.get("why", "")),
            body=told.get("body", ""),
        )
        return told["id"], answer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        try:
            self._program.wait(30)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
