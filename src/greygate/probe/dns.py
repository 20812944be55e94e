"""DNS questions to a recursive resolver: the machine's own, or one that was named."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.immutable
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CAA
import dns.resolver
import dns.rrset

from greygate.errors import Trouble, WrongUsage
from greygate.spec.dns import (
    Absence,
    Absent,
    Address,
    AddressAnswer,
    Addresses,
    Failure,
    Service,
    Services,
    Signing,
    SrvAnswer,
    TextAnswer,
    Texts,
    Unanswered,
)
from greygate.spec.server_name import BadServerName, ServerName
from greygate.text import _

PORT = 53
PATIENCE = 10.0  # seconds for one question, all servers and repetitions together
ONE_TRY = 3.0  # seconds until it is asked again

# Asked besides this machine's own, which may have a view of its own; three operators.
PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")

_FAILURES = {
    dns.rcode.SERVFAIL: Failure.SERVER,
    dns.rcode.REFUSED: Failure.REFUSED,
    dns.rcode.NOTIMP: Failure.NOT_DONE,
    dns.rcode.FORMERR: Failure.FORMAT,
}

Place = tuple[Address, int]


def place_of(text: str) -> Place:
    """The address and port that `ADDRESS[:PORT]` spells; an IPv6 port needs brackets."""
    try:
        return ip_address(text), PORT
    except ValueError:
        pass
    try:
        name = ServerName.parse(text)
    except BadServerName as problem:
        raise _no_place(text, problem.why) from problem
    if name.literal is None:
        raise _no_place(text, _("a resolver is named by its address"))
    return name.literal, name.port or PORT


@dns.immutable.immutable
class AnyCaa(dns.rdtypes.ANY.CAA.CAA):
    """A CAA record with whatever tag: dnspython (2.9) refuses the whole answer for an odd one."""

    def __init__(
        self,
        rdclass: dns.rdataclass.RdataClass,
        rdtype: dns.rdatatype.RdataType,
        flags: int,
        tag: bytes,
        value: bytes,
    ) -> None:
        dns.rdata.Rdata.__init__(self, rdclass, rdtype)
        self.flags, self.tag, self.value = flags, tag, value


# `dns.rdata.register_type` takes no type that dnspython knows itself.
dns.rdata._rdata_classes[dns.rdataclass.IN, dns.rdatatype.CAA] = AnyCaa


class Resolver:
    """Asks, and tells what is not there from what nobody would tell."""

    def __init__(
        self,
        place: Place | None = None,
        *,
        others: Iterable[Address] = (),
        patience: float = PATIENCE,
        zone: str | None = None,
        give_up: bool = False,
    ) -> None:
        """One server, by any of its addresses: at `place`, or at `others` with the same port.

        `zone`: it is asked as one of that zone's own servers, not to look further for us, and
        only what it answers with authority counts. `give_up`: where it has never answered and is
        silent once, it is not waited for again.
        """
        self._patience = patience
        self._resolver = _own() if place is None else dns.resolver.Resolver(configure=False)
        if place is not None:
            self._resolver.nameservers = [str(place[0]), *map(str, others)]
            self._resolver.port = place[1]
        self._resolver.timeout = min(ONE_TRY, patience)
        self._zone = None if zone is None else dns.name.from_text(zone)
        if zone is not None:
            self._resolver.flags = 0  # RFC 1034, 4.3.1: recursion is not desired
        self._give_up = give_up
        self._silence: Unanswered | None = None

    def services(self, name: str) -> SrvAnswer:
        """The SRV records of a name."""
        answer = self._ask(name, dns.rdatatype.SRV)
        if not isinstance(answer, dns.resolver.Answer):
            return answer
        return Services(
            tuple(
                Service(it.priority, it.weight, it.port, it.target.to_text(omit_final_dot=True))
                for it in answer
            )
        )

    def addresses(self, host: str) -> AddressAnswer:
        """The AAAA and A records of a host, at the end of its aliases."""
        answers = [self._ask(host, kind) for kind in (dns.rdatatype.AAAA, dns.rdatatype.A)]
        had = [it for it in answers if isinstance(it, dns.resolver.Answer)]
        untold = tuple(it for it in answers if isinstance(it, Unanswered))
        if had:
            addresses = tuple(ip_address(record.address) for each in had for record in each)
            return Addresses(addresses, _aliases(had[0].chaining_result), untold)
        if untold:
            return untold[0]
        # NXDOMAIN for one type and NODATA for the other: the name is there for somebody.
        absent = [it for it in answers if isinstance(it, Absent)]
        return next((it for it in absent if it.how is Absence.NO_RECORD), Absent(Absence.NO_NAME))

    def texts(self, name: str, kind: str) -> TextAnswer:
        """The records of one type, each as a zone file writes it."""
        answer = self._ask(name, dns.rdatatype.from_text(kind))
        if not isinstance(answer, dns.resolver.Answer):
            return answer
        values = tuple(sorted(it.to_text(omit_final_dot=True) for it in answer))
        chain = answer.chaining_result
        return Texts(values, _aliases(chain), chain.minimum_ttl)

    def signing(self, zone: str) -> Signing | Unanswered:
        """How the zone is signed, as far as this resolver tells: by DS, and by its own verdict."""
        match self.texts(zone, "DS"):
            case Absent():
                return Signing.UNSIGNED
            case Unanswered() as untold:
                return untold
        answer = self._with(dns.flags.RD | dns.flags.AD)._ask(zone, dns.rdatatype.SOA)
        if isinstance(answer, dns.resolver.Answer):
            verified = bool(answer.response.flags & dns.flags.AD)
            return Signing.VALID if verified else Signing.UNCHECKED
        unchecked = self._with(dns.flags.RD | dns.flags.CD).texts(zone, "SOA")
        if isinstance(unchecked, Texts):
            return Signing.BOGUS
        return answer if isinstance(answer, Unanswered) else Signing.UNCHECKED

    def _with(self, flags: int) -> Resolver:
        """The same, asking with these flags."""
        twin = copy(self)
        twin._resolver = copy(self._resolver)
        twin._resolver.flags = flags
        return twin

    def _ask(
        self, name: str, kind: dns.rdatatype.RdataType
    ) -> dns.resolver.Answer | Absent | Unanswered:
        if self._silence is not None:
            return self._silence
        told = self._asked(name, kind)
        if not isinstance(told, Unanswered) or told.failure.was_answered:
            self._give_up = False
        elif self._give_up and told.failure in (Failure.SILENCE, Failure.NO_WAY):
            self._silence = told
        return told

    def _asked(
        self, name: str, kind: dns.rdatatype.RdataType
    ) -> dns.resolver.Answer | Absent | Unanswered:
        try:
            answer = self._resolver.resolve(
                dns.name.from_text(name),
                kind,
                search=False,
                raise_on_no_answer=False,
                lifetime=self._patience,
            )
        except dns.resolver.NXDOMAIN as problem:
            response = next(iter(problem.kwargs["responses"].values()))
            return self._not_ours(response) or _absent(Absence.NO_NAME, response)
        except (dns.resolver.NoNameservers, dns.resolver.LifetimeTimeout) as problem:
            return _failure(problem.kwargs["errors"])
        except (dns.exception.DNSException, UnicodeError) as problem:
            return Unanswered(Failure.CANNOT_BE_ASKED, str(problem).rstrip("."))
        if answer.rrset is None and kind == dns.rdatatype.NS:
            answer.rrset = _delegation(answer)
            if answer.rrset is not None:
                return answer
        if lame := self._not_ours(answer.response):
            return lame
        return answer if answer.rrset else _absent(Absence.NO_RECORD, answer.response)

    def _not_ours(self, response: dns.message.Message) -> Unanswered | None:
        """How the server does not answer for the zone that it is asked for; None where it does."""
        if self._zone is None or response.flags & dns.flags.AA:
            return None
        cuts = [it.name for it in response.authority if it.rdtype == dns.rdatatype.NS]
        if cuts and cuts[0] != self._zone and cuts[0].is_subdomain(self._zone):
            return Unanswered(Failure.DELEGATED, cuts[0].to_text(omit_final_dot=True))
        instead = response.flags & dns.flags.RA
        return Unanswered(Failure.LAME, _("a resolver answers in its place") if instead else "")


def _absent(how: Absence, response: dns.message.Message) -> Absent:
    assert isinstance(response, dns.message.QueryMessage), "it answers a question"
    chain = response.resolve_chaining()
    return Absent(how, _aliases(chain), chain.minimum_ttl)


def _delegation(answer: dns.resolver.Answer) -> dns.rrset.RRset | None:
    """What the zone above tells of one that it gave away: not as an answer (RFC 1034, 4.3.2)."""
    response = answer.response
    return response.get_rrset(response.authority, answer.qname, dns.rdataclass.IN, dns.rdatatype.NS)


def _own() -> dns.resolver.Resolver:
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as problem:
        raise Trouble(
            _("cannot look up names: this machine has no resolver (/etc/resolv.conf)"),
            _("name one: --resolver ADDRESS"),
        ) from problem


def _aliases(chain: dns.message.ChainingResult) -> tuple[str, ...]:
    return tuple(each[0].target.to_text(omit_final_dot=True) for each in chain.cnames)


def _failure(errors: Iterable[dns.resolver.ErrorTuple]) -> Unanswered:
    """The most telling of what went wrong: an answer that is an error, before silence."""
    told = Unanswered(Failure.SILENCE)
    for server, _tcp, port, problem, response in errors:
        address = (server or "").partition(":")[2].rpartition("@")[0]  # from Do53:ADDRESS@PORT
        asked = _("by {server} port {port}").format(server=address, port=port)
        if isinstance(response, dns.message.Message) and response.rcode() != dns.rcode.NOERROR:
            return Unanswered(_FAILURES.get(response.rcode(), Failure.OTHER_CODE), asked)
        if isinstance(problem, dns.message.ChainTooLong):
            return Unanswered(Failure.NO_END, asked)
        if isinstance(problem, dns.exception.FormError | ValueError | EOFError):
            return Unanswered(Failure.UNREADABLE, asked)
        if isinstance(problem, OSError) and problem.strerror:
            told = Unanswered(Failure.NO_WAY, f"{asked}: {problem.strerror}")
        elif told.failure is Failure.SILENCE:
            told = Unanswered(Failure.SILENCE, asked)
    return told


def _no_place(text: str, why: str) -> WrongUsage:
    return WrongUsage(
        _("cannot use {text} as resolver: {why}").format(text=text, why=why),
        _("for example: --resolver 127.0.0.1:53, --resolver [::1]:53"),
    )
