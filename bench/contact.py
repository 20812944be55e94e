"""How long a freshly started remote server takes to reach ours: per layout, and per its IPv6."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import page
from bench.internet import Served, served
from greygate.lab import names, world
from greygate.lab.weather import Kind, Weather
from lab.client import Client, Refused
from lab.federation import NAME, greygate, run
from lab.waiting import wait_until

LAYOUTS = ("none", "overlay", "clearnet")
REMOTE_IPV6 = {
    "none": Kind.IPV6_NONE,
    "working": Kind.CLEAR,
    "black hole": Kind.IPV6_BLACK_HOLE,
}
STEADY = 10  # messages
EDGE_IPV6 = "2001:db8:10::2"
GUARD = ("--issuer", "authority.example", "--account", "https://authority.example/acme/acct/1")
SITE = "/etc/greygate/site.toml"
HEALTH = "http://127.0.0.1:8008/health"


def measure(_below: Path) -> str:
    with served("benchcontact", "--edge-address", EDGE_IPV6, *GUARD) as made:
        rows = [
            (f"`{layout}`", ipv6, *_cell(made, kind))
            for layout in LAYOUTS
            if _lay_out(made, layout)
            for ipv6, kind in REMOTE_IPV6.items()
        ]
    words = (
        "A stock Synapse, started anew before each first thing: its look-up of a profile of ours, "
        f"its first message, then the median of {STEADY} messages each way."
    )
    heads = ("layout", "IPv6 of the remote", "look-up", "first message", "steady, to us", "from us")
    return page.section(words, page.table(heads, rows))


def _lay_out(made: Served, layout: str) -> bool:
    """Another layout: in the site file, at home, and in DNS."""
    line = f'layout = "{layout}"'
    run(made.lab, "home", "sed", "-i", r"/^layout = /d", SITE)
    run(made.lab, "home", "sed", "-i", rf"s/^\[names\]$/&\n{line}/", SITE)
    assert line in run(made.lab, "home", "cat", SITE).stdout
    greygate(made.lab, "home", "apply", "--yes")
    zone = greygate(made.lab, "home", "dns", "plan", "--format", "zone")
    names.publish(made.lab.places, {NAME: zone})
    return True


def _cell(made: Served, kind: Kind) -> tuple[str, ...]:
    world.change_weather(made.lab, "remote", Weather(kind))
    _start_anew(made)
    looked_up = _look_up(made)
    _start_anew(made)
    ours, theirs = made.pair.one, made.pair.other
    times = (
        _say(theirs, ours, made.room, 1),
        _say(theirs, ours, made.room, STEADY),
        _say(ours, theirs, made.room, STEADY),
    )
    world.change_weather(made.lab, "remote", Weather(Kind.CLEAR))
    return (looked_up, *(f"{it:.2f} s" for it in times))


def _say(speaker: Client, hearer: Client, room: str, count: int) -> float:
    """One alone speaks; the median of what it takes to come."""
    texts = [f"{time.time()}: {number}" for number in range(count)]
    with ThreadPoolExecutor(1) as pool:
        hearing = pool.submit(hearer.does, "heard", room=room, texts=texts, within=120.0)
        began = speaker.does("converse", room=room, texts=texts, every=0.3)["began"]
        came = hearing.result()["came"]
    median: float = statistics.median(came[text] - began[text] for text in texts)
    return median


def _start_anew(made: Served) -> None:
    """The remote forgets what it knew of us: documents, records, and that we were away."""
    _say(made.pair.one, made.pair.other, made.room, 1)
    done = run(made.lab, "remote", "systemctl", "restart", "matrix-synapse")
    assert done.returncode == 0, done.stderr
    alive = ("curl", "-sf", HEALTH)
    wait_until(lambda: run(made.lab, "remote", *alive).returncode == 0, within=60, what="it serves")


def _look_up(made: Served) -> str:
    user = made.pair.one.does("whoami")["user"]
    began = time.monotonic()
    try:
        made.pair.other.does("profile", user=user)
    except Refused:
        return f"in vain, after {time.monotonic() - began:.1f} s"
    return f"{time.monotonic() - began:.2f} s"
