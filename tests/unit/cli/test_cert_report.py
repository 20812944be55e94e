"""What `cert list` says: how the certificate stands, and what comes next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

import some_homes
import some_sites
from greygate.certs.installation import in_place
from greygate.certs.kept import Kept
from greygate.cli.cert_report import listed
from greygate.home.half import Home
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames
from greygate.site.model import Certificates, Source
from greygate.spec.renewal import Failure
from own_certificate import self_signed

NAMES = ("twinkle.example", "m.twinkle.example", "edge.other.example")


@pytest.fixture
def ordering(tmp_path: Path) -> Home:
    """A home that orders its certificates, and has none yet."""
    site, plan = some_sites.federating()
    site = replace(site, certificates=Certificates(source=Source.ACME))
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    return some_homes.home((site, replace(plan, paths=paths)))


@pytest.fixture
def certified(ordering: Home) -> Home:
    paths = ordering.plan.paths
    Path(paths.certificate.parent).mkdir(parents=True)
    Path(paths.certificate).write_bytes(b"".join(self_signed(CertificateNames(NAMES, ()))))
    seen = in_place(paths)
    assert seen is not None
    kept(ordering).keep_installed(
        seen.fingerprint, at=datetime.now(UTC) - timedelta(days=1), clock_ahead=timedelta()
    )
    return ordering


def kept(home: Home) -> Kept:
    return Kept(home.plan.paths, home.site.certificates.directory)


def moment(home: Home) -> datetime:
    """A little after the certificate was made."""
    seen = in_place(home.plan.paths)
    assert seen is not None
    return seen.told.covered.begins + timedelta(hours=1)


def test_there_is_none(ordering: Home) -> None:
    told = listed(ordering, now=datetime.fromisoformat("2026-11-25T12:00:00+00:00"))
    assert told.text == "source       acme\ncertificate  none\nnext         now: there is none"
    assert (told.well, told.as_json["ends"], told.as_json["names"]) == (False, None, [])


def test_all_is_well(certified: Home) -> None:
    told = listed(certified, now=moment(certified))
    assert told.well
    lines = told.text.splitlines()
    assert lines[1] == "names   edge.other.example, m.twinkle.example and twinkle.example"
    assert lines[2] == "issuer  CN=test"
    assert lines[3].endswith("UTC, 23 h 5 min left")
    assert lines[4].endswith("UTC: two thirds of its life are over then")
    assert json.dumps(told.as_json)
    assert told.as_json["failure"] is None


def test_what_failed_is_told_with_its_cure(certified: Home) -> None:
    now = moment(certified)
    seen = in_place(certified.plan.paths)
    assert seen is not None
    kept(certified).keep_failure(
        Failure(
            at=now - timedelta(minutes=2),
            cause="cannot order a certificate: it is down",
            cure="wait",
            times=3,
            about=seen.fingerprint,
        )
    )
    told = listed(certified, now=now)
    assert not told.well
    assert "failed  2 min ago, 3 in a row: cannot order a certificate: it is down" in told.text
    assert told.text.splitlines()[-1].strip() == "next: wait"
    assert told.as_json["failure"]["cause"] == "cannot order a certificate: it is down"


def test_it_expired(certified: Home) -> None:
    told = listed(certified, now=moment(certified) + timedelta(days=2))
    assert not told.well
    assert "EXPIRED" in told.text
    assert "next    now: two thirds of its life are over then" in told.text


def test_one_that_is_kept_by_another_program(certified: Home) -> None:
    both = certified.plan.paths.certificate
    files = Certificates(source=Source.FILES, chain=both, key=both)
    site = replace(certified.site, certificates=files)
    told = listed(replace(certified, site=site), now=moment(certified))
    assert told.well
    assert told.as_json["next"] is None
    assert told.text.startswith("source  files\n")


def test_one_whose_next_cannot_be_taken_over(certified: Home) -> None:
    site = replace(certified.site, certificates=some_sites.federating()[0].certificates)
    told = listed(replace(certified, site=site), now=moment(certified))
    assert not told.well
    assert "cannot use the certificate in /etc/ssl/twinkle/chain.pem: no such file" in told.text
    assert "next: see chain and key under [certificates]" in told.text
