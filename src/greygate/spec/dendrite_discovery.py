"""How Dendrite resolves server names: gomatrixserverlib's fclient, as read (ffcbbd3), not run.

An m.server that is no server name ends it; an SRV look-up that fails leads to port 8448.
"""

from __future__ import annotations

from collections.abc import Generator

from greygate.spec.delegation import Undelegated, WellKnownAnswer, in_time, stated
from greygate.spec.discovery import (
    PORT,
    SRV,
    SRV_DEPRECATED,
    Answer,
    Asking,
    NoRoute,
    Question,
    fetch,
    literal_route,
    look_up_srv,
    named_route,
    not_offered,
    targets_of,
)
from greygate.spec.dns import Absent, Service, Services
from greygate.spec.server_name import BadServerName, ServerName
from greygate.text import _

PATIENCE = 30.0  # seconds, for the whole document
_OWN_STEPS = ("1", "2", "4", "5", "6")
_DELEGATED_STEPS = ("3.1", "3.2", "3.3", "3.4", "3.5")


def dendrite_route_to(name: ServerName) -> Asking:
    """ResolveServer"""
    if name.literal is not None or name.port is not None:
        return (yield from _resolved(name, _OWN_STEPS))
    match dendrite_delegation((yield from fetch(name.host))):
        case Undelegated():
            return (yield from _resolved(name, _OWN_STEPS))
        case text:
            try:
                return (yield from _resolved(ServerName.parse(text), _DELEGATED_STEPS))
            except BadServerName as problem:
                why = _("Dendrite gives up at m.server {text!r}: {why}")
                return NoRoute("3", why.format(text=text, why=problem.why))


def dendrite_delegation(answer: WellKnownAnswer) -> str | Undelegated:
    """LookupWellKnown: an empty m.server is as good as none."""
    match stated(in_time(answer, PATIENCE)):
        case "":
            return Undelegated(_("it has no m.server"))
        case text:
            return text


def _resolved(name: ServerName, steps: tuple[str, ...]) -> Asking:
    if name.literal is not None:
        return literal_route(name, name.literal, step=steps[0])
    if name.port is not None:
        return (yield from _connected(name, _alone(name, name.port), steps[1]))
    found, step = yield from _services(name, steps)
    if found is None:
        return (yield from _connected(name, _alone(name, PORT), steps[4]))
    if found.not_offered:
        return not_offered(step)
    return (yield from _connected(name, found, step))


def _services(
    name: ServerName, steps: tuple[str, ...]
) -> Generator[Question, Answer, tuple[Services | None, str]]:
    """lookupSRV: only "there is none" leads on to the older name, and only to it."""
    for service, step in zip((SRV, SRV_DEPRECATED), steps[2:4], strict=True):
        match (yield from look_up_srv(f"{service}.{name.host}", step)):
            case Services() as found:
                return found, step
            case Absent():
                pass
            case _:
                return None, step
    return None, steps[4]


def _connected(name: ServerName, places: Services, step: str) -> Asking:
    usable, passed_over = yield from targets_of(places, step)
    return named_route(name.text, name.host, usable, step=step, passed_over=passed_over)


def _alone(name: ServerName, port: int) -> Services:
    return Services((Service(0, 0, port, name.host),))
