"""The table of what the clearnet may ask: sane in itself, and decided as it says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import some_sites
from greygate.plan.policy import Opens, Outcome, Policy, Verdict, endpoints, policy_for
from greygate.plan.policy_page import page
from greygate.site.model import Layout

SPECIFIED = Path(__file__).parents[2] / "recorded/matrix/v1.19.tsv"
DOCUMENT = Path(__file__).parents[3] / "docs/policy.md"


def policy(layout: Layout = Layout.NONE, *, legacy_media: bool = False) -> Policy:
    site, _plan = some_sites.federating(layout)
    return policy_for(replace(site, legacy_media=legacy_media))


def test_what_federation_needs_is_open_and_what_it_never_needs_is_closed() -> None:
    for row in endpoints():
        if row.verdict is Verdict.MUST:
            assert row.opens is Opens.ALWAYS, row
        if row.verdict is Verdict.NEVER:
            assert row.opens is Opens.CLOSED, row


def test_every_row_is_there_once_and_has_its_source() -> None:
    opened = Counter((it.method, it.path) for it in endpoints() if it.opens is not Opens.CLOSED)
    assert [it for it, count in opened.items() if count > 1] == []
    assert [it for it in endpoints() if not (it.source and it.reason)] == []


def test_no_endpoint_of_the_specification_is_missing() -> None:
    """The list has method and path of all that v1.19 has below data/api, with its basePath."""
    known = {(method, _blank(it.path)) for it in endpoints() for method in it.method.split("/")}
    lines = SPECIFIED.read_text("utf-8").splitlines()
    specified = [line.split("\t") for line in lines]
    assert len(specified) > 200
    missing = [(it, path) for it, path in specified if (it, _blank(path)) not in known]
    assert missing == []


def _blank(path: str) -> str:
    """The path, whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")


FEDERATION = "/_matrix/federation"


@pytest.mark.parametrize(
    ("method", "target", "outcome"),
    [
        ("GET", f"{FEDERATION}/v1/version", Outcome.ANSWERED),
        ("GET", f"{FEDERATION}/v1/version?x=/../y", Outcome.ANSWERED),
        ("GET", f"{FEDERATION}/v1/version/", Outcome.UNKNOWN),
        ("POST", f"{FEDERATION}/v1/version", Outcome.WRONG_METHOD),
        ("PUT", f"{FEDERATION}/v1/send/1", Outcome.ANSWERED),
        ("PUT", f"{FEDERATION}/v1/send/1/", Outcome.ANSWERED),
        ("PUT", f"{FEDERATION}/v1/send/", Outcome.UNKNOWN),
        ("GET", f"{FEDERATION}/v1/state/!opaque-without-domain", Outcome.ANSWERED),
        ("POST", f"{FEDERATION}/v1/rtc/livekit/get_token", Outcome.UNKNOWN),
        ("GET", f"{FEDERATION}/v1/event/%24a%2Fb%21%23", Outcome.ANSWERED),
        ("GET", f"{FEDERATION}/v1/event/a/b", Outcome.UNKNOWN),
        ("GET", f"{FEDERATION}/v1/event/%2e%2e", Outcome.UNKNOWN),
        ("GET", f"{FEDERATION}/v1/event/a;b", Outcome.UNKNOWN),
        ("GET", "/_matrix/key/v2/server", Outcome.ANSWERED),
        ("GET", "/_matrix/key/v2/server/", Outcome.ANSWERED),
        ("GET", "/_matrix/key/v2/server/ed25519%3Aa", Outcome.ANSWERED),
        ("GET", f"{FEDERATION}/v1/openid/userinfo?access_token=x", Outcome.ANSWERED),
        ("GET", "/_matrix/client/versions", Outcome.UNKNOWN),
        ("GET", "/_matrix/media/v3/download/twinkle.example/a", Outcome.UNKNOWN),
        ("GET", "/.well-known/matrix/client", Outcome.UNKNOWN),
        ("GET", "/.well-known/matrix/server", Outcome.UNKNOWN),
        ("GET", "https://twinkle.example/_matrix/federation/v1/version", Outcome.UNKNOWN),
        ("GET", f"{FEDERATION}\\v1", Outcome.UNKNOWN),
        ("GET", "/\u00e9", Outcome.UNKNOWN),
    ],
)
def test_a_request_is_decided(method: str, target: str, outcome: Outcome) -> None:
    decision = policy().decide(method, target)
    assert decision.outcome is outcome
    assert decision.why


def test_legacy_media_is_ours_alone_and_only_where_it_is_switched_on() -> None:
    known = policy(legacy_media=True)
    ours, theirs = (f"/_matrix/media/v3/download/{it}/a" for it in ("twinkle.example", "x.example"))
    assert known.decide("GET", ours).outcome is Outcome.ANSWERED
    assert known.decide("GET", theirs).outcome is Outcome.UNKNOWN
    assert known.decide("GET", ours.replace(".", "x")).outcome is Outcome.UNKNOWN


def test_one_layout_states_one_document() -> None:
    known = policy(Layout.CLEARNET)
    assert [it.path for it in known.stated] == ["/.well-known/matrix/client"]
    assert known.decide("GET", "/.well-known/matrix/client").outcome is Outcome.STATED
    assert known.decide("PUT", "/.well-known/matrix/client").outcome is Outcome.UNKNOWN


def test_the_document_is_the_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        DOCUMENT.write_text(page() + "\n", "utf-8")
    assert DOCUMENT.read_text("utf-8") == page() + "\n", "run pytest with --update"
