"""What `systemctl show` prints, and what we read in it (systemd 252)."""

from __future__ import annotations

from greygate.run.shown import Shown, shown
from greygate.run.state import Condition

TEXT = """\
MainPID=812
Id=greygate-synapse.service
ActiveState=active
SubState=running
ExecMainStartTimestamp=Sun 2026-11-22 22:38:51.250000 UTC
ActiveEnterTimestamp=Sun 2026-11-22 22:39:03.250000 UTC
InactiveEnterTimestamp=
InvocationID=0f2b7a

MainPID=0
Id=greygate-haproxy.service
ActiveState=activating
SubState=auto-restart
ExecMainStartTimestamp=Sun 2026-11-22 22:38:19.250000 UTC
ActiveEnterTimestamp=Sun 2026-11-22 22:38:20.250000 UTC
InactiveEnterTimestamp=Sun 2026-11-22 22:39:10.250000 UTC
InvocationID=9c
"""


def test_each_unit_is_told() -> None:
    assert list(shown(TEXT)) == [
        Shown(
            unit="greygate-synapse.service",
            condition=Condition.UP,
            pid=812,
            since=1795387143.25,
            began=1795387131.25,
            invocation="0f2b7a",
        ),
        Shown(
            unit="greygate-haproxy.service",
            condition=Condition.FAILED,  # between two attempts is not starting: it has died
            pid=None,
            since=1795387150.25,
            began=None,
            invocation="9c",
        ),
    ]
