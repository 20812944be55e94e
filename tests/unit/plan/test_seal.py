"""Who could get a certificate for the server name, by what CAA says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import some_sites
from greygate.plan.challenges import needs_guard
from greygate.plan.seal import unsealed
from greygate.site.model import Certificates, Editor, Layout, Site, Source, Zone
from greygate.spec.caa import answered
from greygate.spec.dns import Absence, Absent, Failure, TextAnswer, Texts, Unanswered

ACCOUNT = "https://acme.example/acct/1"
GUARD = f'0 issue "letsencrypt.org;accounturi={ACCOUNT};validationmethods=dns-01"'
ABSENT = Absent(Absence.NO_NAME)
SILENT = Unanswered(Failure.SILENCE)
NAME = "twinkle.example"


def clearnet() -> Site:
    return some_sites.federating(Layout.CLEARNET)[0]


def missing(site: Site, *answers: TextAnswer) -> str | None:
    """What would seal it, where the server name and those above it have these CAA records."""
    return answered(
        unsealed(site), lambda asked: answers[NAME.split(".").index(asked.name.split(".")[0])]
    )


@pytest.mark.parametrize(
    ("answers", "sealed"),
    [
        ([Texts((GUARD,))], True),
        ([Texts((GUARD, '0 issuewild ";"'))], True),
        ([ABSENT, Texts((GUARD,))], True),
        ([ABSENT, ABSENT], False),
        ([SILENT, Texts((GUARD,))], False),
        ([ABSENT, SILENT], False),
        ([Texts(('0 issue "letsencrypt.org"',)), Texts((GUARD,))], False),
        ([Texts((GUARD, '0 issue "other.example"'))], False),
        ([Texts((GUARD, '0 issuewild "letsencrypt.org"'))], False),
        ([Texts((GUARD.replace("dns-01", "dns-01,http-01"),))], False),
        ([Texts((GUARD.replace(";validationmethods=dns-01", ""),))], False),
        ([Texts((GUARD.replace("acct/1", "acct/2"),))], False),
        ([Texts((GUARD.replace('01"', '01;"'),))], False),  # malformed: some would be lenient
        ([Texts((f'0 issue "{";" * 2}"',))], False),
        ([Texts(('0 iodef "mailto:a@b.example"',))], False),
        ([Texts(('128 contactemail "a@b.example"',))], False),  # some authorities do know it
        ([Texts(('0 issuewild ";"',))], False),
        ([Texts(('0 issue ";"',))], True),
    ],
)
def test_a_name_on_the_clearnet_is_sealed_by_caa_alone(
    answers: list[TextAnswer], sealed: bool
) -> None:
    assert (missing(clearnet(), *answers) is None) == sealed


def test_other_layouts_need_no_seal() -> None:
    site = some_sites.federating()[0]
    assert needs_guard(site) == ()
    assert missing(site) is None


def test_what_would_seal_it_is_told() -> None:
    site = clearnet()
    assert "[certificates]" in (missing(replace(site, certificates=Certificates())) or "")
    alfis = replace(site, zones=(Zone(NAME, Editor.ALFIS),))
    assert "no CAA" in (missing(alfis) or "")
    assert GUARD in (missing(site, ABSENT, ABSENT) or "")
    assert "time-out" in (missing(site, SILENT) or "")


def test_who_orders_for_himself_opens_an_account_first() -> None:
    ordering = replace(clearnet(), certificates=Certificates(source=Source.ACME))
    told = missing(ordering, ABSENT, ABSENT)
    assert told == "open an account: greygate cert register; then: greygate dns plan"
