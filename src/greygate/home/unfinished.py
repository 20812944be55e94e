"""A Synapse database whose making was cut short, by a kill or a full disk.

Synapse (1.163.2) makes its tables in several transactions, and trips over those that an
interrupted first start has left. Nobody has an account in such a database.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from greygate.components.synapse import DATABASE
from greygate.plan.paths import Paths


def clear(paths: Paths) -> None:
    """Take an unfinished database away; one that anybody may have used is left alone."""
    database = Path(paths.synapse / DATABASE)
    if Path(paths.admin).exists() or not database.exists() or _may_be_used(database):
        return
    for path in database.parent.glob(f"{DATABASE}*"):  # the journals are part of it
        path.unlink()


def _may_be_used(database: Path) -> bool:
    """Whether there is an account in it; a database that cannot be read counts as used."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as opened:
            tables = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if ("users",) not in tables.fetchall():
                return False
            return opened.execute("SELECT 1 FROM users").fetchone() is not None
    except sqlite3.Error:
        return True
