"""How tuwunel resolves server names: its src/service/resolver, as read in 2026-08 (5b36691).

It was read, not run. It departs from the specification most where the server name has an address
of its own: that address is then used with the SRV record's port, the SRV target is not.
"""

from __future__ import annotations

from dataclasses import replace

from greygate.spec import delegation
from greygate.spec.delegation import OK, Fetched, Undelegated, WellKnownAnswer, in_time
from greygate.spec.discovery import (
    PORT,
    SRV,
    SRV_DEPRECATED,
    Asking,
    NoRoute,
    Route,
    Target,
    fetch,
    look_up_addresses,
    look_up_srv,
    no_addresses,
    unanswered,
)
from greygate.spec.dns import (
    ROOT,
    Address,
    AddressAnswer,
    Addresses,
    Service,
    Services,
    Unanswered,
    bare,
)
from greygate.spec.server_name import ServerName
from greygate.text import _

LONGEST_DOCUMENT = 12288  # octets
MOST_REDIRECTS = 4
PATIENCE = 10.0  # seconds
MOST_ADDRESSES = 3  # cache.rs: MAX_IPS
HTTPS_PORT = 443  # the one port that reqwest leaves out of Host

_OWN_STEPS = ("4", "5", "6")
_DELEGATED_STEPS = ("3.3", "3.4", "3.5")


def tuwunel_route_to(name: ServerName) -> Asking:
    """actual_dest"""
    if name.literal is not None:
        return _literal(name, name.literal, step="1")
    if name.port is not None:
        return (yield from _by_address(name.host, name.port, step="2"))
    own = yield from look_up_addresses(name.host, "3")  # before anything else is asked
    if isinstance(own, Unanswered) and not own.failure.was_answered:
        return unanswered(name.host, own, "3")
    match tuwunel_delegation((yield from fetch(name.host))):
        case ServerName(literal=address) as to if address is not None:
            return _literal(to, address, step="3.1")
        case ServerName(port=port) as to if port is not None:
            return (yield from _by_address(to.host, port, step="3.2"))
        case ServerName() as to:
            known = own if bare(to.host) == bare(name.host) else None
            return (yield from _by_srv(to.host, known, _DELEGATED_STEPS))
        case _:  # Undelegated
            return (yield from _by_srv(name.host, own, _OWN_STEPS))


def tuwunel_delegation(answer: WellKnownAnswer) -> ServerName | Undelegated:
    """request_well_known: any status of success will do, but not any length or detour."""
    match in_time(answer, PATIENCE):
        case Fetched(redirects=passed) if len(passed) > MOST_REDIRECTS:
            return Undelegated(_("more than {most} redirects").format(most=MOST_REDIRECTS))
        case Fetched(body=body) if len(body) > LONGEST_DOCUMENT:
            return Undelegated(_("it is longer than {most} octets").format(most=LONGEST_DOCUMENT))
        case Fetched(status=status) as page if 200 <= status < 300:
            return delegation.delegation(replace(page, status=OK))
        case other:
            return delegation.delegation(other)


def _by_srv(host: str, own: AddressAnswer | None, steps: tuple[str, str, str]) -> Asking:
    """query_srv_record: the first record that came, whatever its priority."""
    for service, step in zip((SRV, SRV_DEPRECATED), steps, strict=False):
        match (yield from look_up_srv(f"{service}.{host}", step)):
            case Services(records=(first, *_rest)):
                return (yield from _by_service(host, own, first, step))
            case Unanswered(failure) as silence if not failure.was_answered:
                return unanswered(f"{service}.{host}", silence, step)
            case _:  # handle_resolve_error: an error that was answered is as good as "none"
                pass
    return (yield from _by_address(host, PORT, step=steps[2]))


def _by_service(host: str, own: AddressAnswer | None, first: Service, step: str) -> Asking:
    """actual_dest_3_3 and _4: an address that the host has is never overridden by the target's.

    The root as target means nothing to it: it is a name that has no address.
    """
    if isinstance(own, Addresses):
        return _named(host, host, first.port, own, step)
    if first.target == ROOT:
        return (yield from _by_address(host, first.port, step=step))
    match (yield from look_up_addresses(first.target, step)):
        case Addresses() as found:
            return _named(host, first.target, first.port, found, step)
        case Unanswered(failure) as silence if not failure.was_answered:
            return unanswered(first.target, silence, step)
        case _:
            return (yield from _by_address(host, first.port, step=step))


def _by_address(host: str, port: int, *, step: str) -> Asking:
    match (yield from look_up_addresses(host, step)):
        case Addresses() as found:
            return _named(host, host, port, found, step)
        case nothing:
            return no_addresses(host, nothing, step)


def _named(host: str, target: str, port: int, found: Addresses, step: str) -> Route:
    return Route(
        step=step,
        targets=(Target(target, port, preferred(found.addresses)[:MOST_ADDRESSES]),),
        host_header=host_header(host, port),
        sni=host,
        certificate_name=host,
    )


def preferred(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Of IPv6 only where there is no IPv4 (hickory's Ipv4thenIpv6)."""
    old = tuple(address for address in addresses if address.version == 4)
    return old or addresses


def _literal(name: ServerName, address: Address, *, step: str) -> Route | NoRoute:
    """fed.rs, get_ip_with_port: brackets belong to an address with a port, to it."""
    if address.version == 6 and name.port is None:
        return NoRoute(step, _("tuwunel reads no IPv6 address without a port"))
    port = name.port or PORT
    return Route(
        step=step,
        targets=(Target(name.host, port, (address,)),),
        host_header=host_header(f"[{address}]" if address.version == 6 else name.host, port),
        sni=None,
        certificate_name=name.host,
    )


def host_header(host: str, port: int) -> str:
    """Host, as reqwest takes it from the URL, in which the port always stands."""
    return host if port == HTTPS_PORT else f"{host}:{port}"
