"""What `discover` says: each question, its answer and what follows, then the routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from greygate.probe.discovery import Asked, Discovery
from greygate.spec.delegation import SERVER_PATH, Fetched, Undelegated, Unfetched
from greygate.spec.dialects import Dialect, blocked, differences
from greygate.spec.discovery import (
    Answer,
    FetchWellKnown,
    LookUpAddresses,
    LookUpSrv,
    NoRoute,
    Question,
    Route,
    Target,
)
from greygate.spec.dns import Absent, Addresses, Services, Unanswered
from greygate.spec.server_name import ServerName
from greygate.text import _, aligned, duration, listing

EXCERPT = 200  # characters of a document that are shown


def text(name: ServerName, discoveries: Sequence[Discovery]) -> str:
    """The first one's trace and route, and what the others do otherwise."""
    first, *others = discoveries
    head = _("{name}, as {who} resolves it:").format(name=name, who=first.dialect.title)
    parts = [head, *("\n".join(_asked(it, first.dialect)) for it in first.trace)]
    parts.append("\n".join((*_outcome(first.found), *_uncertain(first), *_blocked(first))))
    if others:
        parts.append("\n".join(_others(first, others)))
    return "\n\n".join(parts)


def told(name: ServerName, discoveries: Sequence[Discovery]) -> dict[str, Any]:
    """The same, as JSON."""
    first = discoveries[0]
    return {
        "server_name": str(name),
        "found": isinstance(first.found, Route),
        "routes": [
            {
                "dialect": it.dialect.name,
                **_route_told(it.found),
                "differences": list(differences(first.found, it.found)),
                "blocked": [str(address) for address in blocked(it.dialect, it.found)],
                "trace": [_asked_told(asked, it.dialect) for asked in it.trace],
            }
            for it in discoveries
        ],
    }


def _asked(asked: Asked, dialect: Dialect) -> Iterator[str]:
    yield _("  step {step}  {question}  ({time})").format(
        step=asked.question.step, question=_question(asked.question), time=duration(asked.seconds)
    )
    yield from (f"          {line}" for line in _answer(asked.answer))
    yield f"          -> {_meaning(asked, dialect)}"


def _question(question: Question) -> str:
    match question:
        case FetchWellKnown(host):
            return f"GET https://{host}{SERVER_PATH}"
        case LookUpSrv(name):
            return f"SRV {name}"
        case LookUpAddresses(host):
            return f"AAAA, A {host}"


def _answer(answer: Answer) -> Iterator[str]:
    match answer:
        case Fetched() as page:
            yield from _page(page)
        case Unfetched(why, failed):
            yield from failed or (why,)
        case Services() as services:
            shown = _("port {port} of {target} (priority {priority}, weight {weight})")
            for it in services.in_order():
                yield shown.format(
                    port=it.port, target=it.target, priority=it.priority, weight=it.weight
                )
        case Addresses(addresses, aliases, untold):
            yield from (_("alias of {name}").format(name=alias) for alias in aliases)
            yield ", ".join(map(str, addresses))
            yield from (_("not told of all: {why}").format(why=why) for why in untold)
        case Absent(how):
            yield how.value
        case Unanswered() as silence:
            yield str(silence)


def _page(page: Fetched) -> Iterator[str]:
    yield from page.failed
    if page.redirects:
        yield _("redirected by {pages}").format(pages=", ".join(page.redirects))
    yield _("HTTP status {status} from {address}").format(status=page.status, address=page.address)
    if page.status < 300 and page.body:
        yield _excerpt(page.body)


def _excerpt(body: bytes) -> str:
    """A stranger's octets, without what would move a terminal's cursor."""
    words = " ".join(body[: 4 * EXCERPT].decode("latin-1").split())
    return "".join(each if " " <= each <= "~" else "?" for each in words)[:EXCERPT]


def _meaning(asked: Asked, dialect: Dialect) -> str:
    match asked.answer:
        case (Fetched() | Unfetched()) as page:
            return _delegation(page, dialect)
        case Services(not_offered=True):
            return _("no server is offered under this name")
        case Services() as services:
            count = len(services.records)
            return _("to be tried in this order") if count > 1 else _("this is where it is")
        case Absent() if isinstance(asked.question, LookUpSrv):
            return _("there is none; the next step follows")
        case Absent():
            return _("nowhere to connect to under this name")
        case Unanswered():
            return _("nobody told us; it is not the same as none")
        case Addresses(aliases=aliases):
            return _("at the end of its aliases") if aliases else _("to be connected to")


def _delegation(page: Fetched | Unfetched, dialect: Dialect) -> str:
    match dialect.delegation(page):
        case Undelegated(why) if isinstance(page, Unfetched) and page.late:
            return _("not known: {why}; for now the server name itself leads on").format(why=why)
        case Undelegated(why):
            return _("nothing is delegated: {why}; the server name itself leads on").format(why=why)
        case to:
            kept = page.kept if isinstance(page, Fetched) else None
            seconds = 0.0 if kept is None else kept.total_seconds()
            shown = _("delegated to {to}; others may believe this for {time}")
            return shown.format(to=to, time=duration(seconds))


def _outcome(outcome: Route | NoRoute) -> Iterator[str]:
    match outcome:
        case NoRoute(step, why):
            yield _("no route: it ends at step {step}").format(step=step)
            yield f"  {why}"
        case Route():
            yield _("the route, by step {step}:").format(step=outcome.step)
            rows = [
                *((_("  connect to"), _target(target)) for target in outcome.targets),
                *((_("  passed over"), useless.why) for useless in outcome.passed_over),
                ("  Host", outcome.host_header),
                ("  SNI", outcome.sni or _("none: it is an address")),
                (_("  certificate"), _("for {name}").format(name=outcome.certificate_name)),
            ]
            yield aligned(rows)


def _uncertain(discovery: Discovery) -> Iterator[str]:
    """A time-out is no absence: whoever waits longer may be led elsewhere."""
    for asked in discovery.trace:
        if isinstance(asked.answer, Unfetched) and asked.answer.late:
            yield _("not certain: {question} was not answered within {time}").format(
                question=_question(asked.question), time=duration(asked.seconds)
            )


def _target(target: Target) -> str:
    places = listing(
        f"[{it}]:{target.port}" if it.version == 6 else f"{it}:{target.port}"
        for it in target.addresses
    )
    return places if target.host in map(str, target.addresses) else f"{places}  ({target.host})"


def _others(first: Discovery, others: Sequence[Discovery]) -> Iterator[str]:
    yield _("who resolves it otherwise:")
    for other in others:
        ways = differences(first.found, other.found)
        title = other.dialect.title
        if other.dialect.only_read:
            title = _("{title} (as read in its code)").format(title=title)
        same = _("no difference") if isinstance(other.found, Route) else _("no route either")
        yield f"  {title}: " + ("; ".join((*ways, *_blocked(other))) or same)


def _blocked(discovery: Discovery) -> Iterator[str]:
    if addresses := blocked(discovery.dialect, discovery.found):
        yield _("never connects to {addresses} unless its ip_range_whitelist names it").format(
            addresses=listing(map(str, addresses))
        )


def _route_told(outcome: Route | NoRoute) -> dict[str, Any]:
    match outcome:
        case NoRoute(step, why):
            return {"found": False, "step": step, "why": why}
        case Route():
            return {
                "found": True,
                "step": outcome.step,
                "targets": [
                    {
                        "host": it.host,
                        "port": it.port,
                        "addresses": [str(address) for address in it.addresses],
                        "priority": it.priority,
                    }
                    for it in outcome.targets
                ],
                "passed_over": [useless.why for useless in outcome.passed_over],
                "host_header": outcome.host_header,
                "sni": outcome.sni,
                "certificate_name": outcome.certificate_name,
            }


def _asked_told(asked: Asked, dialect: Dialect) -> dict[str, Any]:
    return {
        "step": asked.question.step,
        "question": _question(asked.question),
        "answer": {"kind": _kind(asked.answer), **_answer_told(asked.answer)},
        "meaning": _meaning(asked, dialect),
        "seconds": round(asked.seconds, 3),
    }


def _kind(answer: Answer) -> str:
    return type(answer).__name__.lower()


def _answer_told(answer: Answer) -> dict[str, Any]:
    match answer:
        case Fetched() as page:
            return {
                "status": page.status,
                "address": str(page.address),
                "redirects": list(page.redirects),
                "failed": list(page.failed),
                "kept_seconds": int(page.kept.total_seconds()),
            }
        case Unfetched(why, failed, late):
            return {"why": why, "failed": list(failed), "late": late}
        case Services() as services:
            fields = ("priority", "weight", "port", "target")
            in_order = services.in_order()
            return {"records": [{name: getattr(it, name) for name in fields} for it in in_order]}
        case Addresses(addresses, aliases, untold):
            return {
                "addresses": [str(address) for address in addresses],
                "aliases": list(aliases),
                "untold": [str(why) for why in untold],
            }
        case Absent(how):
            return {"how": how.value}
        case Unanswered(failure, detail):
            return {"failure": failure.value, "detail": detail}
