"""What apt said on real machines (tests/recorded/apt), and what we must read in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.machine import apt_report
from greygate.machine.apt_report import Archive, Holder

RECORDED = Path(__file__).parents[2] / "recorded" / "apt"
WHAT = "cannot install haproxy"


def said(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "why", "next_step"),
    [
        ("full-archives", "the disk is full", "df -h"),
        ("full-lists", "the disk is full", "df -h"),
        ("full-usr", "the disk is full", "df -h"),
        ("interrupted", "an earlier installation was interrupted", "dpkg --configure -a"),
        ("offline", "apt's sources cannot be reached", "look at the network"),
        ("offline-update", "apt's sources cannot be reached", "look at the network"),
        (
            "no-suite",
            "apt has a source whose mirror does not have it: "
            "http://mirror.example/debian bookworm-backports",
            "grep -r http://mirror.example/debian /etc/apt",
        ),
        ("unknown", "this machine's sources do not have it", "/etc/apt/sources.list"),
    ],
)
def test_a_refusal_is_given_its_cause_and_the_next_step(
    name: str, why: str, next_step: str
) -> None:
    trouble = apt_report.trouble(WHAT, said(name))
    assert trouble.what == f"{WHAT}: {why}"
    assert next_step in trouble.hint


def test_what_nobody_foresaw_is_told_in_apts_own_last_words() -> None:
    trouble = apt_report.trouble(WHAT, "Reading package lists...\nE: The moon is in the way\n")
    assert trouble.what == f"{WHAT}: E: The moon is in the way"
    assert trouble.hint


def test_silence_is_told_as_an_end_too_soon() -> None:
    assert apt_report.trouble(WHAT, "").what == f"{WHAT}: apt was ended before it was done"


def test_lists_that_are_too_old_are_told_apart() -> None:
    gone = "Err:1 http://mirror.example haproxy\n  404  Not Found [IP: 192.0.2.80 80]\n"
    assert isinstance(apt_report.trouble(WHAT, gone), apt_report.Stale)


@pytest.mark.parametrize("name", ["held", "held-lists"])
def test_who_holds_the_lock_is_named(name: str) -> None:
    holder = apt_report.holder(said(name))
    assert holder == Holder(16, "python3")
    assert str(holder) == "python3 (pid 16)"


def test_dpkg_has_words_of_its_own_for_a_held_lock() -> None:
    output = "dpkg: error: dpkg frontend lock was locked by another process with pid 812\n"
    assert apt_report.holder(output) == Holder(812, "?")


@pytest.mark.parametrize(("name", "so"), [("interrupted", True), ("unknown", False)])
def test_what_an_interrupted_installation_left_is_told_apart(name: str, so: bool) -> None:
    assert apt_report.is_half_done(said(name)) is so


@pytest.mark.parametrize("name", ["full-usr", "interrupted", "offline", "unknown"])
def test_other_refusals_are_nobodys_lock(name: str) -> None:
    assert apt_report.holder(said(name)) is None


def test_only_the_telling_lines_are_kept() -> None:
    lines = apt_report.last_words(said("full-usr"))
    assert lines[-1] == "E: Sub-process /usr/bin/dpkg returned an error code (1)"
    assert any("No space left on device" in line for line in lines)
    assert len(lines) <= apt_report.SAID_LINES


def test_only_what_is_wholly_installed_counts() -> None:
    half = "haproxy half-installed 2.6.12-1\nyggdrasil unpacked 0.5.12-2\n"
    assert apt_report.installed(said("dpkg-query") + half) == {
        "libc6:amd64": "2.36-9+deb12u14",
        "python3": "3.11.2-1+b1",
    }


def test_what_only_dpkg_remembers_is_not_on_offer() -> None:
    assert apt_report.offered(said("policy-removed")) == ("0.4.7-1+b5",)


def test_candidates_and_all_that_is_offered_are_read() -> None:
    policy = said("policy")
    assert apt_report.candidates(policy)["yggdrasil"] == "0.5.12-1~bpo12+1"
    assert "0.4.7-1+b5" in apt_report.offered(policy)
    assert apt_report.candidates("nothing:\n  Installed: (none)\n  Candidate: (none)\n") == {}


def test_upgrades_are_not_new_packages() -> None:
    upgrade = "Inst libc6 [2.36-9] (2.36-10 Debian:12.15/oldstable [amd64])\n"
    simulation = said("simulation") + upgrade
    assert "libc6" not in apt_report.coming(simulation)
    assert {"haproxy", "yggdrasil", "liblua5.3-0"} <= set(apt_report.coming(simulation))
    assert len(apt_report.installations(simulation)) == len(apt_report.coming(simulation)) + 1


def test_the_releases_own_archive_is_found_among_its_additions() -> None:
    found = apt_report.archive(said("indextargets"))
    assert found == Archive("http://mirror.example/debian/", "bookworm")
    assert apt_report.archive("") is None


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("0.4.7-1+b5", (0, 4)), ("0.5.12-1~bpo12+1", (0, 5)), ("1:1.0-2", (1, 0)), ("odd", (0, 0))],
)
def test_a_versions_generation(version: str, wanted: tuple[int, int]) -> None:
    assert apt_report.generation(version) == wanted


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("0.5.12-1~bpo12+1", (0, 5, 12)),
        ("0.5.14-1", (0, 5, 14)),
        ("1:0.5.14+dfsg-2", (0, 5, 14)),
        ("0.5.14~rc1-1", (0, 5, 14)),
        ("0.4.7-1+b5", (0, 4, 7)),
    ],
)
def test_all_numbers_of_a_version_are_read(version: str, numbers: tuple[int, ...]) -> None:
    assert apt_report.numbers(version) == numbers


POLICY = """\
yggdrasil:
  Installed: 0.5.12-1~bpo12+1
  Candidate: 0.5.14-1~bpo12+1
  Version table:
     0.5.14-1~bpo12+1 500
         -1 http://mirror.example/debian bookworm-backports/main amd64 Packages
 *** 0.5.12-1~bpo12+1 100
        100 /var/lib/dpkg/status
     0.4.7-1+b5 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
"""


def test_what_mends_something_is_offered_or_not() -> None:
    assert apt_report.offered_since((0, 5, 14), POLICY) == "0.5.14-1~bpo12+1"
    assert apt_report.offered_since((0, 5, 15), POLICY) is None
