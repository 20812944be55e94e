"""What the cert commands say of the certificate in place, and of what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from greygate.certs import standing
from greygate.certs.installation import Seen, in_place
from greygate.certs.renewal import Renewed
from greygate.errors import Trouble
from greygate.home.half import Home
from greygate.identity.certificate_files import unfit
from greygate.site.model import Source
from greygate.spec.acme import Life
from greygate.spec.renewal import Failure, Outlook
from greygate.text import _, aligned, duration, listing


@dataclass(frozen=True, slots=True)
class Told:
    """The certificate, for people and as JSON; whether all is well with it."""

    text: str
    as_json: dict[str, Any]
    well: bool


def listed(home: Home, *, now: datetime) -> Told:
    """How the certificate stands."""
    seen = in_place(home.plan.paths)
    ordered = home.site.certificates.source is Source.ACME and home.substitute is None
    ahead = standing.look(home.site, home.plan.paths, now=now) if ordered else None
    serves = seen is not None and now < seen.told.covered.ends
    plan = home.plan
    flaw = unfit(home.site.certificates, plan.paths, plan.certificate.names, now=now)
    return Told(
        text=_text(home, seen, ahead, now, flaw),
        as_json={**_json(home, seen, ahead), "unfit": flaw and flaw.what},
        well=serves
        and flaw is None
        and (ahead is None or (ahead.life is Life.SERVING and ahead.clock_ahead is None)),
    )


def renewed_text(done: Renewed) -> str:
    lines = [_("renewed: {why}").format(why=why.value) for why in done.orders]
    if done.failure is not None:
        lines.append(_("not renewed: {why}").format(why=done.failure.what))
    when = _("next: {when}").format(when=_when(done.outlook.at))
    return "\n".join((*(lines or [_("nothing is due")]), when))


def renewed_told(done: Renewed) -> dict[str, Any]:
    return {
        "renewed": done.orders[-1].value if done.orders else None,
        "orders": [it.value for it in done.orders],
        "failure": None if done.failure is None else done.failure.what,
        "next": done.outlook.at.isoformat(),
    }


def _text(
    home: Home, seen: Seen | None, ahead: Outlook | None, now: datetime, flaw: Trouble | None
) -> str:
    rows = [[_("source"), home.site.certificates.source.value]]
    if seen is None:
        rows.append([_("certificate"), _("none")])
    else:
        covered = seen.told.covered
        left = (covered.ends - now).total_seconds()
        still = _("{time} left").format(time=duration(left)) if left > 0 else _("EXPIRED")
        rows += [
            [_("names"), listing(sorted(covered.names))],
            [_("issuer"), seen.issuer],
            [_("valid"), f"{_when(covered.begins)} - {_when(covered.ends)}, {still}"],
        ]
    if ahead is not None:
        rows.append([_("next"), _next(ahead, now)])
        rows += _off(ahead)
        rows += _failed(ahead.failure, now)
    if flaw is not None:
        rows += [["", flaw.what], ["", _("next: {cure}").format(cure=flaw.hint)]]
    return aligned(rows)


def _when(it: datetime) -> str:
    return f"{it:%Y-%m-%d %H:%M} UTC"


def _next(ahead: Outlook, now: datetime) -> str:
    why = _WHY.get(ahead.why.value, ahead.why.value)
    if ahead.at <= now:
        return _("now: {why}").format(why=why)
    return f"{_when(ahead.at)}: {why}"


def _failed(failure: Failure | None, now: datetime) -> list[list[str]]:
    if failure is None:
        return []
    ago = duration((now - failure.at).total_seconds())
    told = _("{time} ago, {times} in a row: {cause}").format(
        time=ago, times=failure.times, cause=failure.cause
    )
    cure = [["", _("next: {cure}").format(cure=failure.cure)]] if failure.cure else []
    return [[_("failed"), told], *cure]


def _off(ahead: Outlook) -> list[list[str]]:
    """What is wrong where a certificate is due for renewal as soon as it is there."""
    if ahead.clock_ahead is not None:
        seconds = ahead.clock_ahead.total_seconds()
        told = (
            _("this clock is {time} ahead of the authority's")
            if seconds > 0
            else _("this clock is {time} behind the authority's")
        )
        cure = _("next: set it: timedatectl set-ntp true")
        return [[_("clock"), told.format(time=duration(abs(seconds)))], ["", cure]]
    if ahead.too_soon:
        told = _("it was due for renewal as it arrived ({why})").format(
            why=_WHY.get(ahead.why.value, ahead.why.value)
        )
        return [[_("odd"), told], ["", _("nothing to do; it is ordered again at the time above")]]
    return []


def _json(home: Home, seen: Seen | None, ahead: Outlook | None) -> dict[str, Any]:
    covered = None if seen is None else seen.told.covered
    told: dict[str, Any] = {
        "source": home.site.certificates.source.value,
        "names": [] if covered is None else sorted(covered.names),
        "issuer": None if seen is None else seen.issuer,
        "sha256": None if seen is None else seen.fingerprint,
        "begins": None if covered is None else covered.begins.isoformat(),
        "ends": None if covered is None else covered.ends.isoformat(),
    }
    if ahead is None:
        unknown = dict.fromkeys(("next", "why", "too_soon", "clock_ahead", "failure"))
        return {**told, **unknown}
    failure = ahead.failure
    return {
        **told,
        "next": ahead.at.isoformat(),
        "why": ahead.why.value,
        "too_soon": ahead.too_soon,
        "clock_ahead": None if ahead.clock_ahead is None else ahead.clock_ahead.total_seconds(),
        "failure": None
        if failure is None
        else {
            "at": failure.at.isoformat(),
            "cause": failure.cause,
            "cure": failure.cure,
            "times": failure.times,
            "not_before": failure.not_before and failure.not_before.isoformat(),
        },
    }


_WHY = {
    "unreadable": _("there is none"),
    "other-names": _("it covers other names"),
    "other-issuer": _("it is from somebody else"),
    "old": _("two thirds of its life are over then"),
    "advised": _("its authority asks for it then"),
}
