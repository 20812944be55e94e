"""Tasks where systemd does not do them: commands of the system, done at start, undone at stop."""

from __future__ import annotations

import logging
import subprocess

from greygate.components.component import Task
from greygate.errors import MissingProgram, Trouble
from greygate.text import _

log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds for one command of a task; they take milliseconds


def bring_up(task: Task) -> None:
    """Do it; what was done is undone again where a later command of it is refused."""
    for argv in task.up:
        complaint = _run(argv)
        if complaint is not None:
            bring_down(task)
            raise Trouble(
                _("cannot set up the {task}: {program} says: {complaint}").format(
                    task=task.name, program=argv[0], complaint=complaint
                ),
                _("run it by hand to see more: {command}").format(command=" ".join(argv)),
            )
    log.info("Did %s", task.name)


def bring_down(task: Task) -> None:
    """Undo it; safe where nothing of it was done."""
    for argv in task.down:
        complaint = _run(argv)
        if complaint is not None:  # as expected where it was never up
            log.info("Undoing %s: %s: %s", task.name, argv[0], complaint)


def _run(argv: tuple[str, ...]) -> str | None:
    """What the program complained of, None where it ended well."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,  # Ctrl-C is for us alone: a task is done or undone whole
        )
    except FileNotFoundError as error:
        raise MissingProgram(
            _("cannot run {program}: it is not on this machine").format(program=argv[0]),
            _("install it, or run `greygate up` as root, which does"),
        ) from error
    except subprocess.TimeoutExpired:
        return _("no end after {seconds:.0f} s").format(seconds=PATIENCE)
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).strip()
    return said.splitlines()[0] if said else _("status {status}").format(status=done.returncode)
