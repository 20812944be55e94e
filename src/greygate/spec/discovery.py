"""Matrix server discovery (Server-Server API v1.19, "Resolving server names").

The steps bear the specification's numbers. The generators here ask nothing themselves: they yield
a question, are sent its answer, and return the route.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from greygate.spec.delegation import Fetched, Unfetched, WellKnownAnswer, delegation
from greygate.spec.dns import (
    Absent,
    Address,
    AddressAnswer,
    Addresses,
    Service,
    Services,
    SrvAnswer,
    Unanswered,
)
from greygate.spec.server_name import ServerName
from greygate.text import _

PORT = 8448
SRV = "_matrix-fed._tcp"  # since v1.8
SRV_DEPRECATED = "_matrix._tcp"


@dataclass(frozen=True, slots=True)
class FetchWellKnown:
    """What does https://HOST/.well-known/matrix/server answer?"""

    host: str
    step: str = field(compare=False, default="3")  # who asks; the question is the same without


@dataclass(frozen=True, slots=True)
class LookUpSrv:
    """Which SRV records has the name?"""

    name: str
    step: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True)
class LookUpAddresses:
    """Which addresses has the host, aliases followed?"""

    host: str
    step: str = field(compare=False, default="")


Question = FetchWellKnown | LookUpSrv | LookUpAddresses
Answer = WellKnownAnswer | SrvAnswer | AddressAnswer


@dataclass(frozen=True, slots=True)
class Target:
    """One place to connect to."""

    host: str
    port: int
    addresses: tuple[Address, ...]
    priority: int = 0  # as its SRV record has it; the lower is tried first


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How the server is reached: where to connect, and what to say and to expect there."""

    step: str
    targets: tuple[Target, ...]  # in the order in which they are tried; each has addresses
    host_header: str
    sni: str | None  # None for an address: TLS has no SNI for those
    certificate_name: str
    passed_over: tuple[NoRoute, ...] = ()  # SRV targets that cannot be used


@dataclass(frozen=True, slots=True)
class NoRoute:
    """The server cannot be reached: the step where it ended, and why."""

    step: str
    why: str


Asking = Generator[Question, Answer, Route | NoRoute]


def found(asking: Asking, answer: Callable[[Question], Answer]) -> Route | NoRoute:
    """Where the questions lead when each gets its answer."""
    try:
        question = next(asking)
        while True:
            question = asking.send(answer(question))
    except StopIteration as end:
        route: Route | NoRoute = end.value
        return route


def route_to(name: ServerName) -> Asking:
    """Yield what must be looked up, be sent what was seen, return the route."""
    if name.literal is not None:
        return literal_route(name, name.literal, step="1")
    if name.port is not None:
        return (yield from _by_address(name, name.port, step="2"))
    match delegation((yield from fetch(name.host))):
        case ServerName(literal=address) as to if address is not None:
            return literal_route(to, address, step="3.1")
        case ServerName(port=port) as to if port is not None:
            return (yield from _by_address(to, port, step="3.2"))
        case ServerName() as to:
            return (yield from _by_srv(to, steps=("3.3", "3.4", "3.5")))
        case _:  # Undelegated; step 3: what is invalid leads to step 4
            return (yield from _by_srv(name, steps=("4", "5", "6")))


def _by_srv(name: ServerName, *, steps: tuple[str, str, str]) -> Asking:
    """Steps 3.3 to 3.5, and 4 to 6: the two SRV names, then the host itself."""
    match (yield from look_up_srv(f"{SRV}.{name.host}", steps[0])):
        case Services() as found:
            return (yield from _by_service(name, found, steps[0]))
        case Unanswered() as silence:  # not the same as "not found": it ends here
            return unanswered(f"{SRV}.{name.host}", silence, steps[0])
        case _:  # Absent: "was not found"
            pass
    match (yield from look_up_srv(f"{SRV_DEPRECATED}.{name.host}", steps[1])):
        case Services() as found:
            return (yield from _by_service(name, found, steps[1]))
        case Unanswered() as silence:
            return unanswered(f"{SRV_DEPRECATED}.{name.host}", silence, steps[1])
        case _:
            return (yield from _by_address(name, PORT, step=steps[2]))


def _by_service(name: ServerName, found: Services, step: str) -> Asking:
    """The SRV targets' addresses; Host, SNI and certificate are still for the name itself."""
    if found.not_offered:
        return not_offered(step)
    usable, passed_over = [], []
    for service in found.in_order():
        match (yield from _target(service, step)):
            case Target() as target:
                usable.append(target)
            case useless:
                passed_over.append(useless)
    return named_route(name.text, name.host, usable, step=step, passed_over=passed_over)


def _target(service: Service, step: str) -> Generator[Question, Answer, Target | NoRoute]:
    """A target with its addresses, "AAAA or A": it "may not be a CNAME" (RFC 2782 agrees)."""
    match (yield from look_up_addresses(service.target, step)):
        case Addresses(addresses, aliases=()):
            return Target(service.target, service.port, addresses, service.priority)
        case Addresses():
            why = _("{host} is an alias (CNAME), which an SRV target must not be")
            return NoRoute(step, why.format(host=service.target))
        case nothing:
            return no_addresses(service.target, nothing, step)


def targets_of(
    services: Services,
    step: str,
    *,
    look_up: Callable[[str, str], Generator[Question, Answer, AddressAnswer]] | None = None,
) -> Generator[Question, Answer, tuple[list[Target], list[NoRoute]]]:
    """The targets that have addresses, aliases followed, and the ones that are passed over."""
    usable, passed_over = [], []
    for service in services.in_order():
        match (yield from (look_up or look_up_addresses)(service.target, step)):
            case Addresses(addresses):
                usable.append(Target(service.target, service.port, addresses, service.priority))
            case nothing:
                passed_over.append(no_addresses(service.target, nothing, step))
    return usable, passed_over


def _by_address(name: ServerName, port: int, *, step: str) -> Asking:
    """The name's own addresses."""
    match (yield from look_up_addresses(name.host, step)):
        case Addresses(addresses):
            target = Target(name.host, port, addresses)
            return named_route(name.text, name.host, [target], step=step)
        case nothing:
            return no_addresses(name.host, nothing, step)


def literal_route(name: ServerName, address: Address, *, step: str) -> Route:
    """To an address that stands in the name itself."""
    return Route(
        step=step,
        targets=(Target(name.host, name.port or PORT, (address,)),),
        host_header=name.text,
        sni=None,
        certificate_name=name.host,
    )


def named_route(
    host_header: str,
    certificate_name: str,
    targets: list[Target],
    *,
    step: str,
    passed_over: list[NoRoute] | None = None,
) -> Route | NoRoute:
    """To where a name has led, if anywhere."""
    useless = tuple(passed_over or ())
    if not targets:
        return NoRoute(step, "; ".join(each.why for each in useless))
    return Route(
        step=step,
        targets=tuple(targets),
        host_header=host_header,
        sni=certificate_name,
        certificate_name=certificate_name,
        passed_over=useless,
    )


def not_offered(step: str) -> NoRoute:
    """What an SRV record with the root as its only target says (RFC 2782)."""
    return NoRoute(step, _('the SRV target is ".": no server is offered under this name'))


def unanswered(name: str, silence: Unanswered, step: str) -> NoRoute:
    """A look-up that failed, where going on would be guessing."""
    return NoRoute(step, _("cannot look up {name}: {why}").format(name=name, why=silence))


def no_addresses(host: str, nothing: Absent | Unanswered, step: str) -> NoRoute:
    """A host that has no address, or whose addresses nobody told us."""
    if isinstance(nothing, Unanswered):
        return unanswered(host, nothing, step)
    why = _("{host} has no address: {how}").format(host=host, how=nothing.how.value)
    return NoRoute(step, why)


def fetch(host: str) -> Generator[Question, Answer, WellKnownAnswer]:
    """Step 3: the document below /.well-known."""
    answer = yield FetchWellKnown(host)
    assert isinstance(answer, Fetched | Unfetched)
    return answer


def look_up_srv(name: str, step: str) -> Generator[Question, Answer, SrvAnswer]:
    """The SRV records of a name; an answer without any is the same as none."""
    answer = yield LookUpSrv(name, step)
    assert isinstance(answer, Services | Absent | Unanswered)
    return answer


def look_up_addresses(host: str, step: str) -> Generator[Question, Answer, AddressAnswer]:
    """The addresses of a host."""
    answer = yield LookUpAddresses(host, step)
    assert isinstance(answer, Addresses | Absent | Unanswered)
    return answer
