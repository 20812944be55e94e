from __future__ import annotations

from collections.abc import Iterable

import pytest

from greygate.errors import WrongUsage
from greygate.site.interview import answered, interview
from greygate.site.model import Challenge, Layout, Node, Site, Source
from greygate.site.parse import parse
from greygate.site.question import Question
from greygate.site.write import site_text


def play(answers: Iterable[str], *, federation: str = "no") -> tuple[list[Question], Site | None]:
    """The questions that these answers meet, and the site if they reach it."""
    asking = interview()
    assert next(asking).key == "federation"
    asked = [asking.send(federation)]
    try:
        for answer in answers:
            asked.append(asking.send(answer))
    except StopIteration as done:
        return asked, done.value
    return asked, None


def test_a_name_and_the_defaults_make_a_site() -> None:
    asked, site = play(["twinkle.org", "", "", "", "", ""])
    assert [question.key for question in asked] == [
        "server_name",
        "names.client",
        "overlay.node",
        "overlay.peers",
        "people.first",
        "support.email",
    ]
    assert site is not None
    assert parse(site_text(site)) == site
    assert site == answered({"server_name": "twinkle.org"})


def test_everything_can_be_answered() -> None:
    _asked, site = play(
        ["twinkle.org", "chat.twinkle.org", "system", "tls://a.b:1, tls://c.d:2", "ann", "a@b.c"]
    )
    assert site is not None
    assert site.overlay.node is Node.SYSTEM
    assert site.overlay.peers == ("tls://a.b:1", "tls://c.d:2")
    assert not site.overlay.firewall
    assert (site.first_person, site.support.email) == ("ann", "a@b.c")
    assert parse(site_text(site)) == site


def test_a_routed_address_is_asked_for() -> None:
    asked, site = play(["twinkle.org", "", "routed", "", "2001:db8::1", "300::1", "", ""])
    assert [bool(question.problem) for question in asked if question.key == "overlay.address"] == [
        False,
        True,
        True,
    ]
    assert site is not None
    assert parse(site_text(site)) == site


def test_a_bad_answer_is_asked_again_with_the_reason() -> None:
    asked, _site = play(["", "a b", "twinkle.org", "x:1", "", "managd", "", "tls://x", "", "A", ""])
    told = [(question.key, bool(question.problem)) for question in asked]
    assert told == [
        ("server_name", False),
        ("server_name", True),
        ("server_name", True),
        ("names.client", False),
        ("names.client", True),
        ("overlay.node", False),
        ("overlay.node", True),
        ("overlay.peers", False),
        ("overlay.peers", True),
        ("people.first", False),
        ("people.first", True),
        ("support.email", False),
    ]


def test_a_doubted_name_is_kept_only_by_a_clear_yes() -> None:
    asked, _site = play(["co.uk", "maybe", "", "twinkle.org"])
    assert [question.key for question in asked] == [
        "server_name",
        "accepted_doubts",
        "accepted_doubts",
        "server_name",
        "names.client",
    ]
    assert "doubt.public-suffix" in asked[3].problem
    _asked, site = play(["co.uk", "yes", "", "", "", "", ""])
    assert site is not None
    assert site.accepted_doubts == ("doubt.public-suffix",)
    assert parse(site_text(site)) == site


def test_a_doubted_client_name_is_asked_again() -> None:
    asked, _site = play(["twinkle.org", "twinkle.org", "no", "m.local", "yes"])
    assert asked[3].problem
    assert asked[5].key == "overlay.node"


def test_only_what_refuses_is_asked_about() -> None:
    asked, _site = play(["twinkle.internal"])
    assert asked[1].key == "names.client"


def test_flags_answer_as_people_do() -> None:
    with pytest.raises(WrongUsage, match="without server_name"):
        answered({})
    with pytest.raises(WrongUsage, match=r"doubt\.public-suffix"):
        answered({"server_name": "co.uk"})
    with pytest.raises(WrongUsage, match=r"'https://a\.org/' as server_name") as refused:
        answered({"server_name": "https://a.org/"})
    assert "did you mean a.org?" in refused.value.hint
    with pytest.raises(WrongUsage, match="'localhost' as server_name") as refused:
        answered({"server_name": "localhost"})
    assert "--accept doubt.special-use" in refused.value.hint
    site = answered({"server_name": "co.uk"}, accepted=("doubt.public-suffix",))
    assert site.accepted_doubts == ("doubt.public-suffix",)


def test_who_federates_is_asked_for_the_edge_and_the_certificate() -> None:
    asked, site = play(
        [
            *("twinkle.org", "", "clearnet", "M.twinkle.org", "edge.other.org", "127.0.0.1"),
            *("192.0.2.10, 2001:db8::10", "files", "chain.pem", "/srv/chain.pem", "/srv/key.pem"),
            *("letsencrypt.org", "x", "https://acme.example/1", "routed", "", "", "", ""),
        ],
        federation="yes",
    )
    assert [question.key for question in asked if question.problem] == [
        *("edge.name", "edge.addresses", "certificates.chain", "certificates.account"),
        "overlay.node",
    ]
    assert site is not None
    assert site.names.layout is Layout.CLEARNET
    assert parse(site_text(site)) == site


@pytest.mark.parametrize(
    ("answer", "challenge", "server"),
    [
        ("https://auth.example.org", Challenge.ACME_DNS, "https://auth.example.org"),
        ("manual", Challenge.MANUAL, None),
    ],
)
def test_a_certificate_that_is_ordered(
    answer: str, challenge: Challenge, server: str | None
) -> None:
    asked, site = play(
        [
            *("twinkle.org", "", "none", "edge.other.org", "192.0.2.10", "", "auth.example"),
            *(answer, "", "", "", "", ""),
        ],
        federation="yes",
    )
    assert [question.key for question in asked if question.problem] == ["zone.acme_dns"]
    assert site is not None
    assert site.certificates.source is Source.ACME
    assert {zone.name for zone in site.zones} == {"twinkle.org", "other.org"}
    assert {(zone.challenge, zone.acme_dns) for zone in site.zones} == {(challenge, server)}
    assert parse(site_text(site)) == site


def test_a_name_that_stands_alone_well_may_not_federate() -> None:
    asked, _site = play(["twinkle.internal"], federation="yes")
    assert asked[1].key == "accepted_doubts"
