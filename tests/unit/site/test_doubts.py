from __future__ import annotations

import pytest

from greygate.site.doubts import ALL, Severity, doubts, doubts_of
from greygate.site.making import standalone, trial
from greygate.site.model import Layout
from greygate.spec.server_name import ServerName

CLIENT = "m.twinkle.org"


def names(text: str, *, federation: bool = False) -> list[tuple[str, str]]:
    found = doubts(ServerName.parse(text), CLIENT, federation=federation)
    return [(doubt.name.removeprefix("doubt."), doubt.severity.value) for doubt in found]


@pytest.mark.parametrize("name", ["twinkle.org", "foo.co.uk", "a.xn--p1ai", "city.kawasaki.jp"])
def test_a_name_in_a_zone_of_ones_own_is_not_doubted(name: str) -> None:
    assert names(name, federation=True) == []


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        ("192.0.2.1", "ip-literal"),
        ("[200::1]", "ip-literal"),
        ("twinkle.org:8448", "port"),
        ("Twinkle.org", "upper-case"),
        ("twinkle.local", "special-use"),
        ("localhost", "special-use"),
        ("a.onion", "special-use"),
        ("a.arpa", "special-use"),
        ("twinkle", "single-label"),
        ("co.uk", "public-suffix"),
        ("github.io", "public-suffix"),
        ("ygg.at", "public-suffix"),
    ],
)
@pytest.mark.parametrize("federation", [True, False])
def test_what_is_always_refused(name: str, doubt: str, federation: bool) -> None:
    assert names(name, federation=federation) == [(doubt, "refuse")]


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        ("twinkle.ygg", "not-public"),
        ("twinkle.internal", "not-public"),
        ("twinkle.home.arpa", "not-public"),
        ("twinkle.example", "not-public"),
        ("a.example.com", "not-public"),
        ("twinkle.lan", "not-public"),
        ("twinkle.ygg.at", "one-operator"),
        ("twinkle.duckdns.org", "one-operator"),
    ],
)
def test_what_is_refused_only_where_it_federates(name: str, doubt: str) -> None:
    assert names(name, federation=True) == [(doubt, "refuse")]
    assert names(name) == [(doubt, "tell")]


def test_what_refuses_comes_first() -> None:
    assert names("Twinkle.internal") == [("upper-case", "refuse"), ("not-public", "tell")]


def test_an_accepted_doubt_is_not_told_again() -> None:
    name = ServerName.parse("Twinkle.internal:1")
    left = doubts(name, CLIENT, federation=True, accepted=("doubt.port", "doubt.not-public"))
    assert [doubt.name for doubt in left] == ["doubt.upper-case"]


def test_client_and_server_name_are_the_same_in_layout_overlay_only() -> None:
    name = ServerName.parse("twinkle.org")
    (doubt,) = doubts(name, "TWINKLE.org", federation=False)
    assert (doubt.name, doubt.severity) == ("doubt.client-is-server", Severity.REFUSE)
    assert doubts(name, "twinkle.org", federation=False, layout=Layout.OVERLAY) == ()


def test_a_client_name_that_apps_look_up_elsewhere_is_doubted_once() -> None:
    (doubt,) = doubts(ServerName.parse("twinkle.org"), "m.local", federation=False)
    assert doubt.name == "doubt.client-special-use"
    assert names("a.local") == [("special-use", "refuse")]
    (doubt,) = doubts(ServerName.parse("a.local"), "m.a.local", federation=False)
    assert doubt.name == "doubt.special-use"


def test_a_trial_has_no_doubts() -> None:
    assert doubts_of(trial("abcdefgh")) == ()
    (doubt,) = doubts_of(standalone(ServerName.parse("twinkle.internal")))
    assert doubt.name in ALL


@pytest.mark.parametrize("client", ["com", "m", "co.uk", "рф".encode("idna").decode()])
def test_a_client_name_that_nobody_can_have_is_doubted(client: str) -> None:
    (doubt,) = doubts(ServerName.parse("twinkle.org"), client, federation=False)
    assert (doubt.name, doubt.severity) == ("doubt.client-public-suffix", Severity.REFUSE)


def test_a_client_name_that_no_authority_knows_cannot_go_with_federation() -> None:
    name = ServerName.parse("twinkle.org")
    assert doubts(name, "m.twinkle.ygg", federation=False) == ()
    (doubt,) = doubts(name, "m.twinkle.ygg", federation=True)
    assert (doubt.name, doubt.severity) == ("doubt.client-not-public", Severity.REFUSE)
    both = ServerName.parse("twinkle.ygg")
    (doubt,) = doubts(both, "m.twinkle.ygg", federation=True)
    assert doubt.name == "doubt.not-public"
