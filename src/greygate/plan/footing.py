"""What every machine of ours has: a tree of its own, and accounts or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from greygate.plan.paths import Paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """Where a plan stands on a machine."""

    paths: Paths
    accounts: bool  # services run under accounts of their own (we are root)


Wish = TypeVar("Wish")  # what somebody asked for: a Site at home, a Token on an edge
Derived = TypeVar("Derived", bound=Footing)  # the plan that follows from it
