"""An authority, spoken to as our account: orders, what they prove, what comes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random

from acme import challenges, client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.json_util import field

from greygate.certs.refusal import AuthorityRefused, told
from greygate.spec.acme import Event
from greygate.spec.dns import bare
from greygate.spec.moments import http_date, span_of
from greygate.spec.renewal import Suggestion
from greygate.text import _, listing

IN_PROCESS = 180.0  # seconds that an authority may take to prove or to issue
PAUSE = 0.3  # seconds before it is asked again, growing
LONGEST_PAUSE = 5.0
ACT = _("order a certificate")
# RFC 9773, 4.3.2 and 4.3.3: before it is asked again when to renew.
SHORTEST_SILENCE, USUAL_SILENCE = timedelta(minutes=1), timedelta(hours=6)
LONGEST_SILENCE = timedelta(days=1)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_EVENTS = {
    messages.STATUS_PENDING: Event.PENDING,
    messages.STATUS_READY: Event.READY,
    messages.STATUS_VALID: Event.VALID,
    messages.STATUS_INVALID: Event.INVALID,
}


class NewOrder(messages.NewOrder):
    """With the certificate that the new one is in place of (RFC 9773, 5)."""

    replaces: str | None = field("replaces", omitempty=True)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be published for a name."""

    name: str
    value: str
    asked: messages.ChallengeBody


class Authority:
    """One account's view of an ACME server."""

    def __init__(
        self,
        url: str,
        acme: client.ClientV2,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self._acme = acme
        self._clock = clock
        self._sleep = sleep

    @property
    def account(self) -> str | None:
        """The address of our account there; None before it is opened."""
        account = self._acme.net.account
        return None if account is None else str(account.uri)

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far our clock is ahead of its clock; None where it does not tell the time."""
        ahead: timedelta | None = getattr(self._acme.net, "clock_ahead", None)
        return ahead

    @property
    def identities(self) -> tuple[str, ...]:
        """What it calls itself in CAA records; none where it does not say."""
        return tuple(self._acme.directory.meta.caa_identities or ())

    def demand_profile(self, profile: str | None) -> None:
        """Trouble where it offers no such profile."""
        offered = dict(self._acme.directory.meta.profiles or {})
        if profile is not None and profile not in offered:
            raise AuthorityRefused(
                _("cannot order a certificate: {url} has no profile {profile}").format(
                    url=self.url, profile=profile
                ),
                _("see profile under [certificates]; it offers {offered}").format(
                    offered=listing(sorted(offered), empty=_("none"))
                ),
                code="invalidProfile",
            )

    def place(
        self, names: Sequence[str], *, profile: str | None, replaces: str | None
    ) -> tuple[str, Event]:
        """The address of a new order, and its state."""
        identifiers = [messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=it) for it in names]
        for instead in dict.fromkeys((replaces, None)):
            order = NewOrder(identifiers=identifiers, profile=profile, replaces=instead)
            try:
                with told(ACT, self.url):
                    answer = self._acme._post(self._acme.directory["newOrder"], order)
                    body = messages.Order.from_json(answer.json())
                    return str(answer.headers["Location"]), _EVENTS[body.status]
            except AuthorityRefused as refused:
                # It was replaced already, or it is none of this authority's.
                if instead is None or refused.code not in ("alreadyReplaced", "malformed"):
                    raise
        raise AssertionError("the last try has nothing to replace")

    def state(self, uri: str) -> Event:
        """In what state an order is, once it is no longer in process; INVALID where unknown."""
        try:
            return self._settled(uri, complain=False)
        except AuthorityRefused as refused:
            if refused.code in ("malformed", "unauthorized", "notFound"):
                return Event.INVALID
            raise

    def challenges(self, uri: str) -> tuple[Challenge, ...]:
        """What is still to be proved, by DNS-01."""
        with told(ACT, self.url):
            order = messages.Order.from_json(self._acme._post_as_get(uri).json())
            bodies = [
                messages.Authorization.from_json(self._acme._post_as_get(it).json())
                for it in order.authorizations
            ]
            open_ = [it for it in bodies if it.status == messages.STATUS_PENDING]
            return tuple(map(self._challenge, open_))

    def answer(self, asked: Sequence[Challenge]) -> None:
        """Have it look."""
        with told(ACT, self.url):
            for it in asked:
                self._acme.answer_challenge(it.asked, it.asked.response(self._acme.net.key))

    def proved(self, uri: str) -> Event:
        """READY once it has seen every name; Trouble with its words where it has not."""
        with told(ACT, self.url):
            order = messages.Order.from_json(self._acme._post_as_get(uri).json())
            looked = [self._looked(it) for it in order.authorizations]
            failed = [it for it in looked if it.body.status != messages.STATUS_VALID]
            if failed:
                raise errors.ValidationError(failed)
        return self._settled(uri, wanted=Event.READY)

    def finish(self, uri: str, names: Sequence[str], key: Key) -> Event:
        """Have it issue for this key; VALID once it has."""
        signing_request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        sans = x509.SubjectAlternativeName([x509.DNSName(it) for it in names])
        made = signing_request.add_extension(sans, critical=False).sign(key, hashes.SHA256())
        with told(ACT, self.url):
            order = messages.Order.from_json(self._acme._post_as_get(uri).json())
            answer = self._acme._post(order.finalize, messages.CertificateRequest(csr=made))
            first = messages.Order.from_json(answer.json())  # RFC 8555, 7.4
        return self._settled(uri, wanted=Event.VALID, seen=first)

    def fetch(self, uri: str, *, preferred: str | None) -> tuple[x509.Certificate, ...]:
        """The chain, the preferred one where it offers several."""
        with told(_("fetch the certificate"), self.url):
            order = messages.Order.from_json(self._acme._post_as_get(uri).json())
            answer = self._acme._post_as_get(order.certificate)
            links = self._acme._get_links(answer, "alternate") if preferred else []
            texts = [answer.text, *(self._acme._post_as_get(it).text for it in links)]
            chains = [tuple(x509.load_pem_x509_certificates(it.encode())) for it in texts]
        return chosen(chains, preferred)

    def revoke(self, certificate: x509.Certificate, reason: int) -> None:
        with told(_("revoke the certificate"), self.url):
            self._acme.revoke(certificate, reason)

    def suggestion(self, certificate: x509.Certificate, fingerprint: str) -> Suggestion:
        """When it would have the certificate renewed (RFC 9773)."""
        if not self.advises:
            return Suggestion(fingerprint, None, datetime.now(UTC) + USUAL_SILENCE)
        with told(_("ask when to renew"), self.url):
            url = str(self._acme.directory["renewalInfo"])
            own = client._renewal_info_path_component(certificate)
            answer = self._acme.net.get(f"{url}/{own}", content_type="application/json")
            window = messages.RenewalInfo.from_json(answer.json()).suggested_window
            begins, ends = window.start.astimezone(UTC), window.end.astimezone(UTC)
        at = begins + random() * (ends - begins) if begins < ends else None  # 4.2: it is invalid
        again = datetime.now(UTC) + _pause(answer.headers.get("Retry-After"))
        return Suggestion(fingerprint, at, again)

    @property
    def advises(self) -> bool:
        """Whether it tells when to renew."""
        return "renewalInfo" in self._acme.directory.to_json()

    def _challenge(self, body: messages.Authorization) -> Challenge:
        for asked in body.challenges:
            if isinstance(asked.chall, challenges.DNS01):
                value = asked.chall.validation(self._acme.net.key)
                return Challenge(bare(str(body.identifier.value)), value, asked)
        raise AuthorityRefused(
            _("cannot order a certificate: {url} does not prove {name} by DNS-01").format(
                url=self.url, name=body.identifier.value
            ),
            _("take another authority: directory under [certificates] in the site file"),
        )

    def _looked(self, url: str) -> messages.AuthorizationResource:
        """What it has come to think of one name."""
        began, pause = self._clock(), PAUSE
        while True:
            body = messages.Authorization.from_json(self._acme._post_as_get(url).json())
            if body.status != messages.STATUS_PENDING:
                return messages.AuthorizationResource(body=body, uri=url)
            if self._clock() - began > IN_PROCESS:
                raise errors.TimeoutError
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _settled(
        self,
        uri: str,
        *,
        wanted: Event | None = None,
        complain: bool = True,
        seen: messages.Order | None = None,
    ) -> Event:
        """The state that the order comes to; DEADLINE where it takes too long.

        Where it has been `seen`, it is asked for after a pause only: asked in the very moment in
        which it issues the certificate, Pebble (2.4) may never answer about that order again.
        """
        began, pause = self._clock(), PAUSE
        while True:
            with told(ACT, self.url):
                body = seen or messages.Order.from_json(self._acme._post_as_get(uri).json())
                if complain and body.error is not None:
                    raise errors.IssuanceError(body.error)
            seen = None
            event = _EVENTS.get(body.status)
            if event in (wanted, Event.INVALID) or (wanted is None and event is not None):
                assert event is not None
                return event
            if self._clock() - began > IN_PROCESS:
                return Event.DEADLINE
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)


def _pause(header: str | None) -> timedelta:
    """Until it is asked again (RFC 9773, 4.3.2)."""
    span = span_of(header or "")
    if span is None:
        at = http_date(header or "")
        span = USUAL_SILENCE if at is None else at - datetime.now(UTC)
    return max(SHORTEST_SILENCE, min(span, LONGEST_SILENCE))


def chosen(
    chains: Sequence[tuple[x509.Certificate, ...]], preferred: str | None
) -> tuple[x509.Certificate, ...]:
    """The first chain that leads to the preferred root, else the authority's own choice."""
    for chain in chains:
        if preferred is not None and _root(chain) == preferred:
            return chain
    return chains[0]


def _root(chain: tuple[x509.Certificate, ...]) -> str | None:
    """The common name of whoever vouches for the last of the chain."""
    names = chain[-1].issuer.get_attributes_for_oid(_COMMON_NAME)
    return str(names[0].value) if names else None


_COMMON_NAME = x509.NameOID.COMMON_NAME
