"""Certificates kept from growing old: real ones, of seconds' life, renewed many times over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

import some_homes
import some_sites
from acme_rig.rig import Authority, Rig
from greygate.certs import renewal, standing
from greygate.certs.account import opened, rekeyed
from greygate.certs.authority import Authority as Client
from greygate.certs.issue import issue
from greygate.certs.kept import Account, Kept
from greygate.certs.refusal import AuthorityRefused
from greygate.errors import Trouble
from greygate.home import certificates
from greygate.progress import Silent
from greygate.site.model import Challenge
from greygate.spec.acme import Life
from greygate.spec.certificate import Due, fingerprint
from greygate.spec.renewal import Failure, Outlook
from orders_apart import issuing
from some_front import Front, front
from some_orders import Orders, Watching, orders, zones

pytestmark = pytest.mark.acme

HOUR = timedelta(hours=1)


def kept(acme: Orders) -> Kept:
    return Kept(acme.paths, acme.ordering.authority)


def look(acme: Orders) -> Outlook:
    return standing.look(acme.ordering.site, acme.paths, now=datetime.now(UTC))


def test_renewed_many_times_over(rig: Rig, tmp_path: Path) -> None:
    with rig.authority(lifetime=5) as ca, orders(rig, ca, tmp_path) as acme:
        acme.lead()
        serials: list[int] = []

        def reload() -> None:
            serials.append(acme.leaf.serial_number)
            if len(serials) == 3:
                raise Trouble("cannot go on: it is enough")

        with pytest.raises(Trouble, match="enough"):
            renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=reload)
        assert len(set(serials)) == 3
        assert look(acme).failure is None


def test_nothing_is_asked_while_nothing_is_due(issued: Orders) -> None:
    with issued.rig.silent("knot", "acme-dns", "unbound"):
        done = renewal.keep(issued.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert (done.orders, done.failure) == ((), None)
    assert done.outlook.life is Life.SERVING
    asked = kept(issued).suggestion()
    assert asked is not None
    assert asked.ask_again - datetime.now(UTC) > timedelta(hours=5)
    if asked.at is None:  # Pebble gives advice since 2.5
        assert timedelta(days=59) < done.outlook.at - datetime.now(UTC) < timedelta(days=61)
    else:
        assert (done.outlook.at, done.outlook.why) == (asked.at, Due.ADVISED)


def test_a_failure_is_kept_and_what_serves_serves(issued: Orders) -> None:
    before = issued.served
    issued.rig.publish("_acme-challenge.m.twinkle.example", "CNAME")
    for times in (1, 2):
        failure = renewal.order(issued.ordering, Silent(), reload=lambda: None)
        assert failure is not None
        told = look(issued)
        assert told.failure is not None
        assert told.failure.times == times
        assert "no CNAME at _acme-challenge.m.twinkle.example" in told.failure.cause
        assert told.life is Life.LATE
    assert issued.served == before
    issued.lead("m.twinkle.example")
    assert renewal.order(issued.ordering, Silent(), reload=lambda: None) is None
    assert look(issued).failure is None
    assert issued.served != before


def test_a_sleeper_sees_what_another_installed_meanwhile(rig: Rig, tmp_path: Path) -> None:
    """After a failure it waits; the short-lived certificate that somebody else puts in place
    meanwhile is renewed by its own life, not by the moment that was worked out before."""
    with rig.authority(lifetime=6) as ca, orders(rig, ca, tmp_path) as acme:
        acme.lead()
        kept(acme).keep_failure(failed(datetime.now(UTC)))
        assert look(acme).at - datetime.now(UTC) > timedelta(minutes=14)
        serials: list[int] = []

        def reload() -> None:
            serials.append(acme.leaf.serial_number)
            raise Trouble("cannot go on: seen")

        began = time.monotonic()

        def sleep(seconds: float) -> None:
            assert time.monotonic() - began < 20, look(acme)
            if not Path(acme.paths.certificate).exists():
                issue(acme.ordering, Silent())
                serials.append(acme.leaf.serial_number)
            time.sleep(min(seconds, 0.2))

        with pytest.raises(Trouble, match="seen"):
            renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=reload, sleep=sleep)
        assert len(set(serials)) == 2


def test_nobody_is_asked_to_type_where_nobody_is_there(
    rig: Rig, authority: Authority, tmp_path: Path
) -> None:
    by_hand = zones(rig, twinkle=Challenge.MANUAL)
    with orders(rig, authority, tmp_path, by_hand) as acme:
        watching = Watching()
        done = renewal.keep(
            acme.ordering, watching, ahead=timedelta(seconds=1), reload=lambda: None
        )
        assert done.failure is not None
        assert done.failure.what.endswith("twinkle.example is proved by hand")
        assert done.failure.hint.startswith("greygate cert issue")
        assert watching.heard == []


def failed(at: datetime) -> Failure:
    return Failure(at=at, cause="it was down", cure="", times=1, about=None)


def test_two_at_once_order_one(issued: Orders) -> None:
    """The timer and the operator: the second finds that it is done."""
    Path(issued.paths.certificate).unlink()
    done: list[renewal.Renewed] = []

    def run() -> None:
        done.append(renewal.keep(issued.ordering, Silent(), ahead=HOUR, reload=lambda: None))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(len(it.orders) for it in done) == [0, 1]


def test_revoked_and_replaced(issued: Orders, authority: Authority) -> None:
    old = issued.leaf
    issue(issued.ordering, Silent())
    acme, _account = opened(issued.ordering.authority, kept(issued), Silent(), email=None)
    Client(issued.ordering.authority, acme).revoke(old, 1)
    assert authority.status(old.serial_number) == "Revoked"
    assert authority.status(issued.leaf.serial_number) == "Valid"
    with pytest.raises(AuthorityRefused) as twice:
        Client(issued.ordering.authority, acme).revoke(old, 1)
    assert twice.value.code == "alreadyRevoked"


def test_a_revocation_that_was_cut_short_is_ended_by_the_next(
    issued: Orders, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one to revoke is another than the one in place by then."""
    monkeypatch.setattr(certificates, "put_in_use", lambda _home: None)  # nothing runs here
    _site, plan = some_sites.federating()
    mine = some_homes.home((issued.ordering.site, replace(plan, paths=issued.paths)))
    issue(issued.ordering, Silent())
    old = issued.leaf

    def cut_short(*_any: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as once, pytest.raises(KeyboardInterrupt):
        once.setattr(Client, "revoke", cut_short)
        certificates.revoked(mine, issued.ordering, Silent(), reason="superseded")
    instead = issued.leaf
    assert (authority.status(old.serial_number), instead == old) == ("Valid", False)
    watching = Watching()
    certificates.revoked(mine, issued.ordering, watching, reason="superseded")
    assert f"ending a revocation that was cut short: the certificate {old.serial_number:x}" in (
        watching.heard
    )
    assert authority.status(old.serial_number) == "Revoked"
    assert authority.status(instead.serial_number) == "Valid"
    assert (issued.leaf, kept(issued).revoking()) == (instead, None)


def test_another_key_for_the_account(issued: Orders) -> None:
    before = kept(issued).account()
    after = rekeyed(issued.ordering.authority, kept(issued))
    assert before is not None
    assert (after.uri, after.key != before.key, after.coming) == (before.uri, True, None)
    issue(issued.ordering, Silent())
    assert kept(issued).account() == after
    # Killed after the authority had taken the new key: the file still has both.
    kept(issued).keep_account(replace(after, key=before.key, coming=after.key))
    issue(issued.ordering, Silent())
    assert kept(issued).account() == after
    # Killed before: the new one is forgotten.
    kept(issued).keep_account(replace(after, coming=before.key))
    issue(issued.ordering, Silent())
    assert kept(issued).account() == after
    # The other tests' home has the old key, and the same account.
    kept(issued).keep_account(replace(after, coming=None))
    restore(issued, before)


def restore(acme: Orders, account: Account) -> None:
    """Give the account its first key back."""
    from greygate.certs.account import _client, _exchange, _resource

    now = kept(acme).account()
    assert now is not None
    assert now.uri is not None
    client = _client(acme.ordering.authority, now.key)
    client.net.account = _resource(now.uri)
    _exchange(client, now.uri, old=now.key, new=account.key)


@pytest.fixture
def fronted(rig: Rig, authority: Authority, tmp_path: Path) -> Iterator[tuple[Orders, Front]]:
    with front(authority, rig.below, tmp_path) as shown, orders(rig, authority, tmp_path) as made:
        acme = made.with_(directory=shown.directory)
        acme.lead()
        yield acme, shown


def test_the_authority_says_when(fronted: tuple[Orders, Front]) -> None:
    acme, shown = fronted
    soon = datetime.now(UTC) + timedelta(days=3)
    shown.window = (soon.isoformat(), (soon + HOUR).isoformat())
    done = renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert done.orders == (Due.UNREADABLE,)
    assert done.outlook.why is Due.ADVISED
    assert soon <= done.outlook.at <= soon + HOUR
    assert sum(it.startswith("/ari/") for it in shown.asked) == 1
    renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert sum(it.startswith("/ari/") for it in shown.asked) == 1  # not before Retry-After
    # A window that has begun: it is renewed, and the order names what it is in place of.
    kept(acme).keep_suggestion(
        replace(kept(acme).suggestion() or pytest.fail(), at=datetime.now(UTC))
    )
    _some_days_later(acme)
    again = renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert again.orders == (Due.ADVISED,)


def test_advice_in_the_past_is_followed_once(fronted: tuple[Orders, Front]) -> None:
    acme, shown = fronted
    ago = datetime.now(UTC) - timedelta(days=3)
    shown.window = (ago.isoformat(), (ago + HOUR).isoformat())
    done = renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert done.orders == (Due.UNREADABLE,)
    assert done.outlook.too_soon
    assert renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None).orders == ()
    _some_days_later(acme)
    again = renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert again.orders == (Due.ADVISED,)


@pytest.mark.parametrize(
    "advice",
    [
        *([], None, 5, {}, {"suggestedWindow": None}, {"suggestedWindow": {}}),
        {"suggestedWindow": {"start": 5, "end": 6}},
        {"suggestedWindow": {"start": "soon", "end": "later"}},
        {"suggestedWindow": {"start": "2020-01-02T00:00:00Z", "end": "2020-01-01T00:00:00Z"}},
        {"suggestedWindow": {"start": "9999-12-31T23:59:59-14:00", "end": "9999-12-31T23:59:59Z"}},
        {"suggestedWindow": {"start": "9999-12-31T00:00:00Z", "end": "9999-12-31T23:59:59-14:00"}},
    ],
    ids=repr,
)
def test_advice_that_is_none_is_passed_over(fronted: tuple[Orders, Front], advice: object) -> None:
    """RFC 9773, 4.2: a window that ends before it begins is invalid, too."""
    acme, shown = fronted
    issue(acme.ordering, Silent())
    shown.window, shown.spoiled = ("", ""), {"/ari": advice}
    done = renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    assert any(it.startswith("/ari/") for it in shown.asked)
    assert (done.orders, done.failure, done.outlook.why) == ((), None, Due.OLD)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("9" * 30, timedelta(hours=23), timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=23), timedelta(days=1)),
        ("-5", timedelta(hours=5), timedelta(hours=6)),
        ("0", timedelta(seconds=50), timedelta(minutes=1)),
    ],
)
def test_advice_is_asked_for_again_within_reason(
    fronted: tuple[Orders, Front], header: str, least: timedelta, most: timedelta
) -> None:
    """RFC 9773, 4.3.2."""
    acme, shown = fronted
    soon = datetime.now(UTC) + timedelta(days=3)
    shown.window, shown.retry_after = (soon.isoformat(), (soon + HOUR).isoformat()), header
    renewal.keep(acme.ordering, Silent(), ahead=HOUR, reload=lambda: None)
    suggestion = kept(acme).suggestion()
    assert suggestion is not None
    assert least < suggestion.ask_again - datetime.now(UTC) <= most


@pytest.mark.parametrize(
    "body", [[], None, "an order", 5, {"status": "purple"}, {"status": 5}], ids=repr
)
def test_what_is_no_order_is_told_and_kept_as_a_failure(
    fronted: tuple[Orders, Front], body: object
) -> None:
    acme, shown = fronted
    shown.spoiled = {"/limited": body}
    failure = renewal.order(acme.ordering, Silent(), reload=lambda: None)
    assert failure is not None
    assert "answers what is no ACME" in failure.what
    assert "object" not in failure.what  # Python's words
    assert look(acme).failure is not None


def test_a_clock_that_is_days_ahead_orders_once(rig: Rig, tmp_path: Path) -> None:
    """160 hours are two thirds over as they begin, by a clock that is five days ahead."""
    with rig.authority(lifetime=160 * 3600) as ca, orders(rig, ca, tmp_path) as acme:
        acme.lead()
        first = issuing(acme, by=("faketime", "-f", "+5d"), renewing=True)
        assert first.stdout.splitlines()[-1] == "orders: 1", first.stderr
        again = issuing(acme, by=("faketime", "-f", "+5d"), renewing=True)
        assert again.stdout.splitlines()[-1] == "orders: 0", again.stderr
        installed = kept(acme).installed()
        assert installed is not None
        assert installed.clock_ahead is not None
        assert abs(installed.clock_ahead - timedelta(days=5)) < HOUR


def test_a_closed_account_is_named(rig: Rig, authority: Authority, tmp_path: Path) -> None:
    with orders(rig, authority, tmp_path) as acme:
        client, account = opened(acme.ordering.authority, kept(acme), Silent(), email=None)
        assert client.net.account is not None
        client.deactivate_registration(client.net.account)
        with pytest.raises(AuthorityRefused, match="has closed our account") as refused:
            issue(acme.ordering, Silent())
        assert str(account.uri) in refused.value.what
        assert f"mv {acme.paths.acme_accounts} " in refused.value.hint


def _some_days_later(acme: Orders) -> None:
    """The certificate in place has been there for a while."""
    kept(acme).keep_installed(
        fingerprint(acme.leaf), at=datetime.now(UTC) - timedelta(days=3), clock_ahead=None
    )


def test_a_limit_is_heeded(fronted: tuple[Orders, Front]) -> None:
    acme, shown = fronted
    shown.limit = {"Retry-After": "7200"}
    failure = renewal.order(acme.ordering, Silent(), reload=lambda: None)
    assert failure is not None
    assert "rateLimited: too many certificates already issued" in failure.what
    left = look(acme).at - datetime.now(UTC)
    assert timedelta(minutes=119) < left <= timedelta(hours=2)


def test_what_was_replaced_already_is_ordered_without_saying_so(
    fronted: tuple[Orders, Front],
) -> None:
    """As after an order that was given up: the authority has seen that successor (RFC 9773, 5)."""
    acme, shown = fronted
    soon = datetime.now(UTC) + timedelta(days=3)
    shown.window = (soon.isoformat(), (soon + HOUR).isoformat())
    issue(acme.ordering, Silent())
    shown.limit, shown.replaced = {}, True
    with pytest.raises(AuthorityRefused) as refused:
        issue(acme.ordering, Silent())
    assert refused.value.code == "rateLimited"
    assert ["replaces" in it for it in shown.ordered] == [True, False]


def test_caa_is_judged_before_the_order(fronted: tuple[Orders, Front]) -> None:
    acme, shown = fronted
    shown.identities = ("ca.example",)
    issue(acme.ordering, Silent())
    account = kept(acme).account()
    assert account is not None
    assert account.identities == ("ca.example",)
    right = f'0 issue "ca.example; accounturi={account.uri}; validationmethods=dns-01"'
    for value, why in (
        ('0 issue "other.example"', "other.example may issue"),
        ('0 issue "ca.example; validationmethods=http-01"', "by http-01 only"),
        ('0 issue "ca.example; accounturi=https://x.example/1"', "only the account https://x"),
        (right, None),
    ):
        acme.rig.publish("twinkle.example", "CAA", value)
        try:
            if why is None:
                issue(acme.ordering, Silent())
            else:
                with pytest.raises(Trouble, match="CAA at twinkle") as told:
                    issue(acme.ordering, Silent())
                assert why in told.value.what
        finally:
            acme.rig.publish("twinkle.example", "CAA")


def test_profiles(fronted: tuple[Orders, Front]) -> None:
    acme, shown = fronted
    shown.profiles = {"classic": "90 days", "shortlived": "6 days"}
    with pytest.raises(AuthorityRefused, match="has no profile tiny") as told:
        issue(acme.with_(profile="tiny").ordering, Silent())
    assert told.value.hint.endswith("it offers classic and shortlived")
    issue(acme.with_(profile="shortlived").ordering, Watching())
