"""A certificate for all names of a site: from the rehearsal to the file that HAProxy reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from acme import client

from greygate.certs.account import known, opened
from greygate.certs.authority import Authority, Key
from greygate.certs.dns01.catalogue import solver_for
from greygate.certs.installation import in_place, install, is_from
from greygate.certs.kept import Kept
from greygate.certs.known import unregistered
from greygate.certs.missing import REGISTER
from greygate.certs.order import Chain as Certificates
from greygate.certs.order import Stage, Wanted, fulfil
from greygate.certs.proof import Proof, at_cut, demand, find
from greygate.certs.rehearsal import rehearse
from greygate.errors import Trouble
from greygate.identity.certificate_files import Chain, flaw
from greygate.plan.paths import Paths
from greygate.probe.authority import Servers, guards
from greygate.progress import Progress
from greygate.site.defaults import certified, challenge_zone_of
from greygate.site.model import LETS_ENCRYPT, Site
from greygate.spec.caa import Allowed, Forbidden, Order, Untold, may_issue
from greygate.text import _

STAGING = {LETS_ENCRYPT: "https://acme-staging-v02.api.letsencrypt.org/directory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Whose certificate, from whom, and who is asked about names on the way."""

    site: Site
    paths: Paths
    authority: str  # the URL of its directory
    resolvers: Servers  # asked in turn who the zones' own servers are
    accounts: bool  # services have accounts of their own

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(it.lower() for it in certified(self.site))


def staging_of(site: Site) -> str:
    """Where the site's authority lets one try; Trouble where it has no such place."""
    try:
        return STAGING[site.certificates.directory]
    except KeyError as none:
        raise Trouble(
            _("cannot try it out: no staging is known for {url}").format(
                url=site.certificates.directory
            ),
            _("leave --staging away; --dry-run tries everything that is ours"),
        ) from none


def issue(ordering: Ordering, progress: Progress, *, for_show: bool = False) -> None:
    """Order a certificate and put it in place; what serves stays until then.

    `for_show`: from an authority that nobody trusts. It is checked, and serves nowhere.
    """
    kept = Kept(ordering.paths, ordering.authority)
    authority = _authority(ordering, kept, progress)

    def put(chain: Certificates, key: Key) -> None:
        if not for_show:
            install(
                ordering.paths,
                kept,
                Chain(chain, key),
                accounts=ordering.accounts,
                now=datetime.now(UTC),
                clock_ahead=authority.clock_ahead,
            )

    stage = Stage(
        authority=authority,
        kept=kept,
        rehearse=lambda: prepared(ordering, authority, progress),
        check=lambda chain, key: check(ordering, chain, key),
        install=put,
        progress=progress,
    )
    fulfil(_wanted(ordering, authority, kept), stage)


def rehearsed(ordering: Ordering, progress: Progress) -> tuple[Proof, ...]:
    """All that can be tried without ordering, and without making anything on this machine.

    Values that mean nothing are written in DNS and taken away, as that is what is tried.
    """
    with progress.step(_("asking {url}").format(url=ordering.authority)):
        kept = Kept(ordering.paths, ordering.authority)
        acme, account = known(ordering.authority, kept)
    if account is None:
        progress.note(_("no account at {url} yet").format(url=ordering.authority) + f"; {REGISTER}")
    zones = {it: challenge_zone_of(ordering.site, it) for it in ordering.names}
    missing = (unregistered(name, zone, ordering.paths) for name, zone in zones.items())
    demand([it for it in missing if it is not None])
    return prepared(ordering, Authority(ordering.authority, acme), progress)


def prepared(ordering: Ordering, authority: Authority, progress: Progress) -> tuple[Proof, ...]:
    """Where each name's challenge leads, seen to work; Trouble with all that is missing."""
    resolvers = ordering.resolvers
    with progress.step(_("looking where the names lead")):
        zones = {name: challenge_zone_of(ordering.site, name) for name in ordering.names}
        solvers = {
            zone: solver_for(at_cut(zone, resolvers), ordering.paths, progress)
            for zone in dict.fromkeys(zones.values())
        }
        found = [find(name, zone, solvers[zone], resolvers) for name, zone in zones.items()]
        proofs = demand(found)
        demand_permission(ordering, authority)
    for resolver in dict.fromkeys(name for it in proofs for name in it.unhelpful):
        told = _("{resolver} tells no SOA and NS of the zones, others do: see its configuration")
        progress.note(told.format(resolver=resolver))
    rehearse(proofs, ordering.resolvers, progress)
    return proofs


def demand_permission(ordering: Ordering, authority: Authority) -> None:
    """Trouble where CAA records would have the authority refuse."""
    if not authority.identities:
        return  # it does not say what it is called there
    for name in ordering.names:
        order = Order(name=name, authorities=authority.identities, account=authority.account)
        match guards(ordering.resolvers, may_issue(order)):
            case Allowed():
                continue
            case Forbidden(where=where) if ordering.authority in STAGING.values():
                raise Trouble(
                    _("cannot try it out: CAA at {where} forbids the staging authority").format(
                        where=where
                    ),
                    _(
                        "your CAA record names your account at the real authority, and staging "
                        "has another; try everything but the order: greygate cert issue --dry-run"
                    ),
                )
            case Forbidden(where=where, why=why):
                raise Trouble(
                    _("cannot order a certificate: CAA at {where} forbids it ({why})").format(
                        where=where, why=why
                    ),
                    _("publish what greygate dns plan says; our account is {account}").format(
                        account=authority.account
                    )
                    if authority.account
                    else REGISTER,
                )
            case Untold() as untold:
                raise Trouble(
                    _("cannot order a certificate: {why}").format(why=untold),
                    _("an authority may not issue then; see the zone's name servers"),
                )


def check(ordering: Ordering, chain: Certificates, key: Key) -> None:
    """Trouble where a new certificate is not fit to serve; the old one serves on."""
    problem = flaw(Chain(chain, key), ordering.names, datetime.now(UTC))
    if problem is not None:
        what, cure = problem
        raise Trouble(_("cannot use the new certificate: {what}").format(what=what), cure)


def _authority(ordering: Ordering, kept: Kept, progress: Progress) -> Authority:
    with progress.step(_("asking {url}").format(url=ordering.authority)):
        email = ordering.site.certificates.email
        acme, _account = opened(ordering.authority, kept, progress, email=email)
    return Authority(ordering.authority, acme)


def _wanted(ordering: Ordering, authority: Authority, kept: Kept) -> Wanted:
    told = ordering.site.certificates
    seen = in_place(ordering.paths)
    replaces = None
    if authority.advises and seen is not None and is_from(ordering.authority, seen, kept):
        replaces = client._renewal_info_path_component(seen.certificate)
    return Wanted(
        names=ordering.names,
        key_type=told.key_type,
        profile=told.profile,
        preferred_chain=told.preferred_chain,
        replaces=replaces,
    )
