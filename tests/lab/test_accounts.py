"""Who may open what: every account of ours tries every socket and file, at home and on the edge."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path

import pytest

from greygate.lab.world import World
from lab import federation
from lab.federation import Sealed, greygate, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

SCRIPT = "srv/may_open.py"
STATE, RUNTIME = "/var/lib/greygate", "/run/greygate"
PLACES = (STATE, RUNTIME, "/etc/greygate", "/run/log/journal", "/var/log/journal")
EVERYBODY = "nobody"
SETTINGS = f"{STATE}/synapse.d"

# Patterns: each is of something that the account needs, and nothing else opens to it.
HOME = {
    EVERYBODY: {f"{STATE}/server-name", f"{STATE}/certs/ca.pem"},
    "greygate-synapse": {
        *(f"{STATE}/keys/{it}" for it in ("signing.key", "*.secret")),
        f"{STATE}/rendered*/synapse/*",
        f"{STATE}/synapse/*",
        f"{SETTINGS}/*.yaml",
        f"{RUNTIME}/synapse/*.sock*",
    },
    "greygate-haproxy": {
        f"{STATE}/certs/server.pem",
        f"{STATE}/haproxy/*",
        f"{STATE}/rendered*/haproxy/*",
        f"{RUNTIME}/haproxy/*.sock",
        f"{RUNTIME}/synapse/*.sock*",
    },
    "greygate-yggdrasil": {
        f"{STATE}/keys/overlay.pem",
        f"{STATE}/rendered*/yggdrasil/yggdrasil.conf",
        f"{RUNTIME}/yggdrasil/admin.sock",
    },
    "greygate-keeper": {f"{STATE}/rendered*/keeper/*", f"{RUNTIME}/yggdrasil/admin.sock"},
}
EDGE = {
    EVERYBODY: set[str](),
    "greygate-haproxy": {f"{STATE}/rendered*/haproxy/*"},
    "greygate-yggdrasil": {
        f"{STATE}/keys/overlay.pem",
        f"{STATE}/rendered*/yggdrasil/yggdrasil.conf",
        f"{RUNTIME}/yggdrasil/admin.sock",
    },
    "greygate-agent": {
        f"{STATE}/rendered*/agent/standing.json",
        f"{RUNTIME}/orders.sock",
        f"{RUNTIME}/firewall/seen/*",  # what root saw of other filters: it tells home
    },
}
# As version 0.1 had it: one group for all accounts, which reads everything and uses every socket.
BEFORE = f"""
set -eu
groupadd --system greygate
systemctl stop greygate-keeper 2>/dev/null || true
for it in $(getent passwd | sed -n 's/^\\(greygate-[a-z]*\\):.*/\\1/p'); do
    usermod --gid greygate $it
done
userdel greygate-keeper 2>/dev/null || true
for it in $(getent group | sed -n 's/^\\(greygate-[a-z]*\\):.*/\\1/p'); do groupdel $it; done
chgrp -R greygate {STATE}/rendered
find {STATE}/rendered -type d -exec chmod 750 {{}} + -o -type f -exec chmod 640 {{}} +
[ ! -e {STATE}/synapse.d ] || {{ chown root:root {STATE}/synapse.d; chmod 755 {STATE}/synapse.d; }}
cd /etc/systemd/system
sed -i -e '/^SupplementaryGroups=/d' -e 's/^Group=greygate.*/Group=greygate/' greygate-*.service
sed -i 's/^User=greygate-keeper/User=greygate-yggdrasil/' greygate-*.service
systemctl daemon-reload
for it in yggdrasil synapse haproxy keeper; do
    [ ! -e greygate-$it.service ] || systemctl restart greygate-$it
done
"""


@pytest.fixture(scope="module")
def internet(sealed: Sealed) -> World:
    lab = sealed.lab
    for host in ("home", "edge"):
        there = lab.places.root(host) / SCRIPT
        there.write_bytes(Path(__file__).with_name("may_open.py").read_bytes())
    mine = f"echo '# a password of the operator' >{SETTINGS}/90-operator.yaml"
    run(lab, "home", "sh", "-c", mine)
    with federation.anna(lab, "carla"):  # HAProxy keeps a file once somebody has logged in
        return lab


def unlike(lab: World, host: str, table: dict[str, set[str]]) -> dict[str, set[str]]:
    """What opens though the table does not have it, and of the table what does not open."""
    script = ("python3", f"/{SCRIPT}", *table)
    done = run(lab, host, *script, given="\n".join(PLACES))
    assert done.returncode == 0, done.stderr
    told: dict[str, list[str]] = json.loads(done.stdout)
    public = set(told[EVERYBODY])
    found = {}
    for account, patterns in table.items():
        opened = set(told[account]) - (public if account != EVERYBODY else set())
        extra = {it for it in opened if not any(fnmatch(it, each) for each in patterns)}
        lacking = {it for it in patterns if not any(fnmatch(each, it) for each in opened)}
        if extra | lacking:
            found[account] = extra | lacking
    return found


def test_each_account_at_home_opens_what_it_needs_and_no_more(internet: World) -> None:
    assert unlike(internet, "home", HOME) == {}


def test_each_account_on_the_edge_opens_what_it_needs_and_no_more(internet: World) -> None:
    assert unlike(internet, "edge", EDGE) == {}


def test_an_installation_with_one_group_for_all_is_brought_to_it_without_loss(
    internet: World,
) -> None:
    def numbers() -> str:
        return run(internet, "home", "id", "-u", "greygate-synapse").stdout

    before, address = numbers(), federation.overlay_address(internet)
    done = run(internet, "home", "sh", "-c", BEFORE)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: reachable(internet), within=90, what="the installation of before")
    seen = unlike(internet, "home", {it: HOME[it] for it in HOME if it != "greygate-keeper"})
    assert f"{RUNTIME}/synapse/client.sock" in seen["greygate-yggdrasil"]
    greygate(internet, "home", "install")
    wait_until(lambda: reachable(internet), within=90, what="federation")
    assert unlike(internet, "home", HOME) == {}
    assert (numbers(), federation.overlay_address(internet)) == (before, address)


def test_an_edge_of_before_is_brought_to_it_by_joining_again(sealed: Sealed) -> None:
    lab = sealed.lab
    done = run(lab, "edge", "sh", "-c", BEFORE)
    assert done.returncode == 0, done.stderr
    assert unlike(lab, "edge", EDGE) != {}
    greygate(lab, "edge", "edge", "join", given=sealed.token)
    wait_until(lambda: reachable(lab), within=90, what="federation")
    assert unlike(lab, "edge", EDGE) == {}


def reachable(lab: World) -> bool:
    return bool(federation.federation(lab)["reachable"] == "yes")
