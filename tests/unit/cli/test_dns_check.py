"""`greygate dns check` in worlds where an answer is not what stands in the zone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest

import power_dns
from acme_rig.rig import Rig
from some_resolvers import resolver
from unit.cli.conftest import Ended, Run

pytestmark = pytest.mark.acme

HOST, CLIENT, EDGE = "twinkle.example", "m.twinkle.example", "edge.other.example"
ACCOUNT = "https://acme.example/acct/1"
GUARD = f'0 issue "letsencrypt.org;accounturi={ACCOUNT};validationmethods=dns-01"'
OTHERS = '0 issue "pki.goog"'
SITE = f"""server_name = "{HOST}"
accepted_doubts = ["doubt.not-public"]
[[edge]]
id = "edge1"
name = "{EDGE}"
addresses = ["192.0.2.10"]
[[zone]]
name = "ZONE"
dns = "rfc2136"
server = "SERVER"
key_file = "KEY"
[certificates]
source = "files"
chain = "/srv/chain.pem"
key = "/srv/key.pem"
issuer = "letsencrypt.org"
account = "{ACCOUNT}"
"""
LAME = "does not serve the zone"
SERVICES = (f"_matrix-fed._tcp.{HOST}", f"_matrix._tcp.{HOST}")
SRV = ("10 10 8448 edge.other.example.", "11 10 443 edge.other.example.")
NAMES = (HOST, CLIENT, EDGE, f"*.{HOST}", "*.other.example", f"new.{HOST}", *SERVICES)
KINDS = ("A", "AAAA", "CNAME", "SRV", "CAA", "TXT")


class World:
    """A site whose names are the rig's, published as planned; tests spoil it."""

    def __init__(self, rig: Rig, run: Run, below: Path, state: str) -> None:
        self.rig = rig
        self._run = run
        self._file = below / "site.toml"
        self._key = below / "tsig"
        self._state = state
        made = rig.keys[HOST]
        self._key.touch(0o600)
        self._key.write_text(f"{made.name}:{made.secret}\n")
        self.write()
        self._make_keys()
        plan = json.loads(self("plan", "--json", resolvers=()).out)
        self.address = next(it["values"][0] for it in plan if it["name"] == CLIENT)

    def _make_keys(self) -> None:
        """What looks makes none; nothing is written where nothing was agreed to."""
        assert self("apply", "--json").code == 1  # there is something to agree to

    def write(self, *, zone: str = HOST, **changes: str) -> None:
        text = SITE.replace("SERVER", self.rig.knot).replace("KEY", str(self._key))
        for old, new in {"ZONE": zone, **changes}.items():
            text = text.replace(old, new)
        self._file.write_text(text)

    def rename(self, name: str) -> None:
        """Another server, with a state of its own."""
        self._state += "/other"
        self.write(**{f'server_name = "{HOST}"': f'server_name = "{name}"'})
        self._make_keys()

    def publish(self) -> None:
        """All that the plan has but for the CAA that it advises."""
        for name in SERVICES:
            self.rig.publish(name, "SRV", *SRV)
        self.rig.publish(CLIENT, "AAAA", self.address)
        self.rig.publish(EDGE, "A", "192.0.2.10")

    def __call__(
        self, command: str, *words: str | Path, resolvers: tuple[str, ...] | None = None
    ) -> Ended:
        asked = (self.rig.resolver,) if resolvers is None else resolvers
        flags = [word for it in asked for word in ("--resolver", it)]
        place = ("--site", self._file, "--state", self._state)
        return self._run("dns", command, *place, *flags, *words)

    def check(self, *resolvers: str) -> dict[str, Any]:
        done = self("check", "--json", resolvers=resolvers or None)
        told: dict[str, Any] = json.loads(done.out)
        assert done.code == (0 if told["right"] else 1), done.err
        return told

    def states(self, name: str, kind: str) -> set[str]:
        """How the zone's own servers stand."""
        return {
            it["state"]
            for it in self.check()["records"]
            if (it["name"], it["type"], it["authoritative"]) == (name, kind, True)
        }

    def apply(self, *words: str) -> Ended:
        """What is shown is agreed to."""
        digest = json.loads(self("apply", "--json", *words).out)["digest"]
        return self("apply", *(("--yes", digest) if digest else ()), *words)


@pytest.fixture
def world(rig: Rig, run: Run, tmp_path: Path) -> Iterator[World]:
    with TemporaryDirectory(prefix="gg-check-") as state:
        Path(state).chmod(0o755)
        yield World(rig, run, tmp_path, state)
    for name in NAMES:
        for kind in KINDS:
            rig.publish(name, kind)


# --- `*` -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value"),
    [("A", "192.0.2.99"), ("AAAA", "2001:db8::99"), ("CNAME", "parking.other.example.")],
)
def test_what_a_wildcard_answers_is_not_the_names_own(world: World, kind: str, value: str) -> None:
    world.rig.publish(f"*.{HOST}", kind, value)
    first = world("check").out
    assert ("ends once m.twinkle.example has a record" in first) == (kind == "A")
    done = world.apply()
    assert "written        twinkle.example" in done.out, done.out + done.err
    assert world.rig.seen(CLIENT, "AAAA") == (world.address,)
    assert world.rig.seen(f"elsewhere.{HOST}", kind)[-1:] == (value,)  # which stays
    world.rig.publish(EDGE, "A", "192.0.2.10")
    assert world("apply").code == 0
    assert world.check()["right"]


def test_a_wildcard_that_is_right_is_no_record_to_rely_on(world: World) -> None:
    """The next record below the name, a challenge say, would end it."""
    world.rig.publish(f"*.{HOST}", "AAAA", world.address)
    assert world.states(CLIENT, "AAAA") == {"right"}
    world.apply()
    world.rig.publish(f"*.{HOST}", "AAAA")
    assert world.rig.seen(CLIENT, "AAAA") == (world.address,)


def test_a_record_beside_a_wildcard_of_its_own_is_the_names_own(world: World) -> None:
    world.publish()
    world.rig.publish(CLIENT, "A", "192.0.2.99")
    world.rig.publish(f"*.{CLIENT}", "A", "192.0.2.99")
    try:
        assert "take it away" in world("check").out
        world.apply()
        assert world.rig.seen(CLIENT, "A") == ()
    finally:
        world.rig.publish(f"*.{CLIENT}", "A")


def test_a_record_is_the_names_own_where_wildcards_above_and_below_tell_the_same(
    world: World,
) -> None:
    world.publish()
    for name in (CLIENT, f"*.{CLIENT}", f"*.{HOST}"):
        world.rig.publish(name, "A", "192.0.2.99")
    try:
        assert "take it away" in world("check").out
        world.apply()
        assert world.states(CLIENT, "A") == {"right"}
        assert world.rig.seen(f"below.{CLIENT}", "A") == ("192.0.2.99",)
    finally:
        world.rig.publish(f"*.{CLIENT}", "A")


# --- aliases that lead nowhere -------------------------------------------------------------------


def test_aliases_without_an_end_are_in_the_way(world: World) -> None:
    """No time-out, which dnspython's loss of the answer looks like."""
    world.publish()
    rig = world.rig
    rig.publish(CLIENT, "AAAA")
    rig.publish(f"new.{HOST}", "CNAME", f"{CLIENT}.")
    rig.publish(CLIENT, "CNAME", f"new.{HOST}.")
    assert world.states(CLIENT, "AAAA") == {"wrong"}
    text = world("check").out
    assert f"an alias of new.{HOST}" in text
    assert "aliases without an end" in text
    assert "time-out" not in text
    world.apply()
    assert rig.seen(CLIENT, "AAAA") == (world.address,)
    assert world.check()["right"]


def test_an_alias_is_wrong_at_an_edge_wherever_it_leads(world: World) -> None:
    world.publish()
    world.rig.publish(EDGE, "A")
    world.rig.publish(EDGE, "CNAME", f"{EDGE}.")
    assert world.states(EDGE, "A") == {"wrong"}
    shown = world("apply", "--dry-run")
    assert f"take away: {EDGE} CNAME {EDGE}" in shown.err


def test_where_an_alias_leads_is_named_where_it_cannot_be_asked(world: World) -> None:
    world.publish()
    rig = world.rig
    rig.publish(CLIENT, "AAAA")
    rig.publish("new.other.example", "CNAME", "new.other.example.")
    rig.publish(CLIENT, "CNAME", "new.other.example.")
    try:
        assert world.states(CLIENT, "AAAA") == {"cannot ask"}
        assert "SERVFAIL (where it leads, new.other.example; " in world("check").out
    finally:
        rig.publish("new.other.example", "CNAME")


def test_what_a_dname_makes_stands_nowhere(world: World) -> None:
    """Nobody could delete the alias, and nothing can be written below (RFC 6672)."""
    world.publish()
    above = f"_tcp.{HOST}"
    for name in SERVICES:
        world.rig.publish(name, "SRV")
    world.rig.publish(above, "DNAME", "_tcp.other.example.")
    try:
        assert world.states(SERVICES[0], "SRV") == {"wrong"}
        assert f"a DNAME at {above} leads all below it elsewhere" in world("check").out
        shown = world("apply", "--dry-run")
        assert f"cannot ask: stands below a DNAME ({above})" in shown.err
        assert "digest" not in shown.err
    finally:
        world.rig.publish(above, "DNAME")


# --- who is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["refuse", "static"])
def test_a_resolver_that_hides_the_zone_stands_alone(world: World, way: str) -> None:
    world.publish()
    view = (f'local-zone: "{HOST}." {way}', f'local-data: "{HOST}. TXT hidden"')
    with resolver(world.rig, *view) as first:
        told = world.check(first, world.rig.resolver)
        text = world("check", resolvers=(first, world.rig.resolver)).out
        shown = world("apply", "--dry-run", resolvers=(first, world.rig.resolver)).err
    assert f"{first} tells no SOA and NS" in shown
    assert told["right"], told
    assert f"{first} tells no SOA and NS" in text or f"not asked further    {first}" in text
    assert "publish:" not in text.replace("publish: twinkle.example. 3600 IN CAA", "")


def test_a_resolver_with_another_view_is_waited_for_and_looked_at(world: World) -> None:
    world.publish()
    view = (
        f'local-zone: "{CLIENT}." typetransparent',
        f'local-data: "{CLIENT}. 77 AAAA 2001:db8::bad"',
    )
    with resolver(world.rig, *view) as other:
        told = world.check(world.rig.resolver, other)
        text = world("check", resolvers=(world.rig.resolver, other)).out
    assert told["right"]
    (line,) = (it for it in text.splitlines() if "2001:db8::bad" in it)
    assert line.startswith("old answer") and other in line
    assert f"wait 77 s; if it stays so, {other} has a view of its own" in text
    assert f"publish: {CLIENT}" not in text


@pytest.mark.parametrize(
    ("ttl", "words"),
    [
        (0, "has a view of its own: it is told anew at each question (TTL 0)"),
        (2**31 - 1, "wait 604800 s; if it stays so"),
    ],
)
def test_nobody_waits_for_what_is_kept_by_nobody_or_for_ever(
    world: World, ttl: int, words: str
) -> None:
    world.publish()
    view = (
        f'local-zone: "{CLIENT}." typetransparent',
        f'local-data: "{CLIENT}. {ttl} AAAA 2001:db8::bad"',
    )
    with resolver(world.rig, *view) as other:
        assert words in world("check", resolvers=(other,)).out


def test_resolvers_that_are_silent_cost_one_time_out_and_one_line(world: World) -> None:
    world.publish()
    with world.rig.silent("acme-dns"):
        silent = world.rig.acme_dns.removeprefix("https://")
        began = monotonic()
        done = world("check", resolvers=(world.rig.resolver, silent))
        seconds = monotonic() - began
    assert (done.code, seconds < 20) == (0, True), done.out
    (line,) = (it for it in done.out.splitlines() if silent in it)
    assert line == f"not asked further    {silent}: time-out"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("nowhere.other.example.", "its name has no address"),
        ("lame.other.example.", LAME),
    ],
)
def test_a_name_server_that_does_not_serve_the_zone_is_told_once(
    world: World, server: str, words: str
) -> None:
    world.publish()
    rig, name = world.rig, server.rstrip(".")
    rig.publish("lame.other.example", "A", rig.resolver)  # a resolver: it answers, without AA
    rig.publish(HOST, "NS", "ns.example.", server)
    try:
        told, text = world.check(), world("check").out
    finally:
        rig.withdraw(HOST, "NS", server)
        rig.publish("lame.other.example", "A")
    assert not told["right"]
    zone = next(it for it in told["zones"] if it["zone"] == HOST)
    assert words in zone["faults"][name]
    assert text.count(name) == 2  # what is wrong, and what to do
    assert "publish: m." not in text


def test_one_that_the_zone_above_alone_names_is_told(world: World) -> None:
    """Knot, which has the zone above alone, stands in the delegation beside PowerDNS."""
    name, rig = f"new.{HOST}", world.rig
    with power_dns.running(name, f"{rig.resolver.rpartition('.')[0]}.58", port=53) as made:
        rig.publish(f"ns.{name}", "A", made.address)
        rig.publish(name, "NS", f"ns.{name}.", "ns.example.")
        world.rename(name)
        world.write(zone=name, **{f'server_name = "{HOST}"': f'server_name = "{name}"'})
        known = (
            f"{name}. SOA ns.{name}. hostmaster.{name}. 1 60 60 3600 1",
            f"{name}. NS ns.{name}.",
            f"ns.{name}. A {made.address}",
        )
        view = (
            f'local-zone: "{name}." typetransparent',
            *(f'local-data: "{it}"' for it in known),
        )
        try:
            with resolver(rig, *view) as asked:
                told, text = world.check(asked), world("check", resolvers=(asked,)).out
        finally:
            rig.publish(name, "NS")
            rig.publish(f"ns.{name}", "A")
    (zone,) = (it for it in told["zones"] if it["zone"] == name)
    assert (zone["servers"], zone["faults"]) == ([f"ns.{name}"], {"ns.example": LAME})
    assert f"name server          ns.example, a name server of {name}: {LAME}" in text
    servers = {it["server"] for it in told["records"] if it["name"].endswith(name)}
    assert servers == {f"ns.{name}", asked}


def test_a_zone_that_is_no_cut_is_in_the_one_above(world: World) -> None:
    world.write(zone=CLIENT)
    world.publish()
    world.rig.publish(CLIENT, "AAAA", "2001:db8::1")
    assert world.states(CLIENT, "AAAA") == {"wrong"}
    world.apply()
    assert world.rig.seen(CLIENT, "AAAA") == (world.address,)
    assert world.check()["right"]


# --- what is shared ------------------------------------------------------------------------------


def test_another_familys_address_must_go(world: World) -> None:
    world.publish()
    world.rig.publish(EDGE, "AAAA", "2001:db8::99")
    assert world.states(EDGE, "AAAA") == {"should not be there"}
    assert "no IPv6 address" in world("check").out


def test_a_client_name_may_be_an_alias_of_the_right_address(world: World) -> None:
    world.publish()
    rig = world.rig
    rig.publish(CLIENT, "AAAA")
    rig.publish("new.other.example", "AAAA", world.address)
    rig.publish(CLIENT, "CNAME", "new.other.example.")
    try:
        assert world.check()["right"]
        assert CLIENT not in world("apply", "--dry-run").err
        rig.publish("new.other.example", "A", "192.0.2.99")
        assert world.states(CLIENT, "A") == {"should not be there"}
        rig.publish("new.other.example", "A")
        rig.publish("new.other.example", "AAAA", "2001:db8::1")
        assert world.states(CLIENT, "AAAA") == {"wrong"}
    finally:
        rig.publish(CLIENT, "CNAME")
        for kind in ("A", "AAAA"):
            rig.publish("new.other.example", kind)


@pytest.mark.parametrize(
    "beside",
    [
        ('0 iodef "mailto:a@b.example"',),
        ('0 issuewild ";"',),
        ('0 issuemail "other.example"', '0 policy "of the house"'),
    ],
)
def test_what_others_keep_beside_the_guard_is_right_and_left(
    world: World, beside: tuple[str, ...]
) -> None:
    world.publish()
    world.rig.publish(HOST, "CAA", *beside)
    assert world.states(HOST, "CAA") == {"not there"}
    world.apply()
    assert set(world.rig.seen(HOST, "CAA")) == {*beside, GUARD}
    assert world.states(HOST, "CAA") == {"right"}
    assert world("apply").code == 0


def test_a_guard_is_inherited(world: World) -> None:
    """The server name is below the zone, which has the guard."""
    world.rename(f"new.{HOST}")
    world.rig.publish(HOST, "CAA", GUARD)
    assert world.states(f"new.{HOST}", "CAA") == {"right"}
    assert f"new.{HOST}. 3600 IN CAA" not in world("apply", "--dry-run").err


def test_a_websites_issuer_that_bars_ours_gets_ours_beside_it(world: World) -> None:
    world.publish()
    world.rig.publish(HOST, "CAA", OTHERS, '0 iodef "mailto:a@b.example"')
    assert world.states(HOST, "CAA") == {"wrong"}
    assert not world.check()["right"]
    world.apply()
    seen = set(world.rig.seen(HOST, "CAA"))
    assert seen == {OTHERS, GUARD, '0 iodef "mailto:a@b.example"'}
    assert world.check()["right"]


def test_advice_does_not_shut_a_websites_account_out(world: World) -> None:
    world.publish()
    same = '0 issue "letsencrypt.org"'
    world.rig.publish(HOST, "CAA", same)
    assert world.check()["right"]
    assert "letsencrypt.org may not issue any more" in world("check").out
    assert world("apply").code == 0
    assert world.rig.seen(HOST, "CAA") == (same,)
    shown = world("apply", "--replace-caa", "--dry-run")
    assert "letsencrypt.org may not issue any more" in shown.err
    world.apply("--replace-caa")
    assert world.rig.seen(HOST, "CAA") == (GUARD,)


@pytest.mark.parametrize("name", [CLIENT, EDGE])
def test_caa_of_its_own_that_bars_us_is_wrong(world: World, name: str) -> None:
    world.publish()
    world.rig.publish(name, "CAA", '0 issue ";"')
    assert world.states(name, "CAA") == {"wrong"}
    assert not world.check()["right"]


def test_what_bars_the_names_below_is_mended_where_it_stands(world: World) -> None:
    """Once: a copy below would bar us when the account is another one day."""
    world.publish()
    world.rig.publish(HOST, "CAA", '0 issue ";"')
    assert f"publish: {CLIENT}" not in world("check").out
    world.apply()
    assert world.rig.seen(CLIENT, "CAA") == ()
    assert world.check()["right"]


@pytest.mark.parametrize("barrier", ['128 future "x"', '1 future "x"'])
@pytest.mark.parametrize("name", [HOST, CLIENT])
def test_what_no_authority_knows_and_must_goes(world: World, name: str, barrier: str) -> None:
    """Another issuer beside it helps nobody; others' issuers stay."""
    world.publish()
    world.rig.publish(name, "CAA", barrier, OTHERS)
    assert world.states(name, "CAA") == {"wrong"}
    assert "no authority may issue while future is there" in world("check").out
    world.apply()
    assert set(world.rig.seen(name, "CAA")) == {OTHERS, GUARD}
    assert world("apply").code == 0
    assert world.check()["right"]


def test_caa_that_counts_by_an_alias_is_told_as_where_it_leads(world: World) -> None:
    world.publish()
    rig, target = world.rig, "new.other.example"
    rig.publish(CLIENT, "AAAA")
    rig.publish(target, "AAAA", world.address)
    rig.publish(target, "CAA", OTHERS)
    rig.publish(CLIENT, "CNAME", f"{target}.")
    try:
        assert world.states(CLIENT, "CAA") == {"wrong"}
        assert f"it leads to {target}, whose CAA counts" in world("check").out
    finally:
        rig.publish(target, "AAAA")
        rig.publish(target, "CAA")


def test_what_seals_the_site_is_judged_the_same_everywhere(world: World) -> None:
    world.publish()
    layout = f'[names]\nlayout = "clearnet"\nclient = "{CLIENT}"\n[[zone]]'
    world.write(zone=HOST, **{"[[zone]]": layout})
    world.rig.publish(HOST, "A", "192.0.2.10")
    for right, values in (
        (True, (GUARD, '0 iodef "mailto:a@b.example"', '0 issuewild ";"')),
        (False, (GUARD, OTHERS)),
        (False, (GUARD, '0 issuewild "pki.goog"')),
        (False, ()),
    ):
        world.rig.publish(HOST, "CAA", *values)
        told = world.check()
        states = world.states(HOST, "CAA")
        assert (told["right"], told["unsealed"] is None, states == {"right"}) == (right,) * 3
        assert ("digest" in world("apply", "--dry-run").err) != right
    iodef = '0 iodef "mailto:a@b.example"'
    world.rig.publish(HOST, "CAA", GUARD, '0 issuewild "pki.goog"', iodef)
    world.apply()
    assert set(world.rig.seen(HOST, "CAA")) == {GUARD, iodef}


def test_a_name_below_a_cut_is_told_as_such(world: World) -> None:
    world.publish()
    world.rig.publish(CLIENT, "NS", "ns.other.example.")
    try:
        told = world.check()
    finally:
        world.rig.publish(CLIENT, "NS")
    mine = [it for it in told["records"] if it["name"] == CLIENT and it["authoritative"]]
    assert {it["state"] for it in mine} == {"cannot ask"}
    assert f"stands in a zone of its own ({CLIENT})" in mine[0]["seen"]
