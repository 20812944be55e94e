"""The certificate of this home where we order it ourselves: had, kept young, given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from greygate.certs import renewal
from greygate.certs.account import opened, rekeyed
from greygate.certs.alone import alone
from greygate.certs.authority import Authority
from greygate.certs.dns01.catalogue import solver_for
from greygate.certs.installation import in_place
from greygate.certs.issue import Ordering, issue, rehearsed, staging_of
from greygate.certs.kept import Account, Kept
from greygate.certs.known import known_aliases, unregistered, with_account
from greygate.certs.missing import PREFIX
from greygate.certs.refusal import AuthorityRefused
from greygate.certs.renewal import Renewed
from greygate.certs.standing import look
from greygate.errors import Trouble, WrongUsage
from greygate.home.half import Home
from greygate.home.in_use import catch_up, put_in_use
from greygate.identity import authority
from greygate.probe.authority import Servers
from greygate.probe.dns import PUBLIC, Place, Resolver, place_of
from greygate.progress import Progress
from greygate.site.defaults import certified, challenge_zone_of
from greygate.site.model import Challenge, Source
from greygate.spec.acme import Life
from greygate.spec.renewal import Outlook
from greygate.text import _

PATIENCE = 3.0  # seconds for one question to a resolver
# How RFC 5280, 5.3.1 numbers the reasons that make sense for us.
REASONS = {
    "unspecified": 0,
    "key-compromise": 1,
    "affiliation-changed": 3,
    "superseded": 4,
    "cessation": 5,
}


@dataclass(frozen=True, slots=True)
class Had:
    """How it stands after an order, or without one where none was due."""

    ordered: bool
    outlook: Outlook


def ordering(home: Home, resolvers: Sequence[Place] = (), *, staging: bool = False) -> Ordering:
    """What is ordered for this home; `resolvers` in place of this machine's own and public ones."""
    site = home.site
    if site.certificates.source is not Source.ACME:
        raise WrongUsage(
            _('cannot order a certificate: the site file says source = "{source}"').format(
                source=site.certificates.source.value
            ),
            _('write source = "acme" below [certificates], and a challenge for each [[zone]]'),
        )
    if home.substitute is not None:
        raise Trouble(
            _("cannot order a certificate: {why}").format(why=home.substitute),
            home.cure or _("see what is missing: greygate status"),
        )
    named = tuple((str(it[0]), Resolver(it, patience=PATIENCE)) for it in resolvers)
    return Ordering(
        site=site,
        paths=home.plan.paths,
        authority=staging_of(site) if staging else site.certificates.directory,
        resolvers=named or _usual_resolvers(),
        accounts=home.plan.accounts,
    )


def had(home: Home, wanted: Ordering, progress: Progress, *, again: bool) -> Had:
    """A certificate that serves: what is there, unless it is due or another one is wanted."""
    now = datetime.now(UTC)
    seen = look(home.site, wanted.paths, now=now)
    if seen.life is Life.SERVING and seen.at > now and not again:
        return Had(ordered=False, outlook=seen)
    with alone(wanted.paths, progress):
        failure = renewal.order(wanted, progress, reload=lambda: put_in_use(home))
    if failure is not None:
        raise failure
    renewal.heed_authority(wanted)
    return Had(ordered=True, outlook=look(home.site, wanted.paths, now=datetime.now(UTC)))


def shown(wanted: Ordering, progress: Progress) -> None:
    """An order for show, from an authority that nobody trusts; nothing serves it."""
    with alone(wanted.paths, progress):
        issue(wanted, progress, for_show=True)


def tried(wanted: Ordering, progress: Progress) -> tuple[str, ...]:
    """Everything but the order itself; the names that could be proved. Nothing is made here."""
    return tuple(it.name for it in rehearsed(wanted, progress))


def register(home: Home, wanted: Ordering, progress: Progress) -> Home:
    """The account opened and every name registered, before anything is ordered: from then on
    `dns plan` knows all records. The home that follows from it."""
    with alone(wanted.paths, progress):
        named = with_aliases(home, progress)
        email = wanted.site.certificates.email
        opened(wanted.authority, Kept(wanted.paths, wanted.authority), progress, email=email)
    return replace(named, site=with_account(home.site, home.plan.paths))


def kept(home: Home, wanted: Ordering, progress: Progress, *, ahead: timedelta) -> Renewed:
    """Whatever falls due within `ahead` is ordered when it does."""
    done = renewal.keep(wanted, progress, ahead=ahead, reload=lambda: put_in_use(home))
    if not done.orders:
        with alone(wanted.paths, progress):
            catch_up(home)
    return done


def first(home: Home, progress: Progress) -> bool:
    """Where nothing serves: one is ordered, and an old one goes on where that fails."""
    try:
        return had(home, ordering(home), progress, again=False).ordered
    except Trouble as trouble:
        if Path(home.plan.paths.certificate).exists():
            progress.note(_("going on with the old certificate: {why}").format(why=trouble.what))
            return False
        if not _is_proved_by_an_edge(home):
            raise
        _stop_the_gap(home, progress, why=trouble.what)
        return True


def _is_proved_by_an_edge(home: Home) -> bool:
    """Whether challenges are answered where only a home that runs can write."""
    zones = (challenge_zone_of(home.site, name) for name in certified(home.site))
    return any(zone.challenge is Challenge.OWN_DNS for zone in zones)


def _stop_the_gap(home: Home, progress: Progress, *, why: str) -> None:
    """A certificate of the site's own authority: with it home runs, and tells its edge."""
    plan = home.plan
    authority.ensure_certificate(
        plan.paths, plan.certificate, accounts=plan.accounts, now=datetime.now(UTC)
    )
    progress.note(_("no certificate yet: {why}").format(why=why))
    progress.note(
        _(
            "starting with one that other servers do not trust, as an edge is to answer the "
            "challenges; once it has joined: greygate cert issue"
        )
    )


def unregistered_names(home: Home) -> tuple[str, ...]:
    """The names whose CNAME is not known yet."""
    names = certified(home.site) if home.plan.ordered else ()
    paths = home.plan.paths
    return tuple(it for it in names if unregistered(it, challenge_zone_of(home.site, it), paths))


def with_aliases(home: Home, progress: Progress) -> Home:
    """The same home once every name is registered that leads elsewhere to be proved."""
    if home.plan.ordered:
        try:
            for name in certified(home.site):
                zone = challenge_zone_of(home.site, name)
                if zone.challenge is Challenge.ACME_DNS:
                    solver = solver_for(zone, home.plan.paths, progress)
                    solver.alias(f"{PREFIX}.{name.lower()}")
        except Trouble as trouble:  # the rest of the plan is worth seeing
            progress.note(trouble.what)
    known = known_aliases(home.site, home.plan.paths)
    return replace(home, plan=replace(home.plan, aliases=known))


def revoked(home: Home, wanted: Ordering, progress: Progress, *, reason: str) -> None:
    """Another certificate is put in place first; then the old one is revoked, be it by the next
    that is asked to where this one is cut short."""
    seen, ledger = in_place(wanted.paths), Kept(wanted.paths, wanted.authority)
    if seen is None:
        raise Trouble(
            _("cannot revoke the certificate: there is none"), _("greygate cert list tells more")
        )
    old = _to_revoke(ledger, seen.certificate, progress)
    ledger.keep_revoking(old)
    if old == seen.certificate:
        had(home, wanted, progress, again=True)
    acme, _account = opened(wanted.authority, ledger, progress, email=None)
    try:
        Authority(wanted.authority, acme).revoke(old, REASONS[reason])
    except AuthorityRefused as refused:
        if refused.code != "alreadyRevoked":
            raise
    ledger.forget_revoking()


def _to_revoke(ledger: Kept, serving: x509.Certificate, progress: Progress) -> x509.Certificate:
    """The one that an earlier revocation left undone, while it can do harm; else what serves."""
    left = ledger.revoking()
    if left is None or left == serving or left.not_valid_after_utc < datetime.now(UTC):
        return serving
    progress.note(
        _("ending a revocation that was cut short: the certificate {serial:x}").format(
            serial=left.serial_number
        )
    )
    return left


def exchanged(wanted: Ordering, progress: Progress) -> Account:
    """Our account with a new key."""
    with alone(wanted.paths, progress):
        return rekeyed(wanted.authority, Kept(wanted.paths, wanted.authority))


def _usual_resolvers() -> Servers:
    """This machine's own first: it is the one that need not be reached across the world."""
    public = ((it, Resolver(place_of(it), patience=PATIENCE, give_up=True)) for it in PUBLIC)
    return ((_("this machine's resolver"), Resolver()), *public)
