"""supervisord's configuration for the services of a plan."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from greygate.components.component import Service, Task
from greygate.plan.footing import Footing
from greygate.plan.paths import Paths
from greygate.plan.plan import Chore, Plan
from greygate.run.privileges import TIED, Identity, confined
from greygate.run.units import CHECK_EVERY

LOG_OCTETS = 10_000_000  # one log file; with two older ones at most 30 MB a service
LOG_KEPT = 2
STEADY_AFTER = 1  # seconds that a program must live to count as started
RENEWAL = "renewal"
CHORE_FIRST, CHORE_EVERY = 60, 3600  # seconds
LAST = 999  # the priority of what starts when all else has
RETRIES = 1000  # supervisord waits one second more before each: about never giving up


def configuration(
    plan: Footing,
    services: Sequence[Service],
    identity: Callable[[Service], Identity],
    *,
    tasks: Sequence[Task] = (),
) -> str:
    """The text of supervisord.conf; programs in the order in which they start."""
    programs = (
        _program(plan, service, identity(service) if plan.accounts else None, priority)
        for priority, service in enumerate(services, start=1)
    )
    chores = (_chore(plan, plan.renewal),) if isinstance(plan, Plan) and plan.renewal else ()
    checks = (_check(plan, it) for it in tasks if it.check)
    return "\n".join((_supervisord(plan.paths, root=plan.accounts), *programs, *checks, *chores))


def _supervisord(paths: Paths, *, root: bool) -> str:
    return f"""\
[supervisord]
nodaemon = true
silent = true
{"user = root" if root else "; runs as whoever started it"}
identifier = greygate
logfile = {_plain(str(paths.logs / "supervisord.log"))}
logfile_maxbytes = {LOG_OCTETS}
logfile_backups = {LOG_KEPT}
pidfile = {_plain(str(paths.supervisor / "pid"))}

[unix_http_server]
file = {_plain(str(paths.supervisor / "sock"))}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""


def _program(plan: Footing, service: Service, identity: Identity | None, priority: int) -> str:
    log = _plain(str(plan.paths.logs / f"{service.name}.log"))
    variables = ",".join(f"{name}={_quoted(value)}" for name, value in service.environment)
    return f"""\
[program:{service.name}]
command = {_plain(shlex.join(confined(service.argv, identity)))}
environment = {variables}
priority = {priority}
autorestart = true
startsecs = {STEADY_AFTER}
startretries = {RETRIES}
stopsignal = TERM
stopwaitsecs = {round(service.stop_after)}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_plain(log)}
stdout_logfile_maxbytes = {LOG_OCTETS}
stdout_logfile_backups = {LOG_KEPT}
"""


def _check(plan: Footing, task: Task) -> str:
    every = Chore(argv=task.check, environment=())
    return _loop(plan, f"{task.name}-check", every, first=CHECK_EVERY, after=CHECK_EVERY)


def _chore(plan: Footing, chore: Chore) -> str:
    return _loop(plan, RENEWAL, chore, first=CHORE_FIRST, after=CHORE_EVERY)


def _loop(plan: Footing, name: str, chore: Chore, *, first: int, after: int) -> str:
    """Run soon after the start, and a while after each end; a shell waits, which is small."""
    tied = shlex.join(TIED)
    loop = f'{tied} sleep {first}; while :; do {tied} "$@"; {tied} sleep {after}; done'
    log = _plain(str(plan.paths.logs / f"{name}.log"))
    argv = (*TIED, "sh", "-c", loop, name, *chore.argv)
    variables = ",".join(f"{key}={_quoted(value)}" for key, value in chore.environment)
    return f"""\
[program:{name}]
command = {_plain(shlex.join(argv))}
environment = {variables}
priority = {LAST}
autorestart = true
startsecs = 0
killasgroup = true
redirect_stderr = true
stdout_logfile = {_plain(log)}
stdout_logfile_maxbytes = {LOG_OCTETS}
stdout_logfile_backups = {LOG_KEPT}
"""


def _quoted(value: str) -> str:
    assert '"' not in value, value
    return f'"{_plain(value)}"'


def _plain(text: str) -> str:
    """`text` as supervisord reads it back; it takes `%` for an expansion, ` ;` for a comment.

    It expands the path of a log twice (4.3.0).
    """
    assert not any(odd in text for odd in ("\n", " ;", " #")), text
    return text.replace("%", "%%")
