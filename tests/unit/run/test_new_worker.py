"""A real HAProxy told to reload: where its new worker comes up, and where it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import psutil
import pytest

from greygate.run import new_worker

pytestmark = pytest.mark.programs

CONFIG = """
global
    maxconn 2000
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend it
    bind unix@{socket}
    tcp-request connection reject
"""
# Files: 2000 connections want some 4000; the master alone, without which nothing goes on, some 200.
TOO_FEW = 300


@contextmanager
def haproxy(tmp_path: Path) -> Iterator[psutil.Process]:
    """A master with its worker."""
    program = which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None
    config = tmp_path / "haproxy.cfg"
    config.write_text(CONFIG.format(socket=tmp_path / "sock"))
    with subprocess.Popen([program, "-W", "-f", str(config)], stderr=subprocess.DEVNULL) as master:
        try:
            assert new_worker.comes_up(master.pid, frozenset(), refused=lambda: False)
            yield psutil.Process(master.pid)
        finally:
            master.terminate()


def reloaded(master: psutil.Process) -> bool:
    before = new_worker.workers_of(master.pid)
    master.send_signal(signal.SIGUSR2)
    return new_worker.comes_up(master.pid, before, refused=lambda: False)


def test_a_new_worker_is_seen(tmp_path: Path) -> None:
    with haproxy(tmp_path) as master:
        assert reloaded(master)
        assert reloaded(master)


def test_one_that_does_not_come_up_is_noticed_while_the_old_one_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_worker, "WITHIN", 3.0)
    with haproxy(tmp_path) as master:
        old = new_worker.workers_of(master.pid)
        master.rlimit(psutil.RLIMIT_NOFILE, (TOO_FEW, TOO_FEW))
        assert not reloaded(master)
        assert new_worker.workers_of(master.pid) == old
