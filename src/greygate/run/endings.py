"""How a program of a service ended, or why it could not begin, in words and with what cures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greygate.run.state import Condition, End, State, telling
from greygate.text import _, duration, listing


@dataclass(frozen=True, slots=True)
class Ending:
    """What happened, and what to do."""

    what: str
    cure: str


_NESTING = _(
    "in a container its host must allow this: nesting (Proxmox: pct set ID --features nesting=1; "
    "LXD: lxc config set NAME security.nesting=true; LXC: lxc.apparmor.profile = unconfined), "
    "then restart the container; or take a virtual machine"
)
_ACCOUNTS = _("make its accounts anew: greygate install; on an edge: greygate edge join < FILE")
_LOST = _("make its directories anew: greygate install; on an edge: greygate edge join < FILE")
_ABSENT = "No such file or directory"  # as systemd says it of a directory that a unit may write
_OURS = _("see what systemd says: journalctl -u greygate-{name}")

NAMESPACE = 226
# systemd.exec(5), "Process Exit Codes": what systemd could not set up before the program began.
_SETUP: Mapping[int, tuple[str, str]] = {
    200: (_("its directory cannot be entered"), _OURS),
    203: (_("its program cannot be run"), _("bring the programs back: greygate install")),
    205: (_("its limits cannot be set"), _NESTING),
    206: (_("its place in an emergency of memory cannot be set"), _NESTING),
    216: (_("its group is missing"), _ACCOUNTS),
    217: (_("its account is missing"), _ACCOUNTS),
    218: (_("it cannot be given its capabilities"), _NESTING),
    219: (_("its control group cannot be made"), _NESTING),
    225: (_("its network cannot be closed"), _NESTING),
    NAMESPACE: (_("its files cannot be shut in (mount namespaces)"), _NESTING),
    227: (_("it cannot be kept from new rights"), _NESTING),
    228: (_("its system calls cannot be filtered (seccomp)"), _NESTING),
    233: (
        _("its directory below /run cannot be made"),
        _("make room in /run (df -h /run), then: systemctl restart greygate.target"),
    ),
    237: (_("its keyring cannot be set up"), _NESTING),
    238: (_("its directory of state cannot be made"), _OURS),
}


def ending(state: State) -> Ending | None:
    """What is known of a service's last end beyond its own words; None where nothing is."""
    found = _by_systemd(state)
    if not state.overrides:
        return found
    files = listing(state.overrides)
    if found is not None:
        return Ending(
            _("{what}; its unit is changed by {files}").format(what=found.what, files=files),
            _("look at that first; else: {cure}").format(cure=found.cure),
        )
    if state.condition is not Condition.FAILED or telling(state.words):
        return None
    return Ending(
        _("{name} ends without a word; its unit is changed by {files}").format(
            name=state.name, files=files
        ),
        _(
            "correct that or delete it, then: systemctl daemon-reload; "
            "systemctl restart greygate-{name}"
        ).format(name=state.name),
    )


def _by_systemd(state: State) -> Ending | None:
    match state.end:
        case End(result="oom-kill"):
            return Ending(
                _("{name} was killed for want of memory {ago}").format(
                    name=state.name, ago=_ago(state.end)
                ),
                _("more memory helps; what it may have: systemctl status greygate-{name}").format(
                    name=state.name
                ),
            )
        case End(result="signal" | "core-dump"):
            return Ending(
                _("{name} was killed{signal} {ago}").format(
                    name=state.name, signal=_signal(state.end), ago=_ago(state.end)
                ),
                _("see who did, and what it said before: greygate logs {name}; dmesg").format(
                    name=state.name
                ),
            )
        case End(result="exit-code", status=status) if status in _SETUP:
            what, cure = _SETUP[status]
            if status == NAMESPACE and any(_ABSENT in word for word in state.words):
                what, cure = _("a directory of its is missing"), _LOST
            return Ending(
                _("{name} cannot be started here: {what} (systemd's status {status})").format(
                    name=state.name, what=what, status=status
                ),
                cure.format(name=state.name),
            )
        case _:
            return None


def restarted(state: State) -> Ending | None:
    """The same of a service that was killed and is being started again."""
    found = ending(state)
    if found is None or state.end is None or state.end.result == "exit-code":
        return found
    return Ending(_("{what} and is being restarted").format(what=found.what), found.cure)


def _signal(end: End) -> str:
    return _(" (signal {number})").format(number=end.status) if end.status > 0 else ""


def _ago(end: End) -> str:
    seconds = duration(end.ago) if end.ago >= 10 else f"{end.ago:.0f} s"
    return _("{time} ago").format(time=seconds)
