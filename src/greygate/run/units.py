"""systemd units from the services and tasks of a plan, as tightly shut as each can bear."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from greygate.components.component import GROUP, Service, Socket, Task, Unit
from greygate.plan.footing import Footing
from greygate.plan.plan import Plan

TARGET = "greygate.target"
OURS = "X-GreygateState"  # systemd leaves X- to others: whose units these are
RETRY = 3  # seconds before a service that ended is started again
RUN = PurePosixPath("/run")  # where systemd makes runtime directories
HOMES = ("/home", "/root", "/run/user")

# The distribution's own node, where our peers are added to it; nothing where there is none.
SYSTEM_NODE = "yggdrasil.service"

# What no program of ours needs; systemd.exec(5) tells each.
NOT_PRIVILEGED = "SystemCallFilter=~@privileged @resources"
SHUT = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "KeyringMode=private",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    NOT_PRIVILEGED,
    "SystemCallErrorNumber=EPERM",
    "UMask=0077",
)


# A command of ours, every hour: nobody thinks of certificates, and some live for days only.
RENEWAL = "greygate-renew.service"
RENEWAL_TIMER = "greygate-renew.timer"
RENEWAL_WATCH = "greygate-renew.path"  # where another program keeps the certificate
JITTER = 15  # minutes: authorities ask not to come all at once
# Seconds: it stays for what falls due before the timer can ring again.
AHEAD = (60 + JITTER + 5) * 60
COMMAND = "/usr/local/bin/greygate"  # where `install` puts it
DROP_IN = "greygate-firewall.conf"  # what we add to a unit of the system's
CHECK_EVERY = 60  # seconds: what of a task's work somebody undid is done again


def unit_name(name: str) -> str:
    """What systemd calls a service of ours."""
    return f"greygate-{name}.service"


def systemd_name(unit: Unit) -> str:
    """What systemd calls a unit of ours, of whatever kind."""
    return f"greygate-{unit.name}.socket" if isinstance(unit, Socket) else unit_name(unit.name)


def unit_files(plan: Footing, units: tuple[Unit, ...]) -> dict[str, str]:
    """Every unit file of the plan, name to text, the target first."""
    return {
        TARGET: _target(plan, units),
        **{systemd_name(unit): unit_file(plan, unit, units) for unit in units},
        **{f"greygate-{it.name}@.service": _called(plan, it) for it in _sockets(units)},
        **{name: text for it in _checked(units) for name, text in _checks(plan, it).items()},
        **(_renewals(plan) if isinstance(plan, Plan) else {}),
    }


def _renewals(plan: Plan) -> dict[str, str]:
    """Only home has certificates."""
    watch = {RENEWAL_WATCH: _renewal_watch(plan)} if plan.watched else {}
    return {RENEWAL: _renewal(plan), RENEWAL_TIMER: _renewal_timer(), **watch}


def check_timer(task: Task) -> str:
    return f"greygate-{task.name}-check.timer"


def _checked(units: tuple[Unit, ...]) -> tuple[Task, ...]:
    return tuple(it for it in units if isinstance(it, Task) and it.check)


def _checks(plan: Footing, task: Task) -> dict[str, str]:
    """What does a task again where somebody undid it: every minute, and right behind those who
    are known to. The unit itself is not restarted: others require it."""
    command = _command(task.check)
    behind = "\n".join(
        ("[Service]", *(f"{when}=-{command}" for when in ("ExecStartPost", "ExecReload")))
    )
    return {
        unit_name(f"{task.name}-check"): _check(plan, task),
        check_timer(task): _check_timer(task),
        **{
            f"{other}.d/{DROP_IN}": f"{behind}\nExecStopPost=-{command}\n"
            for other in task.upset_by
        },
    }


def _check(plan: Footing, task: Task) -> str:
    own = unit_name(task.name)
    heading = (
        f"Description=Look whether it is still there: {_literal(task.description)}",
        f"PartOf={TARGET} {own}",
        f"Requisite={own}",
        f"After={own}",
        f"RequiresMountsFor={_literal(str(plan.paths.state))}",
    )
    body = (
        "Type=oneshot",
        f"ExecStart={_command(task.check)}",
        "TimeoutStartSec=60",
        "LogLevelMax=notice",  # or every minute would leave three lines
        *_of_root(plan),
    )
    return _text((("Unit", heading), ("Service", body)))


def _check_timer(task: Task) -> str:
    heading = (f"Description=Look after: {_literal(task.description)}", f"PartOf={TARGET}")
    body = (f"OnActiveSec={CHECK_EVERY}", f"OnUnitInactiveSec={CHECK_EVERY}", "AccuracySec=10")
    return _text((("Unit", heading), ("Timer", body), ("Install", (f"WantedBy={TARGET}",))))


def renewal_words(plan: Plan) -> tuple[str, ...]:
    """The command that keeps the certificate young, after the program's name."""
    ahead = ("--ahead", str(AHEAD)) if plan.ordered else ()
    return ("cert", "renew", *ahead)


def unit_file(plan: Footing, unit: Unit, units: tuple[Unit, ...]) -> str:
    """One unit; `units` are all of the plan, as some depend on others."""
    match unit:
        case Service():
            body = _service(plan, unit)
        case Task():
            body = _task(plan, unit)
        case Socket():
            body = _socket(unit)
    sections = (
        ("Unit", _heading(plan, unit, units)),
        ("Socket" if isinstance(unit, Socket) else "Service", body),
        ("Install", (f"WantedBy={TARGET}",)),
    )
    return _text(sections)


def _target(plan: Footing, units: tuple[Unit, ...]) -> str:
    renewals = _renewals(plan) if isinstance(plan, Plan) else {}
    beside = (*map(check_timer, _checked(units)), *(it for it in renewals if it != RENEWAL))
    wanted = (*map(systemd_name, units), *beside)
    return _text(
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


def _renewal(plan: Plan) -> str:
    """Root's, as the authority's key is; it writes below the state and reloads HAProxy."""
    # Without orders it speaks to nobody outside.
    families = "AF_UNIX AF_NETLINK AF_INET AF_INET6" if plan.ordered else "AF_UNIX AF_NETLINK"
    barred = () if plan.ordered else ("IPAddressDeny=any",)
    return _text(
        (
            ("Unit", ("Description=Renewal of Greygate's certificate, where it is due",)),
            (
                "Service",
                (
                    "Type=oneshot",
                    f"ExecStart={_command((COMMAND, *renewal_words(plan)))}",
                    # With --ahead it stays for an hour; one that hangs would bar all later ones.
                    "TimeoutStartSec=2h",
                    # It looks whether a node can run here: /proc/sys and /dev/net/tun.
                    *(word for word in SHUT if word not in ("ProcSubset=pid", NOT_PRIVILEGED)),
                    "SystemCallFilter=~@resources",
                    f"ReadWritePaths={_literal(str(plan.paths.state))}",
                    "ProtectHome=read-only",
                    "DevicePolicy=closed",
                    "DeviceAllow=/dev/net/tun rw",
                    # HAProxy's admin socket is its account's alone.
                    "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_NET_ADMIN",
                    f"RestrictAddressFamilies={families}",
                    *barred,
                    "MemoryDenyWriteExecute=yes",
                ),
            ),
        )
    )


def _renewal_timer() -> str:
    return _text(
        (
            ("Unit", ("Description=Hourly look at Greygate's certificate", f"PartOf={TARGET}")),
            (
                "Timer",
                (
                    "OnCalendar=hourly",
                    f"RandomizedDelaySec={JITTER}min",
                    "FixedRandomDelay=yes",
                    "Persistent=yes",
                ),
            ),
            ("Install", (f"WantedBy={TARGET}",)),
        )
    )


def _renewal_watch(plan: Plan) -> str:
    """certbot and its like put a new file, or a new link, in the old one's place."""
    watched = (f"PathChanged={_literal(str(it))}" for it in plan.watched)
    return _text(
        (
            ("Unit", ("Description=Watch over the certificate's files", f"PartOf={TARGET}")),
            ("Path", (*watched, f"Unit={RENEWAL}")),
            ("Install", (f"WantedBy={TARGET}",)),
        )
    )


def _heading(plan: Footing, unit: Unit, units: tuple[Unit, ...]) -> Iterable[str]:
    yield f"Description={_literal(unit.description)}"
    yield f"PartOf={TARGET}"
    before = [each for each in units if each.name in unit.after]
    names = " ".join(unit_name(each.name) for each in before)
    yield f"After={'' if isinstance(unit, Socket) else 'network.target '}{names or SYSTEM_NODE}"
    # A task is a condition: without the firewall nothing opens. A service is company.
    conditions = " ".join(unit_name(each.name) for each in before if isinstance(each, Task))
    if conditions:
        yield f"Requires={conditions}"
    yield f"RequiresMountsFor={_literal(str(plan.paths.state))}"
    # For ever: the disk may have been full, and nobody may be near to start it by hand.
    yield "StartLimitIntervalSec=0"
    if isinstance(unit, Socket):  # sockets stand before all services otherwise, the firewall too
        yield "DefaultDependencies=no"
        yield "Conflicts=shutdown.target"
        yield "Before=shutdown.target"


def _service(plan: Footing, service: Service) -> Iterable[str]:
    yield f"Type={'notify' if service.notifies else 'exec'}"
    yield f"ExecStart={_command(service.argv)}"
    if service.reload is not None:
        # A shell's own kill: a minimal Debian has no /bin/kill. What is not proved is not loaded.
        if service.proof:
            yield f"ExecReload={_command(service.proof)}"
        signal = service.reload.name.removeprefix("SIG")
        yield f'ExecReload=/bin/sh -c "kill -s {signal} $MAINPID"'
    yield "Restart=always"
    yield f"RestartSec={RETRY}"
    yield f"TimeoutStopSec={service.stop_after:g}"
    yield "KillMode=mixed"
    yield f"User={service.account}"
    yield f"Group={GROUP}"
    yield from (f'Environment="{name}={_literal(value)}"' for name, value in service.environment)
    yield from _directories(service)
    yield from _capabilities(service.capabilities, ambient=True)
    yield from _devices(service.devices)
    yield from _sandbox(plan)
    yield f"MemoryDenyWriteExecute={'no' if service.makes_code else 'yes'}"
    yield f"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6{_netlink(service)}"


def _task(plan: Footing, task: Task) -> Iterable[str]:
    yield "Type=oneshot"
    yield "RemainAfterExit=yes"
    yield from (f"ExecStart={_command(argv)}" for argv in task.up)
    yield from (f"ExecReload={_command(argv)}" for argv in task.up)
    yield from (f"ExecStop={_command(argv)}" for argv in task.down)
    yield "Restart=on-failure"
    yield f"RestartSec={RETRY}"
    yield "TimeoutStartSec=60"
    yield from _of_root(plan)


def _of_root(plan: Footing) -> Iterable[str]:
    """What a task's commands run in."""
    # Kept at its end: the services have their own directories below it.
    yield f"RuntimeDirectory={plan.paths.runtime.relative_to(RUN)}"
    yield "RuntimeDirectoryPreserve=yes"
    # It speaks to other programs' sockets, which belong to their accounts.
    yield from _capabilities(("net_admin", "dac_override"), ambient=False)
    yield "PrivateDevices=yes"
    yield from _sandbox(plan)
    yield "MemoryDenyWriteExecute=yes"
    yield "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6"


def _socket(socket: Socket) -> Iterable[str]:
    match socket.listen:
        case (address, port):
            yield f"ListenStream=[{address}]:{port}"
            yield "FreeBind=yes"  # the node brings the address, and may be slow
        case PurePosixPath() as path:
            yield f"ListenStream={_literal(str(path))}"
            yield f"SocketUser={socket.opens_to}"
            yield "SocketMode=0600"
            yield "RemoveOnStop=yes"
    yield "Accept=yes"
    yield f"MaxConnections={socket.at_once}"
    yield "TriggerLimitIntervalSec=0"  # or a burst would close the door for good


def _called(plan: Footing, socket: Socket) -> str:
    """What each connection starts: a process that has it as stdin, and nothing else of ours."""
    return _text(
        (
            (
                "Unit",
                (f"Description={_literal(socket.description)}", "CollectMode=inactive-or-failed"),
            ),
            ("Service", _caller(plan, socket)),
        )
    )


def _caller(plan: Footing, socket: Socket) -> Iterable[str]:
    yield f"ExecStart={_command(socket.argv)}"
    yield "StandardInput=socket"
    yield "StandardOutput=journal"  # what somebody prints is no answer
    yield "StandardError=journal"
    yield f"RuntimeMaxSec={socket.ends_after:g}"
    yield f"User={socket.account}"
    yield f"Group={GROUP if socket.account != 'root' else 'root'}"
    yield from (f'Environment="{name}={_literal(value)}"' for name, value in socket.environment)
    yield from (f"ReadWritePaths={_literal(str(path))}" for path in socket.writes)
    yield from _capabilities(socket.capabilities, ambient=False)
    yield "PrivateDevices=yes"
    # It looks who runs and who listens: other accounts' processes, the kernel's own tables.
    hidden = {"ProtectProc=invisible", "ProcSubset=pid"}
    hidden |= {NOT_PRIVILEGED} if socket.changes_owners else set()
    yield from (line for line in _sandbox(plan) if line not in hidden)
    yield "MemoryDenyWriteExecute=yes"
    yield "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"


def _sockets(units: tuple[Unit, ...]) -> tuple[Socket, ...]:
    return tuple(it for it in units if isinstance(it, Socket))


def _directories(service: Service) -> Iterable[str]:
    yield from (f"ReadWritePaths={_literal(str(path))}" for path in service.writes)
    if service.runtime is not None:
        assert service.runtime.is_relative_to(RUN), f"{service.runtime} is not systemd's to make"
        yield f"RuntimeDirectory={service.runtime.relative_to(RUN)}"
        yield f"RuntimeDirectoryMode={'0750' if service.serves_others else '0700'}"


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


def _command(argv: tuple[str, ...]) -> str:
    return " ".join(map(_word, argv))


def _word(word: str) -> str:
    """One argument as systemd.service(5) reads it back."""
    literal = _literal(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    plain = literal and not any(sign.isspace() or sign in "\"'\\;" for sign in literal)
    return literal if plain else f'"{literal}"'


def _literal(text: str) -> str:
    """`text` without what systemd would expand."""
    assert "\n" not in text, text
    return text.replace("%", "%%")


def _text(sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    blocks = ("\n".join((f"[{name}]", *lines)) for name, lines in sections)
    return "\n\n".join(blocks) + "\n"
