"""How the sections [[zone]] are read, written again, and what is told of mistakes in them."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

import some_sites
from greygate.errors import Mistake, SiteRefused
from greygate.site.defaults import challenge_zone_of, zone_of
from greygate.site.model import Challenge, Editor, Zone
from greygate.site.parse import parse
from greygate.site.write import site_text

HEAD = """server_name = "twinkle.example"
accepted_doubts = ["doubt.not-public"]
[[edge]]
id = "edge1"
name = "edge.other.example"
addresses = ["192.0.2.10"]
[certificates]
source = "files"
chain = "/srv/chain.pem"
key = "/srv/key.pem"
[[zone]]
name = "twinkle.example"
"""
AT = HEAD.count("\n")  # the zone's name stands there, and each test's first line below it
KEY = PurePosixPath("/etc/greygate/tsig")
CREDENTIALS = PurePosixPath("/etc/greygate/credentials")
SIGNED = f'server = "192.0.2.53"\nkey_file = "{KEY}"\n'


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("", Zone("twinkle.example")),
        ('dns = "alfis"\n', Zone("twinkle.example", Editor.ALFIS)),
        (
            f'dns = "rfc2136"\n{SIGNED}',
            Zone(
                "twinkle.example",
                Editor.RFC2136,
                challenge=Challenge.RFC2136,
                server="192.0.2.53",
                key_file=KEY,
            ),
        ),
        (
            f'challenge = "rfc2136"\n{SIGNED}'.replace("192.0.2.53", "[2001:db8::53]:5353"),
            Zone(
                "twinkle.example",
                challenge=Challenge.RFC2136,
                server="[2001:db8::53]:5353",
                key_file=KEY,
            ),
        ),
        (
            f'dns = "lexicon:desec"\nchallenge = "manual"\ncredentials = "{CREDENTIALS}"\n',
            Zone(
                "twinkle.example",
                Editor.LEXICON,
                challenge=Challenge.MANUAL,
                provider="desec",
                credentials=CREDENTIALS,
            ),
        ),
        (
            f'challenge = "lexicon:gandi"\ncredentials = "{CREDENTIALS}"\n',
            Zone(
                "twinkle.example",
                challenge=Challenge.LEXICON,
                provider="gandi",
                credentials=CREDENTIALS,
            ),
        ),
        (
            'dns = "alfis"\nchallenge = "own-dns"\n',
            Zone(
                "twinkle.example",
                Editor.ALFIS,
                challenge=Challenge.OWN_DNS,
                edge="edge1",
                challenge_zone="acme.edge.other.example",
            ),
        ),
        (
            'challenge = "acme-dns"\nacme_dns = "http://[200::1]"\n',
            Zone("twinkle.example", challenge=Challenge.ACME_DNS, acme_dns="http://[200::1]"),
        ),
    ],
)
def test_a_zone_is_read_and_written_again(text: str, zone: Zone) -> None:
    site = parse(HEAD + text)
    assert site.zones == (zone,)
    assert parse(site_text(site)) == site


@pytest.mark.parametrize(
    ("text", "wrong", "hint"),
    [
        ('dns = "rfc-2136"', [(1, "dns")], "rfc2136"),
        ('dns = "lexicon"', [(1, "dns")], "lexicon:PROVIDER"),
        ('dns = "alfis:x"', [(1, "dns")], "lexicon:PROVIDER"),
        ('dns = "acme-dns"', [(1, "dns")], "manual"),
        ('dns = "lexicon:cloudflair"\ncredentials = "/a"', [(1, "dns")], "lexicon:cloudflare"),
        ('dns = "lexicon:route53"\ncredentials = "/a"', [(1, "dns")], "acme-dns"),
        ('dns = "lexicon:qq"\ncredentials = "/a"', [(1, "dns")], "zonomi"),
        ('dns = "lexicon:ovh"', [(0, "credentials")], "credentials ="),
        ('dns = "rfc2136"', [(0, "key_file"), (0, "server")], "key_file ="),
        ('challenge = "http-01"', [(1, "challenge")], "rfc2136"),
        (f'dns = "rfc2136"\n{SIGNED.replace("192.0.2.53", "ns.a.example")}', [(2, "server")], "::"),
        (f'dns = "rfc2136"\n{SIGNED.replace("192.0.2.53", "a b")}', [(2, "server")], "::"),
        (f'dns = "rfc2136"\n{SIGNED.replace(f"{KEY}", "tsig")}', [(3, "key_file")], "/"),
        (SIGNED, [(1, "server"), (2, "key_file")], "take"),
        ('credentials = "/a"', [(1, "credentials")], "take"),
        ('challenge = "acme-dns"', [(1, "challenge")], "acme_dns ="),
        ('edge = "edge1"', [(1, "edge")], "take"),
        ('challenge = "own-dns"\nedge = "edge2"', [(2, "edge")], "edge1"),
        ('acme_dns = "https://a.example"', [(1, "acme_dns")], "take"),
        ('challenge = "acme-dns"\nacme_dns = "auth.example"', [(2, "acme_dns")], "https://"),
        ('challenge = "acme-dns"\nacme_dns = "http://auth.example"', [(2, "acme_dns")], "https://"),
        ('challenge = "acme-dns"\nacme_dns = "http://["', [(2, "acme_dns")], "https://"),
        (f'dns = "alfis"\nchallenge = "rfc2136"\n{SIGNED}', [(2, "challenge")], "acme-dns"),
        (
            'dns = "lexicon:ovh"\nchallenge = "lexicon:gandi"\ncredentials = "/a"',
            [(2, "challenge")],
            "lexicon:ovh",
        ),
    ],
)
def test_what_is_wrong_about_a_zone_is_told(
    text: str, wrong: list[tuple[int, str]], hint: str
) -> None:
    found = mistakes(HEAD + text)
    header = AT - 1
    lines = [(header if line == 0 else AT + line, f"zone[1].{key}") for line, key in wrong]
    assert [(it.line, it.key) for it in found] == lines, found
    assert hint in found[0].hint


def test_own_dns_needs_a_delegation_which_alfis_has_not() -> None:
    text = f'{HEAD}challenge = "own-dns"\n'.replace("edge.other.example", "edge.a.ygg.at")
    (found,) = mistakes(text)
    assert (found.key, "edge.a.ygg.at" in found.text) == ("zone[1].challenge", True)


def test_own_dns_needs_an_edge() -> None:
    alone = HEAD.partition("[[edge]]")[0].replace("accepted", "federation = false\naccepted")
    (found,) = mistakes(f'{alone}[[zone]]\nname = "twinkle.example"\nchallenge = "own-dns"\n')
    assert found.key == "zone[1].challenge"


def test_a_written_zone_has_no_more_than_was_chosen() -> None:
    site, _plan = some_sites.federating()
    assert "challenge" not in site_text(site)


def mistakes(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(SiteRefused) as refused:
        parse(text)
    return refused.value.mistakes


def test_the_challenge_of_a_name_may_be_a_zone() -> None:
    text = HEAD.removesuffix('name = "twinkle.example"\n')
    small = 'name = "_acme-challenge.m.twinkle.example"\n'
    site = parse(f'{text}{small}challenge = "rfc2136"\n{SIGNED}')
    (zone,) = site.zones
    assert zone.name == "_acme-challenge.m.twinkle.example"
    assert challenge_zone_of(site, "m.twinkle.example") is zone
    assert challenge_zone_of(site, "twinkle.example").name == "twinkle.example"
    assert zone_of(site, "m.twinkle.example").name == "twinkle.example"
    (other,) = mistakes(f"{text}{small.replace('.m.', '.x.')}")
    assert "none of this site's names" in other.text
    (led,) = mistakes(f'{text}{small}challenge = "acme-dns"\nacme_dns = "https://a.example"\n')
    assert "CNAME cannot stand" in led.text
