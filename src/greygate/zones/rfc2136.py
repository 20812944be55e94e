"""Signed updates to a zone's primary server (RFC 2136, RFC 8945): one message, all or nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.xfr
import dns.zone

from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.spelling import dotted
from greygate.probe.dns import place_of
from greygate.site.model import Address, Zone
from greygate.spec.tsig import BadTsigKey, TsigKey, tsig_key
from greygate.text import _
from greygate.zones.secret_file import secret_text

ONE_MESSAGE = 10.0  # seconds
PATIENCE = 60.0  # seconds until the secondaries have it too; a NOTIFY takes two
CHALLENGE_TTL = 1  # seconds; the next order, a moment later, writes another value


class Updates:
    """A Writer: asks the primary, by TCP, so that nothing is too long and nobody answers for it."""

    patience = PATIENCE

    def __init__(self, zone: str, server: str, key: TsigKey) -> None:
        self._zone = zone
        self._server = server
        self._place = place_of(server)
        self._key = key
        self._ring = dns.tsig.Key(f"{key.name}.", key.secret.reveal(), f"{key.algorithm}.")

    def size(self) -> int | None:
        """Counted in a transfer, which the key may not be allowed."""
        found = dns.zone.Zone(dns.name.from_text(self._zone))
        question, _serial = dns.xfr.make_query(found, keyring=self._ring)
        try:
            dns.query.inbound_xfr(
                str(self._place[0]), found, question, port=self._place[1], lifetime=ONE_MESSAGE
            )
        except (dns.exception.DNSException, OSError):
            return None
        return sum(len(node.rdatasets) for node in found.nodes.values())

    def write(self, changes: Sequence[Change]) -> None:
        message = self._message()
        for change in changes:
            _prerequisites(message, change)
        for change in changes:
            _changed(message, change)
        self._send(message)

    def add_text(self, name: str, value: str) -> None:
        message = self._message()
        message.add(f"{name}.", CHALLENGE_TTL, "TXT", f'"{value}"')
        self._send(message)

    def take_text(self, name: str, value: str) -> None:
        message = self._message()
        message.delete(f"{name}.", "TXT", f'"{value}"')
        self._send(message)

    def _message(self) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(f"{self._zone}.", keyring=self._ring)

    def _send(self, message: dns.update.UpdateMessage) -> None:
        with self._told():
            octets = _exchanged(message.to_wire(), *self._place)
            reply = _read(octets, self._ring, message.mac)
        code = reply.rcode()
        if code != dns.rcode.NOERROR:
            why = _("it answers {code}").format(code=dns.rcode.to_text(code))
            raise self._trouble(why, _CODES.get(code, _LOGS))
        if not reply.had_tsig:
            raise self._trouble(_("its answer is not signed"), _LOGS)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Foreign exceptions as what the operator can do."""
        try:
            yield
        except (TimeoutError, EOFError) as problem:
            raise self._trouble(_("no answer"), _REACH) from problem
        except OSError as problem:
            raise self._trouble(problem.strerror or str(problem), _REACH) from problem
        except dns.tsig.PeerBadKey as problem:
            why = _("it knows no key {key}").format(key=self._key)
            raise self._trouble(why, _KEY) from problem
        except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature) as problem:
            why = _("it has another secret under {key}").format(key=self._key)
            raise self._trouble(why, _KEY) from problem
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as problem:
            raise self._trouble(_("its clock and ours differ"), _CLOCK) from problem
        except dns.exception.DNSException as problem:
            raise self._trouble(str(problem) or type(problem).__name__, _LOGS) from problem

    def _trouble(self, why: str, hint: str) -> Trouble:
        return Trouble(
            _("cannot write {zone} at {server}: {why}").format(
                zone=self._zone, server=self._server, why=why
            ),
            hint.format(zone=self._zone, server=self._server, key=self._key),
        )


def _exchanged(octets: bytes, address: Address, port: int) -> bytes:
    """One message there, by TCP, and what comes back (RFC 7766, 8)."""
    with socket.create_connection((str(address), port), ONE_MESSAGE) as channel:
        channel.sendall(len(octets).to_bytes(2) + octets)
        with channel.makefile("rb") as stream:
            length = int.from_bytes(stream.read(2))
            answer = stream.read(length)
    if not answer or len(answer) < length:
        raise EOFError
    return answer


def _read(octets: bytes, ring: dns.tsig.Key, mac: bytes | None) -> dns.message.Message:
    """The answer, its signature verified; one without is for errors only: see `had_tsig`."""
    try:
        return dns.message.from_wire(octets, keyring=ring, request_mac=mac)
    except dns.exception.FormError:
        return dns.message.from_wire(octets, keyring=False)


def _prerequisites(message: dns.update.UpdateMessage, change: Change) -> None:
    """It must still be as it was shown (RFC 2136, 2.4): who wrote meanwhile is not overwritten."""
    records = change.records
    if change.alias is not None:
        message.present(f"{records.name}.", "CNAME", f"{change.alias}.")
    elif change.seen:
        message.present(f"{records.name}.", records.type, *dotted(records.type, change.seen))
    elif records.type == "CNAME":  # beside anything else it would be left out, and nobody told
        message.absent(f"{records.name}.")
    else:
        message.absent(f"{records.name}.", records.type)


def _changed(message: dns.update.UpdateMessage, change: Change) -> None:
    records = change.records
    if change.alias is not None:
        message.delete(f"{records.name}.", "CNAME")
    message.delete(f"{records.name}.", records.type)
    for value in dotted(records.type, records.values):
        message.add(f"{records.name}.", records.ttl, records.type, value)


def writer(zone: Zone) -> Updates:
    """The writer of a zone that the site file says so of."""
    assert zone.server is not None and zone.key_file is not None, "the parser demands it"
    try:
        key = tsig_key(secret_text(zone.key_file, _("the TSIG key")))
    except BadTsigKey as problem:
        raise Trouble(
            _("cannot use the TSIG key in {file}: {why}").format(
                file=zone.key_file, why=problem.why
            ),
            _("make one: keymgr -t NAME > {file}, or tsig-keygen").format(file=zone.key_file),
        ) from problem
    return Updates(zone.name, zone.server, key)


_REACH = _("is {server} right in the site file, and open for TCP from here?")
_KEY = _("give the server and key_file the same key: name, algorithm and secret")
_CLOCK = _("set both clocks right: TSIG allows five minutes")
_LOGS = _("the logs of that server say more")
_CHANGED = _("somebody wrote the zone meanwhile: greygate dns apply shows it anew")
_BESIDE = _(
    "a CNAME stands alone, and where one must come something else stands: most often the TXT of a "
    "challenge that nobody took away; take it away, then greygate dns apply again"
)
_CODES = {
    dns.rcode.REFUSED: _("allow updates of {zone} to the key {key} there"),
    dns.rcode.NOTAUTH: _("it has no zone {zone} of its own, or no key {key}: see server, key_file"),
    dns.rcode.NOTZONE: _("is {zone} the whole zone? A part of it may be one of its own"),
    dns.rcode.YXRRSET: _CHANGED,
    dns.rcode.NXRRSET: _CHANGED,
    dns.rcode.YXDOMAIN: _BESIDE,
    dns.rcode.NXDOMAIN: _CHANGED,
}
