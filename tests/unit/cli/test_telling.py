"""What `up` says at the end: where the server is, what it is not, and the first password."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import cast

import pytest

from greygate.cli.telling import Announcement, farewell, installed, opening, trial_told
from greygate.cli.user import listed
from greygate.home.half import Home
from greygate.home.persons import Letter, Welcome
from greygate.home.place import place_for
from greygate.home.preparation import Prepared
from greygate.home.start import Started
from greygate.identity import authority
from greygate.machine.rights import TunMissing
from greygate.people.admin import Admission, Person
from greygate.people.invitation import Invitation
from greygate.plan.paths import Paths
from greygate.run.runner import Runner
from greygate.secret import Secret
from greygate.site.model import Node
from greygate.spec.certificate import Due
from some_homes import home, standing
from some_sites import SITES, site

Golden = Callable[[str, str], None]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")

ANNA = Person(
    user_id="@anna:twinkle.example",
    display_name="Anna",
    admin=False,
    deactivated=False,
    created=NOW,
)


def server(name: str, tmp_path: Path, *, why: str | None = None) -> Home:
    """A home half whose authority is there; `why` loopback stands in."""
    site, plan = SITES[name]()
    below = Paths.below(PurePosixPath(tmp_path), PurePosixPath(tmp_path / "run"))
    plan = replace(plan, paths=below)
    authority.ensure_certificate(below, plan.certificate, accounts=False, now=NOW)
    return home((site, plan), substitute=why, cure="sudo greygate up" if why else None)


def announcement(
    it: Home,
    *,
    first: bool = True,
    kept_anew: bool = True,
    new_authority: Due | None = None,
    was_up: bool = False,
) -> Announcement:
    welcome = Welcome(admission=Admission(ANNA, Secret("abcde-fghij")), home=it) if first else None
    started = Started(
        home=it,
        runner=cast(Runner, None),  # nobody is asked
        welcome=welcome,
        seconds=8.25,
        ours=not was_up,
        was_up=was_up,
    )
    prepared = Prepared(home=it, kept_anew=kept_anew, new_authority=new_authority)
    return Announcement(started, prepared)


def steady(text: str, tmp_path: Path) -> str:
    return FINGERPRINT.sub("FINGERPRINT", text.replace(str(tmp_path), "STATE"))


@pytest.mark.parametrize(
    ("name", "why"),
    [("trial", None), ("managed", None), ("loopback", None), ("loopback", "it needs root")],
)
def test_the_announcement_is_as_kept(
    golden: Golden, tmp_path: Path, name: str, why: str | None
) -> None:
    it = server(name, tmp_path, why=why)
    kept = f"{name}-stands-in" if why else name
    here = standing(tun=TunMissing(why, "sudo greygate up") if why else None)
    wanted = site(Node.MANAGED) if why else it.site
    said = f"{opening(wanted, here)}\n{announcement(it).text()}"
    golden(f"announcement/{kept}.txt", steady(said, tmp_path))
    told = json.dumps(announcement(it).told(), indent=2) + "\n"
    golden(f"announcement/{kept}.json", steady(told, tmp_path))


def test_the_password_is_told_at_the_first_start_only(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    assert "abcde-fghij" in announcement(it).text()
    assert "(shown once)" not in announcement(it, first=False).text()
    assert announcement(it, first=False).told()["first_person"] is None


def test_a_trial_asks_nobody_to_keep_its_identity(tmp_path: Path) -> None:
    assert "identity.tar" not in announcement(server("trial", tmp_path)).text()


def test_the_identity_is_told_of_when_it_was_written(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    assert "identity.tar off this machine" in announcement(it).text()
    assert "identity.tar off this machine" not in announcement(it, kept_anew=False).text()


def test_a_new_authority_is_told_to_those_who_trusted_the_old(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    anew = announcement(it, first=False, new_authority=Due.OTHER_NAMES).text()
    assert "people must trust it again" in anew
    assert "trust it again" not in announcement(it, new_authority=Due.UNREADABLE).text()


def test_what_was_up_already_did_not_come_up_just_now(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    again = announcement(it, first=False, was_up=True).text()
    assert "was up already" in again
    assert "is up after" not in again


def test_the_list_of_people_is_as_kept(golden: Golden) -> None:
    closed = replace(ANNA, user_id="@longer-name:twinkle.example", deactivated=True)
    golden("people/list.txt", listed([ANNA, closed]) + "\n")


@pytest.mark.parametrize(("uses", "good_for"), [(1, "one person"), (3, "3 people")])
def test_an_invitation_says_for_how_many_and_how_long(uses: int, good_for: str) -> None:
    text = letter(uses=uses).text(encoding="ascii", terminal=False)
    assert f"Good for {good_for}, until 2026-03-01 12:00 UTC." in text


def test_the_invitation_is_as_kept(golden: Golden) -> None:
    golden("people/invitation.txt", letter().text(encoding="utf-8", terminal=False) + "\n")
    golden("people/invitation.json", json.dumps(letter().told(), indent=2) + "\n")


def letter(uses: int = 1) -> Letter:
    site, plan = SITES["managed"]()
    invitation = Invitation(
        server_name=str(site.server_name),
        client_url=plan.address_url,
        named_url=plan.base_url,
        token=Secret("abcdefghijklmnopqrstuvwx"),
        peers=site.overlay.peers,
        authority=":".join(["5C"] * 32),
        trial=site.trial,
    )
    return Letter(invitation=invitation, uses=uses, expires=NOW)


@pytest.mark.parametrize("name", ["managed", "trial", "loopback"])
def test_the_last_words_are_those_that_must_not_be_missed(tmp_path: Path, name: str) -> None:
    words = farewell(announcement(server(name, tmp_path)).started, place_for({}, uid=0))
    assert "`greygate up` goes on with everything as it was" in words
    assert ("This is a trial" in words) == (name == "trial")
    assert ("NOT the overlay" in words) == (name == "loopback")


def test_a_server_in_a_place_of_its_own_is_found_again(tmp_path: Path) -> None:
    place = place_for({}, uid=0, state=tmp_path / "a place")
    words = farewell(announcement(server("managed", tmp_path)).started, place)
    assert f"`greygate up --state '{tmp_path}/a place'` goes on" in words


def test_without_peers_it_is_said_that_nobody_comes(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    alone = replace(it.site, overlay=replace(it.site.overlay, peers=(), listen=()))
    text = announcement(replace(it, site=alone)).text()
    assert "no overlay peers yet" in text
    assert str(it.source) in text


def test_a_password_that_somebody_typed_is_not_shown(tmp_path: Path) -> None:
    it = server("managed", tmp_path)
    typed = Welcome(admission=Admission(ANNA, Secret("abcde-fghij"), typed=True), home=it)
    assert "abcde-fghij" not in typed.text() + json.dumps(typed.told())
    assert "as you typed it" in typed.text()


@pytest.mark.parametrize("name", ["managed", "trial"])
def test_that_it_is_a_trial_is_told_before_the_deed_and_after(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with trial_told(server(name, tmp_path)):
        before = capsys.readouterr().err
    assert before == capsys.readouterr().err
    assert ("do not carry over" in before) == (name == "trial")


def test_a_trial_is_told_last_at_every_start(tmp_path: Path) -> None:
    again = announcement(server("trial", tmp_path), first=False).text()
    assert again.rstrip().endswith("do not carry over, and it can never federate.")


def test_what_install_has_done_is_as_kept(golden: Golden, tmp_path: Path) -> None:
    started = announcement(server("managed", tmp_path)).started
    golden("announcement/installed.txt", installed(started) + "\n")
