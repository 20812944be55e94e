"""systemd units that keep the certificate young; only home has one."""

from __future__ import annotations

from greygate.components.component import FIRST, MIB, MemoryNeed
from greygate.plan.plan import Plan
from greygate.run.limits import limits
from greygate.run.unit_text import NOT_PRIVILEGED, SHUT, TARGET, command, file_text, literal

# A command of ours, every hour: nobody thinks of certificates, and some live for days only.
RENEWAL = "greygate-renew.service"
RENEWAL_TIMER = "greygate-renew.timer"
RENEWAL_WATCH = "greygate-renew.path"  # where another program keeps the certificate
JITTER = 15  # minutes: authorities ask not to come all at once
# Seconds: it stays for what falls due before the timer can ring again.
AHEAD = (60 + JITTER + 5) * 60
COMMAND = "/usr/local/bin/greygate"  # where `install` puts it
# Python with cryptography, acme and dnspython, and a process of its own for dns-lexicon.
RENEWAL_MEMORY = MemoryNeed(least=384 * MIB)


def renewal_units(plan: Plan, memory: int) -> dict[str, str]:
    """The unit that looks, and what starts it; name to text."""
    watch = {RENEWAL_WATCH: _renewal_watch(plan)} if plan.watched else {}
    return {RENEWAL: _renewal(plan, memory), RENEWAL_TIMER: _renewal_timer(), **watch}


def renewal_timers(plan: Plan) -> tuple[str, ...]:
    """What starts it: units that run all the time."""
    return (RENEWAL_TIMER, *((RENEWAL_WATCH,) if plan.watched else ()))


def renewal_words(plan: Plan) -> tuple[str, ...]:
    """The command that keeps the certificate young, after the program's name."""
    ahead = ("--ahead", str(AHEAD)) if plan.ordered else ()
    return ("cert", "renew", *ahead)


def _renewal(plan: Plan, memory: int) -> str:
    """Root's, as the authority's key is; it writes below the state and reloads HAProxy."""
    # Without orders it speaks to nobody outside.
    families = "AF_UNIX AF_NETLINK AF_INET AF_INET6" if plan.ordered else "AF_UNIX AF_NETLINK"
    barred = () if plan.ordered else ("IPAddressDeny=any",)
    return file_text(
        (
            ("Unit", ("Description=Renewal of Greygate's certificate, where it is due",)),
            (
                "Service",
                (
                    "Type=oneshot",
                    f"ExecStart={command((COMMAND, *renewal_words(plan)))}",
                    # With --ahead it stays for an hour; one that hangs would bar all later ones.
                    "TimeoutStartSec=2h",
                    *limits(RENEWAL_MEMORY, FIRST, memory),
                    # It looks whether a node can run here: /proc/sys and /dev/net/tun.
                    *(word for word in SHUT if word not in ("ProcSubset=pid", NOT_PRIVILEGED)),
                    "SystemCallFilter=~@resources",
                    f"ReadWritePaths={literal(str(plan.paths.state))}",
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
    return file_text(
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
    watched = (f"PathChanged={literal(str(it))}" for it in plan.watched)
    return file_text(
        (
            ("Unit", ("Description=Watch over the certificate's files", f"PartOf={TARGET}")),
            ("Path", (*watched, f"Unit={RENEWAL}")),
            ("Install", (f"WantedBy={TARGET}",)),
        )
    )
