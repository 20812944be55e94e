"""The status as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from greygate.machine.disk import Room
from greygate.probe.answers import NoAnswer, Peer, Peers, Reply
from greygate.run.judgement import federation, people
from greygate.run.report import is_well, lines, to_json, verdict
from greygate.run.seen import Reach, Remark, Seen, Verdict
from greygate.run.state import Condition, End, Memory, State
from greygate.run.status import Status
from greygate.spec.acme import Life
from greygate.spec.certificate import Due
from greygate.spec.renewal import Failure, Outlook
from some_sites import SITES

Golden = Callable[[str, str], None]

PEERS = Peers(
    (
        Peer(uri="tls://192.0.2.10:8443", up=True, inbound=False),
        Peer(uri="quic://[2001:db8::10]:443", up=False, inbound=False, complaint="no route"),
    )
)
STATES = (
    State(
        name="synapse",
        condition=Condition.UP,
        pid=812,
        since=1_000.0,
        memory=Memory(118_000_000, shared_out=True),
    ),
    State(
        name="haproxy",
        condition=Condition.STARTING,
        pid=813,
        since=1_060.0,
        memory=Memory(9_000_000, shared_out=False),
    ),
    State(name="yggdrasil", condition=Condition.UP, pid=814, since=1_000.0),
)


def status(name: str = "trial") -> Status:
    site, plan = SITES[name]()
    seen = Seen(
        states=STATES,
        present=frozenset(plan.addresses),
        answer=Reply(200, b""),
        peers=PEERS,
    )
    return Status(
        site=site,
        plan=plan,
        at=1_065.0,
        seen=seen,
        people=people(site, plan, seen),
        federation=federation(site, plan, seen),
    )


def test_lines_are_as_kept(golden: Golden) -> None:
    golden("status/trial.txt", "\n".join(lines(status())) + "\n")


def test_json_is_as_kept(golden: Golden) -> None:
    golden("status/trial.json", json.dumps(to_json(status()), indent=2) + "\n")


def test_what_was_not_seen_is_told_as_such() -> None:
    well = status()
    blind = replace(well, seen=replace(well.seen, peers=NoAnswer("denied"), states=NoAnswer("x")))
    assert to_json(blind)["overlay"]["unknown"] == "denied"
    assert to_json(blind)["services"] == []
    assert any("not known: denied" in line for line in lines(blind))


def test_the_verdict_is_one_line_with_its_cure() -> None:
    site, plan = SITES["trial"]()
    well = status()
    down = replace(well, people=people(site, plan, replace(well.seen, states=())))
    assert verdict(down) == "NOT reachable: the server is not running; next: greygate up"


def test_a_certificate_that_was_not_renewed_is_told_with_its_cause() -> None:
    well, now = status(), datetime.fromtimestamp(1_065.0, UTC)
    failure = Failure(
        at=now - timedelta(minutes=5),
        cause="cannot order a certificate: there is no CNAME at _acme-challenge.twinkle.example",
        cure="publish it",
        times=1,
        about="A",
    )
    ahead = Outlook(life=Life.LATE, at=now + timedelta(minutes=10), why=Due.OLD, failure=failure)
    late = replace(well, seen=replace(well.seen, renewal=ahead, certificate_left=90_000.0))
    told = [line.split(maxsplit=1) for line in lines(late)]
    assert ["certificate", "expires in 1 d 1 h"] in told
    assert any("not renewed 5 min ago: cannot order" in line for line in lines(late))
    assert any("publish it; tried again at 1970-01-01 00:27 UTC" in it for it in lines(late))
    assert to_json(late)["certificate"]["renewal"]["failure"]["cure"] == "publish it"
    # One that lives for days is always close to its end; that alone is no news.
    calm = replace(ahead, life=Life.SERVING, failure=None)
    young = replace(well, seen=replace(well.seen, renewal=calm, certificate_left=90_000.0))
    assert not any("certificate" in line for line in lines(young))


def test_a_disk_is_spoken_of_before_it_is_full() -> None:
    before = status()
    some = replace(before, seen=replace(before.seen, room=Room(Path("/var"), 300_000_000, None)))
    assert any("300.0 MB left in /var" in line for line in lines(some))
    enough = replace(before, seen=replace(before.seen, room=Room(Path("/var"), 10**10, None)))
    assert not any("left in" in line for line in lines(enough))


def test_what_was_killed_is_told_while_it_runs_again() -> None:
    before = status()
    end = End(result="oom-kill", status=9, ago=300.0)
    killed = tuple(replace(it, end=end) if it.name == "synapse" else it for it in STATES)
    told = lines(replace(before, seen=replace(before.seen, states=killed)))
    assert any("synapse was killed for want of memory 5 min ago" in line for line in told)


def test_it_is_well_where_people_and_other_servers_both_come_in() -> None:
    for verdict_, well in (
        (Verdict.YES, True),
        (Verdict.OFF, True),
        (Verdict.NO, False),
        (Verdict.UNKNOWN, False),
    ):
        seen = replace(status(), people=Reach(Verdict.YES, ""), federation=Reach(verdict_, ""))
        assert is_well(seen) is well
    nobody = replace(status(), people=Reach(Verdict.NO, ""), federation=Reach(Verdict.YES, ""))
    assert not is_well(nobody)


def test_what_somebody_changed_about_our_units_has_its_rows() -> None:
    well = status()
    remarks = (Remark("greygate.target is not enabled", "greygate apply"), Remark("b", "c"))
    drifted = replace(well, seen=replace(well.seen, drift=remarks))
    text = "\n".join(lines(drifted))
    assert "units       greygate.target is not enabled" in text
    assert "next: greygate apply" in text
    assert to_json(drifted)["units"][1] == {"text": "b", "cure": "c"}


def test_what_somebody_changed_about_our_files_has_its_rows() -> None:
    well = status()
    files, keys = (Remark("edited by hand", "overwrite"),), (Remark("damaged", "tar -xf"),)
    edited = replace(well, seen=replace(well.seen, files=files, keys=keys))
    assert "files       edited by hand" in "\n".join(lines(edited))
    assert "keys        damaged" in "\n".join(lines(edited))
    assert to_json(edited)["files"] == [{"text": "edited by hand", "cure": "overwrite"}]
    assert to_json(edited)["keys"] == [{"text": "damaged", "cure": "tar -xf"}]


def test_a_certificate_that_could_not_follow_has_its_row() -> None:
    well = status()
    flaw = Remark("cannot use the certificate in /x: it expired", "renew it")
    late = replace(well, seen=replace(well.seen, certificate_unfit=flaw))
    assert "certificate  cannot use the certificate in /x" in "\n".join(lines(late))
    assert to_json(late)["certificate"]["unfit"]["cure"] == "renew it"
