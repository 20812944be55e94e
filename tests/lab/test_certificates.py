"""Certificates from an authority of the lab's internet, by DNS-01 in two zones: one world for all.

The first ones come by certbot, for an operator who had it before and then gives it up; the tests
follow one another.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pytest

from greygate.lab import acme, world
from greygate.lab.topology import Debian
from greygate.lab.world import World
from lab import broken, certified, federation
from lab.certified import ACME_DNS, CLIENT, EDGE, NAME, TOPOLOGY, load, served
from lab.conftest import Raise
from lab.federation import greygate, run
from lab.talking import Pair, open_room, talk
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

BRIEF_ONES = 2  # of half a minute each
RENEWAL = "greygate-renew.service"
# Seconds. An edge lets a source open 20 connections a second, and the strangers open ten.
LOOK_EVERY = 0.5


@pytest.fixture(scope="module")
def internet(lab: Raise) -> World:
    made = lab("certtest", TOPOLOGY, Debian.TRIXIE)
    certified.place_programs(made)
    return made


@pytest.fixture(scope="module")
def by_certbot(internet: World) -> World:
    """A server that serves what certbot keeps: one certificate for names in two zones."""
    made = {name: certified.register(internet) for name in (NAME, CLIENT)}
    (internet.places.root("home") / "root/acme-dns.json").write_text(json.dumps(made))
    aliases = {name: each["fulldomain"] for name, each in made.items()}
    certified.publish(internet, aliases, planned=False)
    certified.order_by_certbot(internet, NAME, CLIENT, EDGE)
    certified.start_server(internet, aliases, *certified.OF_CERTBOT)
    return internet


def test_every_host_runs_and_trusts_the_labs_authorities_alone(internet: World) -> None:
    states = {it.name: it.state for it in world.status(internet)}
    assert states == {host.name: "running" for host in TOPOLOGY.hosts}
    count = ("grep", "-c", "BEGIN CERTIFICATE", "/etc/ssl/certs/ca-certificates.crt")
    for host in TOPOLOGY.hosts:
        assert run(internet, host.name, *count).stdout.strip() == "3", host.name


@pytest.mark.parametrize("url", [acme.DIRECTORY, acme.BRIEF, f"{ACME_DNS}/health"])
def test_home_has_no_ipv6_and_reaches_them_by_name(internet: World, url: str) -> None:
    assert run(internet, "home", "ip", "-6", "route", "show", "default").stdout == ""
    certified.fetched(internet, url)


def test_without_ipv6_a_server_that_is_down_is_not_taken_for_no_network(internet: World) -> None:
    """What our own code makes of it: httpx alone says "Network is unreachable", the last word."""
    program = "from greygate.probe import connection as it; print(it.why_not(*{place}))"
    place = (ACME_DNS.removeprefix("https://"), 443)
    line = f"PYTHONPATH=/root/greygate/src exec /var/lib/greygate/env/*/bin/python -c '{program}'"
    asked = line.format(place=str(place).replace("'", '"'))
    assert run(internet, "home", "sh", "-c", asked).stdout == "None\n"
    run(internet, "acme-dns", "systemctl", "stop", "acme-dns")
    told = run(internet, "home", "sh", "-c", asked)
    run(internet, "acme-dns", "systemctl", "start", "acme-dns")
    assert "198.51.100.34: Connection refused" in told.stdout, told.stderr
    wait_until(lambda: certified.is_up(internet), within=10, what="acme-dns is back")


def test_a_stranger_is_shown_what_certbot_ordered(by_certbot: World) -> None:
    assert len({served(by_certbot, name) for name in (NAME, EDGE)}) == 1


def test_what_certbot_renews_is_served_and_no_request_is_lost(by_certbot: World) -> None:
    before = served(by_certbot, NAME)
    with load(by_certbot) as seen:
        certified.renew_by_certbot(by_certbot)
        shown(by_certbot, unlike=before)
    assert (seen["failures"], seen["closed"]) == ([], 0)
    assert seen["answers"] > 100
    assert seen["certificates"] == 2


@pytest.fixture(scope="module")
def by_us(by_certbot: World) -> World:
    """The same server once its operator gives certbot up."""
    certified.order_ourselves(by_certbot, acme.DIRECTORY)
    greygate(by_certbot, "home", "install")
    return by_certbot


def test_a_cname_that_leads_elsewhere_is_named_before_anything_is_ordered(by_us: World) -> None:
    before = served(by_us, NAME)
    said = greygate(by_us, "home", "cert", "issue", fails=True)
    for name in (NAME, CLIENT):
        assert f"the CNAME at _acme-challenge.{name} leads to" in said, said
    assert "auth.acme-dns.example" in said
    assert served(by_us, NAME) == before


def test_names_in_two_zones_are_proved_by_two_solvers_and_no_request_is_lost(
    by_us: World,
) -> None:
    before = served(by_us, NAME)
    certified.publish(by_us, {})  # the plan has the CNAMEs now
    with load(by_us) as seen:
        greygate(by_us, "home", "cert", "issue")
        after = shown(by_us, unlike=before)
    assert (seen["failures"], seen["closed"], seen["certificates"]) == ([], 0, 2)
    assert served(by_us, EDGE) == after
    told = certified.listed(by_us)
    assert told["names"] == sorted((NAME, CLIENT, EDGE))
    assert told["failure"] is None


def test_people_of_both_servers_talk_where_the_authority_is_acme(by_us: World) -> None:
    """`remote` trusts the lab's authorities as its host does: each has a file of its own."""
    with ExitStack() as stack:
        anna = stack.enter_context(federation.anna(by_us))
        boris = stack.enter_context(federation.boris(by_us))
        pair = Pair(anna, boris, "@boris:remote.example")
        talk(pair, open_room(pair, direct=True), topic="certificates")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (broken.authority_down, ("acme.authority.example", "cannot be reached")),
        (broken.names_down, ("acme.authority.example", "its name cannot be looked up")),
        (broken.cname_deleted, ("there is no CNAME at _acme-challenge.twinkle.example",)),
        (broken.credentials_forgotten, ("401", "does not know these credentials")),
        (broken.disk_full, ("the disk of", "is full")),
    ],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_what_is_broken_is_named_and_the_old_certificate_serves(
    by_us: World, broken: Callable[[World], AbstractContextManager[None]], words: tuple[str, ...]
) -> None:
    before = served(by_us, NAME)
    with broken(by_us):
        said = greygate(by_us, "home", "cert", "issue", "--again", fails=True)
        assert "next:" in said
        assert served(by_us, NAME) == before
    for word in words:
        assert word.lower() in said.lower(), said


def test_an_order_that_is_killed_harms_nothing_and_is_ended_by_the_next(by_us: World) -> None:
    before = served(by_us, NAME)
    for seconds in ("1.5", "2.5", "3.5"):
        kill = f"timeout -s KILL {seconds} ./greygate cert issue --again"
        run(by_us, "home", "sh", "-c", f"cd /root/greygate && {kill}")
        assert served(by_us, NAME)
    greygate(by_us, "home", "cert", "issue", "--again")
    shown(by_us, unlike=before)


def test_the_timers_service_orders_shut_in_as_it_is(by_us: World) -> None:
    """Another authority is named, so one is due at once. Where acme-dns is away that is kept, and
    told; once it is back, the service serves one of those that live for half a minute, and stays
    for the next."""
    before = served(by_us, NAME)
    certified.order_ourselves(by_us, acme.BRIEF)
    greygate(by_us, "home", "install")
    run(by_us, "acme-dns", "systemctl", "stop", "acme-dns")
    run(by_us, "home", "systemctl", "restart", "--no-block", RENEWAL)
    wait_until(lambda: "not renewed" in status(by_us), within=60, what="the failure is told")
    assert served(by_us, NAME) == before
    run(by_us, "acme-dns", "systemctl", "start", "acme-dns")
    wait_until(lambda: certified.is_up(by_us), within=10, what="acme-dns is back")
    greygate(by_us, "home", "cert", "issue")
    first = shown(by_us, unlike=before)
    shown(by_us, unlike=first)
    assert "not renewed" not in status(by_us)
    state = run(by_us, "home", "systemctl", "is-active", RENEWAL).stdout.strip()
    run(by_us, "home", "systemctl", "stop", RENEWAL)
    assert state == "activating"
    timer = run(by_us, "home", "systemctl", "list-timers", "--no-pager").stdout
    assert RENEWAL in timer


def test_certificates_that_live_for_half_a_minute_are_renewed_by_the_timer(by_us: World) -> None:
    """Of an authority that refuses a quarter of good nonces."""
    certified.order_ourselves(by_us, acme.BRIEF)
    with load(by_us) as seen:
        run(by_us, "home", "systemctl", "start", "--no-block", RENEWAL)
        certificate = served(by_us, NAME)
        for _time in range(BRIEF_ONES):
            certificate = shown(by_us, unlike=certificate)
        run(by_us, "home", "systemctl", "stop", RENEWAL)
    assert (seen["failures"], seen["closed"]) == ([], 0)
    assert seen["certificates"] > BRIEF_ONES


def test_an_edge_answers_the_challenges_of_both_zones(by_us: World) -> None:
    """own-dns: the edge's zone is written by signed updates, ours is typed, as `dns apply` says.

    Home starts without a certificate, as a fresh site must: it writes to an edge only when it runs.
    """
    certified.order_ourselves(by_us, acme.DIRECTORY, certified.ON_THE_EDGE)
    run(by_us, "home", "rm", "/var/lib/greygate/certs/server.pem")
    greygate(by_us, "home", "install")
    assert certified.listed(by_us)["issuer"].startswith("CN=Greygate ")
    token = greygate(by_us, "home", "edge", "token", "edge1")
    greygate(by_us, "edge", "edge", "join", given=token)
    certified.take_away_challenges(by_us, EDGE)
    shown_first = certified.applied(by_us)
    assert [it["result"] for it in shown_first["zones"]] == ["by_hand", "to_do"]
    done = certified.applied(by_us, "--yes", shown_first["digest"])
    assert [it["result"] for it in done["zones"]] == ["by_hand", "done"], done
    certified.publish(by_us, {})
    greygate(by_us, "home", "cert", "issue", *certified.RESOLVER)
    before = served(by_us, NAME)
    greygate(by_us, "home", "cert", "issue", "--again", *certified.RESOLVER)
    shown(by_us, unlike=before)


def status(lab: World) -> str:
    return run(lab, "home", "greygate", "status").stdout


def shown(lab: World, *, unlike: str) -> str:
    """The certificate that a stranger is shown, once it is another one."""

    def is_another() -> bool:
        time.sleep(LOOK_EVERY)
        return served(lab, NAME) != unlike

    wait_until(is_another, within=45, what="the new one is served")
    return served(lab, NAME)
