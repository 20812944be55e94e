"""systemd units from the services and tasks of a plan, as tightly shut as each can bear."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from greygate.components.component import (
    FIRST,
    SMALL,
    USUAL,
    Service,
    Socket,
    Task,
    Unit,
)
from greygate.plan.footing import Footing
from greygate.plan.plan import Plan
from greygate.run.limits import limits
from greygate.run.renewal_units import renewal_timers, renewal_units
from greygate.run.unit_text import NOT_PRIVILEGED, SHUT, TARGET, command, file_text, literal

OURS = "X-GreygateState"  # systemd leaves X- to others: whose units these are
RETRY = 3  # seconds before a service that ended is started again
RUN = PurePosixPath("/run")  # where systemd makes runtime directories
HOMES = ("/home", "/root", "/run/user")

# The distribution's own node, where our peers are added to it; nothing where there is none.
SYSTEM_NODE = "yggdrasil.service"

FIND = "/usr/bin/find"
DROP_IN = "greygate-firewall.conf"  # what we add to a unit of the system's
CHECK_EVERY = 60  # seconds: what of a task's work somebody undid is done again


def unit_name(name: str) -> str:
    """What systemd calls a service of ours."""
    return f"greygate-{name}.service"


def systemd_name(unit: Unit) -> str:
    """What systemd calls a unit of ours, of whatever kind."""
    return f"greygate-{unit.name}.socket" if isinstance(unit, Socket) else unit_name(unit.name)


def unit_files(plan: Footing, units: tuple[Unit, ...], *, memory: int) -> dict[str, str]:
    """Every unit file of the plan, name to text, the target first; `memory`: the machine's."""
    return {
        TARGET: _target(plan, units),
        **{systemd_name(unit): unit_file(plan, unit, units, memory=memory) for unit in units},
        **{f"greygate-{it.name}@.service": _called(plan, it, memory) for it in _sockets(units)},
        **{key: it for task in _checked(units) for key, it in _checks(plan, task, memory).items()},
        **(renewal_units(plan, memory) if isinstance(plan, Plan) else {}),
    }


def check_timer(task: Task) -> str:
    return f"greygate-{task.name}-check.timer"


def _checked(units: tuple[Unit, ...]) -> tuple[Task, ...]:
    return tuple(it for it in units if isinstance(it, Task) and it.check)


def _checks(plan: Footing, task: Task, memory: int) -> dict[str, str]:
    """What does a task again where somebody undid it: every minute, and right behind those who
    are known to. The unit itself is not restarted: others require it."""
    again = command(task.check)
    behind = "\n".join(
        ("[Service]", *(f"{when}=-{again}" for when in ("ExecStartPost", "ExecReload")))
    )
    return {
        unit_name(f"{task.name}-check"): _check(plan, task, memory),
        check_timer(task): _check_timer(task),
        **{f"{other}.d/{DROP_IN}": f"{behind}\nExecStopPost=-{again}\n" for other in task.upset_by},
    }


def _check(plan: Footing, task: Task, memory: int) -> str:
    own = unit_name(task.name)
    heading = (
        f"Description=Look whether it is still there: {literal(task.description)}",
        f"PartOf={TARGET} {own}",
        f"Requisite={own}",
        f"After={own}",
        f"RequiresMountsFor={literal(str(plan.paths.state))}",
    )
    body = (
        "Type=oneshot",
        f"ExecStart={command(task.check)}",
        "TimeoutStartSec=60",
        "LogLevelMax=notice",  # or every minute would leave three lines
        *_of_root(plan, task, memory),
    )
    return file_text((("Unit", heading), ("Service", body)))


def _check_timer(task: Task) -> str:
    heading = (f"Description=Look after: {literal(task.description)}", f"PartOf={TARGET}")
    body = (f"OnActiveSec={CHECK_EVERY}", f"OnUnitInactiveSec={CHECK_EVERY}", "AccuracySec=10")
    return file_text((("Unit", heading), ("Timer", body), ("Install", (f"WantedBy={TARGET}",))))


def unit_file(plan: Footing, unit: Unit, units: tuple[Unit, ...], *, memory: int) -> str:
    """One unit; `units` are all of the plan, as some depend on others."""
    match unit:
        case Service():
            body = _service(plan, unit, memory)
        case Task():
            body = _task(plan, unit, memory)
        case Socket():
            body = _socket(unit)
    sections = (
        ("Unit", _heading(plan, unit, units)),
        ("Socket" if isinstance(unit, Socket) else "Service", body),
        ("Install", (f"WantedBy={TARGET}",)),
    )
    return file_text(sections)


def _target(plan: Footing, units: tuple[Unit, ...]) -> str:
    renewals = renewal_timers(plan) if isinstance(plan, Plan) else ()
    wanted = (*map(systemd_name, units), *map(check_timer, _checked(units)), *renewals)
    return file_text(
        (
            (
                "Unit",
                (
                    "Description=Greygate, a Matrix homeserver on Yggdrasil",
                    f"{OURS}={plan.paths.state}",
                    f"Wants={' '.join(wanted)}",
                ),
            ),
            ("Install", ("WantedBy=multi-user.target",)),
        )
    )


def _heading(plan: Footing, unit: Unit, units: tuple[Unit, ...]) -> Iterable[str]:
    yield f"Description={literal(unit.description)}"
    yield f"PartOf={TARGET}"
    before = [each for each in units if each.name in unit.after]
    names = " ".join(unit_name(each.name) for each in before)
    yield f"After={'' if isinstance(unit, Socket) else 'network.target '}{names or SYSTEM_NODE}"
    # A task is a condition: without the firewall nothing opens. A service is company.
    conditions = " ".join(unit_name(each.name) for each in before if isinstance(each, Task))
    if conditions:
        yield f"Requires={conditions}"
    yield f"RequiresMountsFor={literal(str(plan.paths.state))}"
    # For ever: the disk may have been full, and nobody may be near to start it by hand.
    yield "StartLimitIntervalSec=0"
    if isinstance(unit, Socket):  # sockets stand before all services otherwise, the firewall too
        yield "DefaultDependencies=no"
        yield "Conflicts=shutdown.target"
        yield "Before=shutdown.target"


def _service(plan: Footing, service: Service, memory: int) -> Iterable[str]:
    yield f"Type={'notify' if service.notifies else 'exec'}"
    if service.spool is not None:  # what a kill left there
        yield f"ExecStartPre={command((FIND, str(service.spool), '-mindepth', '1', '-delete'))}"
    yield f"ExecStart={command(service.argv)}"
    if service.reload is not None:
        # A shell's own kill: a minimal Debian has no /bin/kill. What is not proved is not loaded.
        if service.proof:
            yield f"ExecReload={command(service.proof)}"
        signal = service.reload.name.removeprefix("SIG")
        yield f'ExecReload=/bin/sh -c "kill -s {signal} $MAINPID"'
    yield "Restart=always"
    yield f"RestartSec={RETRY}"
    yield f"TimeoutStopSec={service.stop_after:g}"
    yield "KillMode=mixed"
    yield f"User={service.account}"
    yield f"Group={service.group}"
    if service.other_groups:
        yield f"SupplementaryGroups={' '.join(service.other_groups)}"
    yield from (f'Environment="{name}={literal(value)}"' for name, value in service.environment)
    yield from _directories(service)
    yield from _capabilities(service.capabilities, ambient=True)
    yield from _devices(service.devices)
    yield from _sandbox(plan)
    yield from limits(service.memory, service.oom_score, memory)
    yield f"MemoryDenyWriteExecute={'no' if service.makes_code else 'yes'}"
    yield f"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6{_netlink(service)}"


def _task(plan: Footing, task: Task, memory: int) -> Iterable[str]:
    yield "Type=oneshot"
    yield "RemainAfterExit=yes"
    yield from (f"ExecStart={command(argv)}" for argv in task.up)
    yield from (f"ExecReload={command(argv)}" for argv in task.up)
    yield from (f"ExecStop={command(argv)}" for argv in task.down)
    yield "Restart=on-failure"
    yield f"RestartSec={RETRY}"
    yield "TimeoutStartSec=60"
    yield from _of_root(plan, task, memory)


def _of_root(plan: Footing, task: Task, memory: int) -> Iterable[str]:
    """What a task's commands run in."""
    if task.readers:
        yield f"Group={task.readers}"
    # Kept at its end: the services have their own directories below it.
    yield f"RuntimeDirectory={plan.paths.runtime.relative_to(RUN)}"
    yield "RuntimeDirectoryPreserve=yes"
    # It speaks to other programs' sockets, which belong to their accounts.
    yield from _capabilities(("net_admin", "dac_override"), ambient=False)
    yield "PrivateDevices=yes"
    yield from limits(SMALL, USUAL, memory)
    yield from _sandbox(plan)
    yield "MemoryDenyWriteExecute=yes"
    yield "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6"


def _socket(socket: Socket) -> Iterable[str]:
    match socket.listen:
        case (address, port):
            yield f"ListenStream=[{address}]:{port}"
            yield "FreeBind=yes"  # the node brings the address, and may be slow
        case PurePosixPath() as path:
            yield f"ListenStream={literal(str(path))}"
            # By its own group, too: where a task's runtime directory gets another group systemd
            # gives away all that is in it.
            yield f"SocketUser={socket.opens_to}"
            yield f"SocketGroup={socket.opens_to}"
            yield "SocketMode=0660"
            yield "RemoveOnStop=yes"
    yield "Accept=yes"
    yield f"MaxConnections={socket.at_once}"
    yield "TriggerLimitIntervalSec=0"  # or a burst would close the door for good


def _called(plan: Footing, socket: Socket, memory: int) -> str:
    """What each connection starts: a process that has it as stdin, and nothing else of ours."""
    return file_text(
        (
            (
                "Unit",
                (f"Description={literal(socket.description)}", "CollectMode=inactive-or-failed"),
            ),
            ("Service", _caller(plan, socket, memory)),
        )
    )


def _caller(plan: Footing, socket: Socket, memory: int) -> Iterable[str]:
    yield f"ExecStart={command(socket.argv)}"
    yield "StandardInput=socket"
    yield "StandardOutput=journal"  # what somebody prints is no answer
    yield "StandardError=journal"
    yield f"RuntimeMaxSec={socket.ends_after:g}"
    yield f"User={socket.account}"
    yield f"Group={socket.account}"
    yield from (f'Environment="{name}={literal(value)}"' for name, value in socket.environment)
    yield from (f"ReadWritePaths={literal(str(path))}" for path in socket.writes)
    yield from _capabilities(socket.capabilities, ambient=False)
    yield "PrivateDevices=yes"
    yield from limits(socket.memory, FIRST, memory)
    # It looks who runs and who listens: other accounts' processes, the kernel's own tables.
    hidden = {"ProtectProc=invisible", "ProcSubset=pid"}
    hidden |= {NOT_PRIVILEGED} if socket.changes_owners else set()
    yield from (line for line in _sandbox(plan) if line not in hidden)
    yield "MemoryDenyWriteExecute=yes"
    yield "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"


def _sockets(units: tuple[Unit, ...]) -> tuple[Socket, ...]:
    return tuple(it for it in units if isinstance(it, Socket))


def _directories(service: Service) -> Iterable[str]:
    spool = (service.spool,) if service.spool is not None else ()
    written = (*service.writes, *spool)
    yield from (f"ReadWritePaths={literal(str(path))}" for path in written)
    if service.runtime is not None:
        assert service.runtime.is_relative_to(RUN), f"{service.runtime} is not systemd's to make"
        yield f"RuntimeDirectory={service.runtime.relative_to(RUN)}"
        yield f"RuntimeDirectoryMode={'0750' if service.serves else '0700'}"


def _capabilities(names: tuple[str, ...], *, ambient: bool) -> Iterable[str]:
    spelled = " ".join(f"CAP_{name.upper()}" for name in names)
    yield f"CapabilityBoundingSet={spelled}"
    if ambient:
        yield f"AmbientCapabilities={spelled}"


def _devices(devices: tuple[str, ...]) -> Iterable[str]:
    if not devices:
        yield "PrivateDevices=yes"
        return
    yield "DevicePolicy=closed"
    yield from (f"DeviceAllow={device} rw" for device in devices)


def _sandbox(plan: Footing) -> Iterable[str]:
    in_home = any(str(plan.paths.state).startswith(f"{home}/") for home in HOMES)
    yield f"ProtectHome={'read-only' if in_home else 'yes'}"
    yield from SHUT


def _netlink(service: Service) -> str:
    """Interfaces are made and asked for over netlink."""
    return " AF_NETLINK" if "net_admin" in service.capabilities else ""
