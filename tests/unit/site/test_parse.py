from __future__ import annotations

import re
import time
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.errors import Mistake, SiteRefused
from greygate.plan.records import SRV_PORTS
from greygate.site.doubts import ALL
from greygate.site.edges import HIGHEST_PRIORITY
from greygate.site.keys import KEYS
from greygate.site.model import Edge, Editor, Layout, Node, Opening, Zone
from greygate.site.parse import parse

HEAD = 'server_name = "twinkle.example"\nfederation = false\n'


def mistakes(text: str) -> tuple[Mistake, ...]:
    try:
        parse(text)
    except SiteRefused as refused:
        return refused.mistakes
    return ()


def told(text: str) -> list[tuple[int, str]]:
    return [(mistake.line, mistake.key) for mistake in mistakes(text)]


def test_two_lines_make_a_site() -> None:
    site = parse(HEAD)
    assert str(site.server_name) == "twinkle.example"
    assert (site.federation, site.trial, site.first_person) == (False, False, "owner")
    assert (site.names.client, site.names.layout) == ("m.twinkle.example", Layout.NONE)
    assert site.overlay.node is Node.MANAGED
    assert site.overlay.firewall
    assert site.support.matrix_id == "@owner:twinkle.example"


def test_the_example_is_a_site() -> None:
    site = parse(files("greygate.site").joinpath("example.toml").read_text("utf-8"))
    assert site.overlay.allow == (Opening("tcp", 22),)
    assert len(site.overlay.peers) == 2
    assert site.support.page == "https://twinkle.example/help"


def test_the_example_shows_every_key() -> None:
    text = files("greygate.site").joinpath("example.toml").read_text("utf-8")
    assert [key.name for key in KEYS if f"{key.name} = " not in text] == []


def test_everything_can_be_chosen() -> None:
    site = parse(
        HEAD
        + """accepted_doubts = ["doubt.one-operator"]
        names = { client = "twinkle.example", layout = "overlay" }
        overlay.node = "routed"
        overlay.address = "300::12"
        overlay.firewall = false
        people.first = "alice"
        """
    )
    assert site.accepted_doubts == ("doubt.one-operator",)
    assert site.names.client == "twinkle.example"
    assert site.overlay.address == IPv6Address("300::12")
    assert not site.overlay.firewall
    assert site.support.matrix_id == "@alice:twinkle.example"


def test_every_mistake_is_told_at_its_line() -> None:
    text = """server_nam = "x"
federation = 1
[names]
client = "m:1"
layout = "non"
[overlay]
adress = "200::1"
peers = [
  "tls://192.0.2.1:443",
  7,
  "tls://192.0.2.1",   # no port
]
allow = ["tcp/22", "tcp/22", "icmp/1", "tcp/65536"]
[suport]
email = "x"
"""
    assert told(text) == [
        (1, "server_nam"),
        (2, "federation"),
        (4, "names.client"),
        (5, "names.layout"),
        (7, "overlay.adress"),
        (10, "overlay.peers"),
        (11, "overlay.peers"),
        (13, "overlay.allow"),
        (13, "overlay.allow"),
        (13, "overlay.allow"),
        (14, "suport"),
    ]


def test_an_unknown_key_names_its_nearest_neighbour() -> None:
    (mistake,) = mistakes(HEAD + "[overlay]\nfirewal = true\n")
    assert "firewall" in mistake.hint


def test_a_key_in_the_wrong_place_is_told_its_place() -> None:
    (mistake,) = mistakes(HEAD + 'client = "m.twinkle.example"\n')
    assert "[names]" in mistake.hint
    (mistake,) = mistakes(HEAD + "[overlay]\ntrial = true\n")
    assert "at the top" in mistake.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("zzz = 1\n", "take it away"),
        ("[people]\nzzz = 1\n", "here there are first"),
        ("[people.zzz]\nq = 1\n", "[people]"),
        ("[zzz]\nq = 1\nr = 2\n", "[overlay]"),
        ("overlay = 1\n", "write [overlay]"),
        ("[[overlay]]\nnode = 1\n", "one pair of brackets"),
        ("[trial]\n", "at the top"),
    ],
)
def test_what_is_unknown_is_told_once(text: str, hint: str) -> None:
    (mistake,) = mistakes(HEAD + text)
    assert hint in mistake.hint


FEDERATING = """server_name = "twinkle.example"
accepted_doubts = ["doubt.not-public"]
[[edge]]
id = "edge1"
name = "edge.other.example"
addresses = ["192.0.2.10", "2001:db8::10"]
[certificates]
source = "files"
chain = "/srv/chain.pem"
key = "/srv/key.pem"
"""


def test_a_site_federates_unless_it_says_otherwise() -> None:
    site = parse(FEDERATING)
    assert site.federation
    assert site.edges == (
        Edge(
            id="edge1",
            name="edge.other.example",
            addresses=(IPv4Address("192.0.2.10"), IPv6Address("2001:db8::10")),
        ),
    )
    assert site.certificates.chain == PurePosixPath("/srv/chain.pem")


def test_federating_needs_an_edge_and_a_certificate_that_others_trust() -> None:
    text = 'server_name = "twinkle.lol"\n'
    assert told(text) == [(1, "certificates.source"), (1, "federation")]
    assert told(text + "federation = 1\n") == [(2, "federation")]


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('id = "edge1"\n', "", [(3, "edge[1].id")]),
        ('id = "edge1"', 'id = "Edge"', [(4, "edge[1].id")]),
        ('name = "edge.other.example"\n', "", [(3, "edge[1].name")]),
        ('"edge.other.example"', '"a b"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"twinkle.example"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"M.twinkle.example"', [(5, "edge[1].name")]),
        ('addresses = ["192.0.2.10", "2001:db8::10"]\n', "", [(3, "edge[1].addresses")]),
        ('"192.0.2.10", "2001:db8::10"', "", [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"192.0.2.300"', [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"127.0.0.1"', [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"0.0.0.0"', [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"200::1"', [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"100.64.0.1"', [(6, "edge[1].addresses")]),
        ('"192.0.2.10"', '"::ffff:192.0.2.10"', [(6, "edge[1].addresses")]),
        ('"edge.other.example"', '"localhost"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"edge.local"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"edge"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"co.uk"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"my--vps.hoster.ru"', [(5, "edge[1].name")]),
        ('"edge.other.example"', '"xn--a.hoster.ru"', [(5, "edge[1].name")]),
        ("[certificates]", "priority = 65535\n[certificates]", [(7, "edge[1].priority")]),
        ("[certificates]", "priority = 70000\n[certificates]", [(7, "edge[1].priority")]),
        ("[certificates]", 'priority = "1"\n[certificates]', [(7, "edge[1].priority")]),
        ("[certificates]", 'tls = "terminating"\n[certificates]', [(7, "edge[1].tls")]),
        ("[certificates]", "prioriti = 7\n[certificates]", [(7, "edge[1].prioriti")]),
        ("[[edge]]", "[edge]", [(3, "edge")]),
        ('source = "files"', 'source = "own"', [(8, "certificates.source")]),
        ('chain = "/srv/chain.pem"\n', "", [(7, "certificates.chain")]),
        ('"/srv/chain.pem"', '"chain.pem"', [(9, "certificates.chain")]),
        ("[certificates]", '[certificates]\nissuer = "a b"', [(8, "certificates.issuer")]),
        ("[certificates]", '[certificates]\naccount = "x"', [(7, "certificates.issuer")]),
        ("[certificates]", '[[zone]]\nname = "b.example"\n[certificates]', [(8, "zone[1].name")]),
        ("[certificates]", '[[zone]]\nname = "a b"\n[certificates]', [(8, "zone[1].name")]),
        ("[certificates]", '[[zone]]\ndns = "alfis"\n[certificates]', [(7, "zone[1].name")]),
        ("[certificates]", "zone.name = 1\n[certificates]", [(7, "edge[1].zone.name")]),
        (
            "[certificates]",
            '[egress]\nallow = ["x", "10.0.0.1/8"]\n[certificates]',
            [(8, "egress.allow")] * 2,
        ),
        ("[certificates]", "[egress]\nvia = 1\n[certificates]", [(8, "egress.via")]),
        ("[certificates]", '[overlay]\nnode = "loopback"\n[certificates]', [(8, "overlay.node")]),
        (
            "[certificates]",
            '[overlay]\nallow = ["tcp/18448"]\n[certificates]',
            [(8, "overlay.allow")],
        ),
    ],
)
def test_what_is_wrong_about_edges_is_told(
    old: str, new: str, wrong: list[tuple[int, str]]
) -> None:
    assert old in FEDERATING
    found = told(FEDERATING.replace(old, new))
    assert [it for it in found if it in wrong] == wrong, found


def test_ids_and_names_of_edges_are_their_own() -> None:
    second = '[[edge]]\nid = "edge1"\nname = "EDGE.other.example"\naddresses = ["192.0.2.11"]\n'
    found = told(FEDERATING + second)
    assert found == [(12, "edge[2].id"), (13, "edge[2].name")]


def test_one_address_is_one_edge() -> None:
    second = '[[edge]]\nid = "two"\nname = "two.other.example"\naddresses = ["2001:DB8:0::10"]\n'
    (mistake,) = mistakes(FEDERATING + second)
    assert (mistake.line, mistake.key) == (14, "edge[2].addresses")
    assert "edge1 already" in mistake.text


def test_an_address_of_an_edge_that_lacks_something_else_is_taken_all_the_same() -> None:
    found = told(FEDERATING + '[[edge]]\nid = "two"\naddresses = ["192.0.2.10"]\n')
    assert found == [(11, "edge[2].name"), (13, "edge[2].addresses")]


@pytest.mark.parametrize(
    ("key", "items"),
    [
        ("edge[1].addresses", ("2a00::1", "2A00:0::1")),
        ("egress.allow", ("192.168.1.20", "192.168.1.20/32")),
    ],
)
def test_what_is_spelled_in_two_ways_is_there_twice(key: str, items: tuple[str, str]) -> None:
    text = FEDERATING
    if key.startswith("egress"):
        text += f"[egress]\nallow = {list(items)}\n"
    else:
        text = re.sub(r"(?m)^addresses = .*$", f"addresses = {list(items)}", text)
    (mistake,) = mistakes(text)
    assert (mistake.key, "twice" in mistake.text) == (key, True)


@pytest.mark.parametrize("text", ["fe80::1%eth0", "::ffff:192.168.1.1"])
def test_a_network_is_one_that_the_firewall_and_synapse_know(text: str) -> None:
    assert told(f'{FEDERATING}[egress]\nallow = ["{text}"]\n') == [(12, "egress.allow")]


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ("[zone]", "[[zone]]", [(11, "zone")]),
        ("[[zone]]", "[zone]", [(13, "zone")]),
        ("[zone]", "[zone]", [(11, "zone"), (13, "")]),
        ("[[zone]]", "[server_name]", [(13, "")]),
    ],
)
def test_a_section_in_two_forms_is_told_where_it_stands(
    first: str, second: str, wrong: list[tuple[int, str]]
) -> None:
    zones = f'{first}\nname = "other.example"\n{second}\nname = "twinkle.example"\n'
    assert told(FEDERATING + zones) == wrong


def test_the_hint_of_a_challenge_is_one_that_can_be_written() -> None:
    source = FEDERATING[FEDERATING.index("source") :]
    (mistake, *_rest) = mistakes(FEDERATING.replace(source, 'source = "acme"\n'))
    assert '"lexicon:PROVIDER"' in mistake.hint


def test_a_hint_names_nothing_that_would_be_refused_as_well() -> None:
    text = FEDERATING.replace("edge.other.example", "edge.other.onion.")
    assert [it.hint for it in mistakes(text) if "onion" in it.hint] == []


def test_every_priority_that_is_taken_makes_a_priority_of_srv() -> None:
    assert HIGHEST_PRIORITY + len(SRV_PORTS) - 1 == 65535


@pytest.mark.parametrize(
    ("name", "layout", "refused"),
    [
        ("twinkle.example:8448", "none", True),
        ("twinkle.example:8448", "overlay", True),
        ("twinkle.example:8448", "clearnet", False),
        ("twinkle.example:443", "clearnet", False),
        ("twinkle.example:8008", "clearnet", True),
        ("192.0.2.9", "none", True),
        ("[2001:db8::9]:8448", "clearnet", True),
    ],
)
def test_a_name_by_which_nobody_finds_the_edge_cannot_federate(
    name: str, layout: str, refused: bool
) -> None:
    doubts = 'accepted_doubts = ["doubt.not-public", "doubt.port", "doubt.ip-literal"]\n'
    names = f'[names]\nclient = "m.twinkle.example"\nlayout = "{layout}"\n'
    head, rest = FEDERATING.split("[[edge]]")
    rest = rest.replace("[certificates]", '[certificates]\nissuer = "ca.example"')
    head = re.sub(r"(?m)^(server_name|accepted_doubts) = .*\n", "", head)
    text = f'server_name = "{name}"\n{doubts}{head}{names}[[edge]]{rest}'
    assert told(text) == ([(1, "server_name")] if refused else [])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("server_name", 'server_name = "дом.рф"\nfederation = false\n'),
        ("names.client", HEAD + '[names]\nclient = "дом.рф"\n'),
        ("edge[1].name", '[[edge]]\nname = "дом.рф"\n'),
        ("zone[1].name", '[[zone]]\nname = "дом.рф"\n'),
    ],
)
def test_an_international_name_brings_the_spelling_that_dns_has(key: str, text: str) -> None:
    assert [it.hint for it in mistakes(text) if it.key == key and "xn--d1aqf.xn--p1ai" in it.hint]


def test_a_name_whose_user_ids_are_too_long_is_refused() -> None:
    fits = ".".join(("a" * 60, "b" * 60, "c" * 60, "d" * 43, "org"))
    assert (len(fits), told(f'server_name = "{fits}"\nfederation = false\n')) == (230, [])
    (mistake,) = mistakes(f'server_name = "a{fits}"\nfederation = false\n')
    assert "1 characters too long" in mistake.text


@pytest.mark.parametrize("name", ["example", "co.uk", "рф"])
def test_a_zone_of_everybody_is_no_zone_of_ours(name: str) -> None:
    assert "zone[1].name" in [key for _line, key in told(f'{HEAD}[[zone]]\nname = "{name}"\n')]


def test_a_layout_on_the_clearnet_is_for_those_who_federate() -> None:
    assert told(HEAD + '[names]\nlayout = "clearnet"\n') == [(4, "names.layout")]
    layout = '[names]\nlayout = "clearnet"\n[[edge]]'
    assert parse(FEDERATING.replace("[[edge]]", layout)).names.layout is Layout.CLEARNET


def test_zones_are_those_of_our_names() -> None:
    zone = '[[zone]]\nname = "other.example"\ndns = "alfis"\n'
    assert parse(FEDERATING + zone).zones == (Zone("other.example", Editor.ALFIS),)
    assert told(FEDERATING + zone + zone) == [(15, "zone[2].name")]


def test_the_server_name_is_needed() -> None:
    assert told("federation = false\n") == [(1, "server_name")]
    assert told("federation = false\nserver_name = 5\n") == [(2, "server_name")]


@pytest.mark.parametrize("name", ["", "a b", "a..b", "a_b.example", "[::1", "-a.example"])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert told(f'server_name = "{name}"\nfederation = false\n') == [(1, "server_name")]


def test_a_doubted_name_is_refused_until_the_doubt_is_accepted() -> None:
    text = 'server_name = "co.uk"\nfederation = false\n'
    (mistake,) = mistakes(text)
    assert 'accepted_doubts = ["doubt.public-suffix"]' in mistake.hint
    assert mistakes(text + 'accepted_doubts = ["doubt.public-suffix"]\n') == ()


def test_a_doubt_about_the_client_name_is_told_at_the_client_name() -> None:
    assert told(HEAD + '[names]\nclient = "twinkle.example"\n') == [(4, "names.client")]
    assert told(HEAD + '[names]\nclient = "m.local"\n') == [(4, "names.client")]


def test_an_unknown_doubt_cannot_be_accepted() -> None:
    (mistake,) = mistakes(HEAD + 'accepted_doubts = ["doubt.puplic-suffix"]\n')
    assert "doubt.public-suffix" in mistake.text
    (mistake,) = mistakes(HEAD + 'accepted_doubts = ["zzz"]\n')
    assert all(doubt in mistake.hint for doubt in ALL)


def test_an_address_as_name_needs_a_client_name() -> None:
    text = """server_name = "192.0.2.1"
federation = false
accepted_doubts = ["doubt.ip-literal"]
"""
    assert told(text) == [(1, "names.client")]
    assert mistakes(text + '[names]\nclient = "m.twinkle.example"\n') == ()


def test_a_trial_has_a_throw_away_name() -> None:
    assert parse('server_name = "trial-a.internal"\nfederation = false\ntrial = true\n').trial
    assert told(HEAD + "trial = true\n") == [(3, "trial")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('node = "system"\nlisten = ["tls://[::]:9001"]', ["overlay.listen"]),
        ('node = "routed"', ["overlay.address"]),
        ('node = "routed"\naddress = "2001:db8::1"', ["overlay.address"]),
        ('node = "routed"\naddress = "x"', ["overlay.address"]),
        ('node = "routed"\naddress = "300::1%eth0"', ["overlay.address"]),
        ('node = "routed"\naddress = "300::1"\npeers = ["tls://a.b:1"]', ["overlay.peers"]),
        ('node = "loopback"\naddress = "200::1"', ["overlay.address"]),
        ('node = "loopback"\nallow = []\nfirewall = true', ["overlay.allow", "overlay.firewall"]),
        ('node = "managed"\naddress = "200::1"\nlisten = ["tls://[::]:9001"]', []),
        ('listen = ["tls://[::]:443"]', ["overlay.listen"]),
        ('listen = ["tcp://:8448"]', ["overlay.listen"]),
        ('listen = ["ws://[300::1]:18448"]', ["overlay.listen"]),
        ('listen = ["quic://[::]:443", "tls://192.0.2.1:443", "tcp://192.0.2.2:443"]', []),
        ('listen = ["quic://[::]:443", "tcp://0.0.0.0:443"]', []),
        ('listen = ["tls://[::]:9001", "tcp://192.0.2.1:9001"]', ["overlay.listen"]),
        ('listen = ["tls://192.0.2.1:443", "tcp://0.0.0.0:443"]', ["overlay.listen"]),
        ('listen = ["quic://[::]:9001", "quic://:9001", "tls://:9001"]', ["overlay.listen"]),
        ('listen = ["tls://[ff02::1]:9001"]', ["overlay.listen"]),
        ('listen = ["unix:///run/a%00b"]', ["overlay.listen"]),
        ('node = "system"\naddress = "300::1"\npeers = ["tls://a.b:1"]', []),
        ('node = "loopback"\nfirewall = false', []),
        ('node = "managed"\nlisten = ["wss://[::]:443"]', ["overlay.listen"]),
    ],
)
def test_what_does_not_go_together_in_overlay(text: str, wrong: list[str]) -> None:
    assert [mistake.key for mistake in mistakes(f"{HEAD}[overlay]\n{text}\n")] == wrong


@pytest.mark.parametrize("name", ["Alice", "", "123", "_bridge", "a:b", "a" * 250])
def test_a_first_person_that_cannot_be_is_refused(name: str) -> None:
    assert told(f'{HEAD}[people]\nfirst = "{name}"\n') == [(4, "people.first")]


def test_support_is_checked() -> None:
    text = HEAD + '[support]\nemail = "nobody"\npage = "gopher://x"\n'
    assert told(text) == [(4, "support.email"), (5, "support.page")]


def test_broken_syntax_does_not_hide_other_mistakes() -> None:
    text = 'server_name = "twinkle.example\nfederation = fals\n[overlay\nnode = "x"\nnode = 3\n'
    assert told(text) == [(1, ""), (2, ""), (3, ""), (4, "overlay.node"), (5, "")]


WORDS = st.sampled_from(
    ['"', "'", '"""', "=", "[", "]", "[[", "]]", "{", "}", ",", "\n", "\r\n", "#", ".", " ", "\\"]
    + ["false", "true", "1", "1979-05-27", '"x"', "edge", "overlay", "\ufeff", "\x00", "é"]
    + [key.key for key in KEYS]
    + [f"{key.name} = {key.example}" for key in KEYS]
    + [f"\n[{key.section}]\n" for key in KEYS if key.section]
)


@given(st.text() | st.lists(WORDS, max_size=30).map("".join))
def test_any_text_is_a_site_or_a_list_of_mistakes_with_line_and_cure(text: str) -> None:
    for mistake in mistakes(text):
        assert 1 <= mistake.line <= text.count("\n") + 1
        assert mistake.text
        assert mistake.hint


FEDERATES = """[[edge]]
id = "edge1"
name = "edge.other.net"
addresses = ["192.0.2.10"]
[[zone]]
name = "other.net"
challenge = "manual"
"""
TOGETHER = f"""server_name = "home.twinkle.net"
[certificates]
source = "files"
chain = "/c"
key = "/k"
{FEDERATES}"""
WHOLE = """server_name = "home.example.net"
federation = false
"""


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("acme_dns", "https://auth.example.org\\n"),
        ("acme_dns", "https://auth.example.org:65536"),
        ("acme_dns", "https://auth.example.org:0"),
        ("acme_dns", "https://me:pw@auth.example.org"),
        ("acme_dns", "https://auth..example.org"),
        ("directory", "https://ca.example:70000/dir"),
        ("directory", "https://"),
        ("account", "https://ca.example:70000/acct/1"),
        ("account", "https://ca.example/acct;1"),
        ("page", "https://help.example:99999/"),
        ("page", "https://he lp.example/"),
        ("chain", "/etc/a\\u0000b"),
        ("key", "/etc/a\\nb"),
        ("chain", "/"),
        ("key", "/" + "a" * 256),
        ("key_file", "/etc/a\\u0000b"),
        ("credentials", "etc/a"),
        ("server", "192.0.2.53:70000"),
        ("peers", "socks://192.0.2.1:1080/192.0.2.2:70000"),
    ],
)
def test_addresses_and_paths_are_what_can_be_used(key: str, text: str) -> None:
    source = "files" if key in ("chain", "key") else "acme"
    values = {"source": f'"{source}"', "directory": "", "account": "", "issuer": '"ca.example"'}
    if source == "files":
        values |= {"chain": '"/etc/c.pem"', "key": '"/etc/k.pem"'}
    zone = {
        "acme_dns": 'challenge = "acme-dns"\nacme_dns = "{}"',
        "key_file": 'dns = "rfc2136"\nserver = "192.0.2.53"\nkey_file = "{}"',
        "server": 'dns = "rfc2136"\nserver = "{}"\nkey_file = "/etc/k"',
        "credentials": 'dns = "lexicon:hetzner"\ncredentials = "{}"',
    }.get(key, 'challenge = "manual"')
    if key in values:
        values[key] = f'"{text}"'
    parts = [WHOLE, "[overlay]", f'peers = ["{text}"]' if key == "peers" else ""]
    parts += ["[support]", f'page = "{text}"' if key == "page" else ""]
    parts += ["[certificates]", *(f"{name} = {it}" for name, it in values.items() if it)]
    parts += ["[[zone]]", 'name = "example.net"', zone.format(text)]
    with pytest.raises(SiteRefused) as refused:
        parse("\n".join(parts))
    assert [it.key.rpartition(".")[2] for it in refused.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[certificates]\nsource = "acem"\nemail = "a@b.example"\nkey_type = "rsa"', "source"),
        ('[certificates]\nsource = "fiels"\nchain = "/c"\nkey = "/k"', "source"),
        ('[certificates]\nsource = 1\nissuer = "x.example"\nemail = "a@b.example"', "source"),
        ('[certificates]\nsuorce = "files"\nchain = "/c"\nkey = "/k"', "suorce"),
        ('[certificates]\nsource = files\nchain = "/c"\nkey = "/k"', ""),
        ('[overlay]\nnode = "ruoted"\naddress = "300::1"', "node"),
        ('[overlay]\nnode = "lopback"\nfirewall = true', "node"),
        ('[names]\nlayout = "overlya"\nclient = "home.example.net"', "layout"),
        (
            '[[zone]]\nname = "example.net"\ndns = "rfc2163"\nserver = "192.0.2.1"'
            '\nkey_file = "/k"',
            "dns",
        ),
        (
            '[certificates]\nsource = "acme"\n[[zone]]\nname = "example.net"\nchallenge = "acmedns"'
            '\nacme_dns = "https://a.example"',
            "challenge",
        ),
        (
            '[certificates]\nsource = "acme"\n[[zone]]\nname = "example.net"'
            '\ndns = "lexicon:hetzer"\ncredentials = "/k"',
            "dns",
        ),
        ('[certificate]\nsource = "files"\nchain = "/c"\nkey = "/k"', "certificate"),
        ('[overlay]\npeers = ["tls://a.example:1?key=x"y"]', ""),
        ('[certificates]\nsource = "acme"\n[zone]\nname = "example.net"', "zone"),
    ],
)
def test_nothing_follows_from_what_cannot_be_read(text: str, key: str) -> None:
    """One slip is one mistake: its neighbours are not judged by what is usual without it."""
    with pytest.raises(SiteRefused) as refused:
        parse(WHOLE + text)
    assert [it.key.rpartition(".")[2] for it in refused.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            'server_name = "home_.example.net"\nfederation = false\n[[zone]]\nname = "example.net"',
            "server_name",
        ),
        (
            'server_name = "home.example.net"\nfederation = "no"\n[names]\nlayout = "clearnet"',
            "federation",
        ),
        ('server_name = "home.internal"\ntrial = "yes"\nfederation = false', "trial"),
        ('server_name = "home.internal"\ntrial = "yes"', "trial"),
        ('server_name = 5\n[certificates]\nsource = "acme"\n' + FEDERATES, "server_name"),
        ('server_nam = "a.b.net"\n[certificates]\nsource = "acme"\n' + FEDERATES, "server_nam"),
        ('server_n\u0430me = "a.b.net"\n[certificates]\nsource = "acme"\n' + FEDERATES, ""),
        (TOGETHER.replace("[[edge]]", "[edge]"), "edge"),
        (TOGETHER.replace('id = "edge1"', 'id: "edge1"'), ""),
        (TOGETHER.replace("[certificates]", "[certificate]"), "certificate"),
        (
            'server_name = "home.test"\nfederation = false\naccepted_doubts = ["doubt.specialuse"]',
            "accepted_doubts",
        ),
    ],
)
def test_nor_from_the_top_of_the_file(text: str, key: str) -> None:
    with pytest.raises(SiteRefused) as refused:
        parse(text)
    assert [it.key.rpartition(".")[2] for it in refused.value.mistakes] == [key]


def test_a_file_of_nothing_but_unknown_keys_is_told_at_once() -> None:
    """Looking for what each was meant to be took half a minute."""
    text = "".join(f"key{n} = 1\n" for n in range(20_000))
    before = time.process_time()
    with pytest.raises(SiteRefused) as refused:
        parse(text)
    assert time.process_time() - before < 10  # measured: 0.5; every near one looked for: 7 and more
    hints = [it.hint for it in refused.value.mistakes if it.key.startswith("key")]
    assert (len(hints), hints.count("take it away")) == (20_000, 19_900)
