"""What the server answers on port 53: the order of steps is the real one's, oddities too."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zonefile

from .ledger import Ledger

TTL_OF_RECORDS = 3600
# An hour is how long a resolver may keep that a text was not there.
SOA = "{domain} SOA {domain} hostmaster.{domain} {serial} 28800 7200 604800 86400"


class Zone:
    """One domain, its fixed records, and a text wherever the ledger has one."""

    def __init__(self, domain: str, records: Sequence[str], ledger: Ledger) -> None:
        self._ledger = ledger
        self._domain = dns.name.from_text(domain.lower())
        serial = time.strftime("%Y%m%d%H")
        lines = (*records, SOA.format(domain=self._domain, serial=serial))
        self._fixed = dns.zonefile.read_rrsets(
            "\n".join(lines).lower(), default_ttl=TTL_OF_RECORDS, origin=self._domain
        )
        self._soa = self._fixed[-1]

    def answer(self, asked: dns.message.Message) -> dns.message.Message:
        """The answer to one message."""
        reply = dns.message.make_response(asked, our_payload=512)
        if asked.edns > 0:
            reply.set_rcode(dns.rcode.BADVERS)
        elif asked.opcode() == dns.opcode.QUERY and asked.question:
            self._fill(reply, asked.question[0])
        return reply

    def _fill(self, reply: dns.message.Message, asked: dns.rrset.RRset) -> None:
        found = [*self._recorded(asked), *self._texts(asked)]
        known = found or self._is_known(asked.name)
        reply.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
        reply.answer.extend(found)
        if self._is_authority_for(asked.name):
            reply.flags |= dns.flags.AA
            if not known:
                reply.authority.append(self._soa)

    def _recorded(self, asked: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        here = [it for it in self._fixed if it.name == asked.name]
        aliases = [it for it in here if it.rdtype == dns.rdatatype.CNAME]
        return [it for it in here if it.rdtype == asked.rdtype] or aliases

    def _texts(self, asked: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        """By the first label alone: any name that begins with a subdomain has its texts."""
        if asked.rdtype != dns.rdatatype.TXT:
            return []
        first = asked.name.labels[0].decode("ascii", "replace").lower()
        texts = self._ledger.texts(re.sub(r"[^a-z0-9_-]", "", first))
        quoted = [f'"{text}"' for text in texts]
        return [dns.rrset.from_text_list(asked.name, 1, "IN", "TXT", quoted)] if texts else []

    def _is_known(self, name: dns.name.Name) -> bool:
        return name == self._domain or any(it.name == name for it in self._fixed)

    def _is_authority_for(self, name: dns.name.Name) -> bool:
        above = (dns.name.Name(name.labels[place:]) for place in range(len(name.labels)))
        return any(map(self._is_known, above))
