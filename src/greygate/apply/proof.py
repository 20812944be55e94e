"""What is rendered, shown to the programs it is for before it is used."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from greygate.components.component import Service, Task, Unit
from greygate.errors import CannotApply, MissingProgram
from greygate.machine.files import Owner
from greygate.plan.footing import Footing
from greygate.progress import Progress
from greygate.text import _, complaint, visible

PATIENCE = 120.0  # seconds; Synapse's takes 2, on a small board with a cold disk perhaps 40
SPOKEN = 6  # last lines of a refusal that are quoted
IGNORED = "IGNORING"  # Synapse (1.163.2) of a file in which it finds no settings, or of its name
# Nothing of root's own, which may hold tokens, comes into the reach of an account.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

Checked = TypeVar("Checked", bound=Unit)


def prove(plan: Footing, units: Sequence[Unit], progress: Progress) -> None:
    """Run every unit's own check of what lies in `plan.paths.rendered`; CannotApply if one refuses.

    `plan` is the one that proves: its files are not yet in use.
    """
    for unit, refusal in _refusals(plan, units, progress):
        raise CannotApply(
            _("cannot use the new configuration of {name}: {refusal}").format(
                name=unit.name, refusal=refusal
            ),
            _("it lies in {place}, the one in use is unchanged; to repeat: {command}").format(
                place=plan.paths.rendered, command=" ".join(unit.proof)
            ),
        )


def prove_in_place(plan: Footing, units: Sequence[Unit], progress: Progress) -> None:
    """Run the checks of those that read files of the operator's own; CannotApply if one refuses."""
    extended = [it for it in units if isinstance(it, Service) and _has_extra_config(it)]
    for unit, refusal in _refusals(plan, extended, progress):
        raise CannotApply(
            _("cannot use the configuration of {name}: {refusal}").format(
                name=unit.name, refusal=refusal
            ),
            _("correct your file in {place}; to repeat the check: {command}").format(
                place=unit.extra_config, command=" ".join(unit.proof)
            ),
        )


def _has_extra_config(service: Service) -> bool:
    return service.extra_config is not None and any(Path(service.extra_config).glob("*"))


def _refusals(
    plan: Footing, units: Sequence[Checked], progress: Progress
) -> list[tuple[Checked, str]]:
    """The units that refuse, each with what it says; what others pass over is noted."""
    wanted = [unit for unit in units if unit.proof]
    if not wanted:
        return []
    names = ", ".join(unit.name for unit in wanted)
    with (
        progress.step(_("checking the configuration of {names}").format(names=names)),
        ThreadPoolExecutor(max_workers=len(wanted)) as pool,
    ):
        outcomes = [*pool.map(partial(_check, accounts=plan.accounts), wanted)]
    for unit, (accepted, output) in zip(wanted, outcomes, strict=True):
        for line in output.splitlines():
            if accepted and IGNORED in line and isinstance(unit, Service) and unit.extra_config:
                progress.note(_("{name}: {line}").format(name=unit.name, line=visible(line)))
    return [
        (unit, output)
        for unit, (accepted, output) in zip(wanted, outcomes, strict=True)
        if not accepted
    ]


def _check(unit: Unit, *, accounts: bool) -> tuple[bool, str]:
    """Whether the program accepts its files, and what it says; where it does not, why."""
    account = None if isinstance(unit, Task) else unit.account
    owner = Owner.account(account) if accounts and account else None
    try:
        done = subprocess.run(
            unit.proof,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # root's terminal is not the account's to type into
            user=owner.user if owner else None,
            group=owner.group if owner else None,
            extra_groups=() if owner else None,
        )
    except FileNotFoundError as absent:
        raise MissingProgram(
            _("cannot check {name}: there is no {program}").format(
                name=unit.name, program=unit.proof[0]
            ),
            _("run `greygate up` as root, which installs it"),
        ) from absent
    except PermissionError as refused:
        raise MissingProgram(
            _("cannot check {name}: {account} may not run {program}").format(
                name=unit.name,
                account=account or _("we"),
                program=unit.proof[0],
            ),
            _("see who may on the way there: namei -l {program}").format(program=unit.proof[0]),
        ) from refused
    except subprocess.TimeoutExpired:
        return False, _("its check did not end in {seconds:.0f} s").format(seconds=PATIENCE)
    output = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        return True, output
    return False, condensed(output) or f"status {done.returncode}"


def condensed(said: str) -> str:
    """Why a program refuses, in one line: its whole complaint, or the end of what it said."""
    lines = [line for line in said.splitlines() if line.strip()]
    spoken = (" ".join(line.split()) for line in complaint(lines) or lines[-SPOKEN:])
    return " / ".join(line for line in spoken if line)
