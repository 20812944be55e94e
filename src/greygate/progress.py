"""How long work tells that it goes on: the contract between those who work and those who show."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Where work tells its steps. The command line shows them; tests may ignore them."""

    def step(self, text: str) -> AbstractContextManager[None]:
        """Show `text` as going on until the block ends."""

    def note(self, text: str) -> None:
        """Show one line that the user should see, and go on."""


class Silent:
    """Progress that nobody watches."""

    def step(self, text: str) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, text: str) -> None:
        return None
