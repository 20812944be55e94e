"""One order, driven through its table: every action of `spec.acme` has its method here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from greygate.certs.authority import ACT, Authority, Challenge, Key
from greygate.certs.kept import Kept, KeptOrder
from greygate.certs.proof import Proof
from greygate.certs.rehearsal import Value, await_seen, withdraw
from greygate.errors import Trouble
from greygate.progress import Progress
from greygate.secret import Secret
from greygate.site.model import KeyType
from greygate.spec.acme import ENDS, Action, Event, State, step
from greygate.text import _, listing

RSA_BITS = 3072  # as strong as P-256 is taken for (NIST SP 800-57)

Chain = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is ordered."""

    names: tuple[str, ...]
    key_type: KeyType
    profile: str | None
    preferred_chain: str | None
    replaces: str | None  # the certificate that it is in place of, as RFC 9773 names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What an order needs of its surroundings."""

    authority: Authority
    kept: Kept
    rehearse: Callable[[], tuple[Proof, ...]]  # where the names lead, tried out
    check: Callable[[Chain, Key], None]  # Trouble where it is not fit to serve
    install: Callable[[Chain, Key], None]
    progress: Progress


def fulfil(wanted: Wanted, stage: Stage) -> None:
    """See an order through to a certificate that serves; Trouble where it fails."""
    _Order(wanted, stage).run()


class _Order:
    """One run; its state is the table's, and what was got on the way."""

    def __init__(self, wanted: Wanted, stage: Stage) -> None:
        self._wanted = wanted
        self._stage = stage
        self._proofs: tuple[Proof, ...] = ()
        self._open: tuple[Challenge, ...] = ()
        self._written: list[Value] = []
        self._chain: Chain = ()
        found = stage.kept.order()
        self._kept = found if found and found.names == wanted.names else None

    def run(self) -> None:
        state = State.NEW
        event = Event.BEGUN if self._kept is None else Event.RESUMED
        why: Trouble | None = None
        try:
            while state not in ENDS:
                state, actions = step(state, event)
                try:
                    event = self._all(actions)
                except Trouble as trouble:
                    why, event = why or trouble, Event.TROUBLE
        finally:
            self._withdraw()  # nothing where the table has done it; we may be interrupted
        if state is State.FAILED:
            raise why or self._unfinished(event)

    def _all(self, actions: Sequence[Action]) -> Event:
        """What comes of the last one that says something."""
        event = Event.DONE
        for action in actions:
            event = self._acts[action]() or event
        return event

    @property
    def _acts(self) -> Mapping[Action, Callable[[], Event | None]]:
        return {
            Action.ASK: self._ask,
            Action.REHEARSE: self._rehearse,
            Action.PLACE: self._place,
            Action.PUBLISH: self._publish,
            Action.AWAIT_PUBLISHED: self._await_published,
            Action.ANSWER: self._answer,
            Action.AWAIT_PROVED: self._await_proved,
            Action.WITHDRAW: self._withdraw,
            Action.FINISH: self._finish,
            Action.FETCH: self._fetch,
            Action.CHECK: self._check,
            Action.INSTALL: self._install,
            Action.FORGET: self._forget,
        }

    @property
    def _order(self) -> KeptOrder:
        assert self._kept is not None, "the table places an order before anything is done with it"
        return self._kept

    def _ask(self) -> Event:
        self._stage.progress.note(_("taking up an order that was not finished"))
        return self._stage.authority.state(self._order.uri)

    def _rehearse(self) -> None:
        self._proofs = self._stage.rehearse()

    def _place(self) -> Event:
        wanted, authority = self._wanted, self._stage.authority
        authority.demand_profile(wanted.profile)
        with self._stage.progress.step(
            _("ordering a certificate for {names}").format(names=listing(wanted.names))
        ):
            uri, event = authority.place(
                wanted.names, profile=wanted.profile, replaces=wanted.replaces
            )
        key = Secret(_pem(_new_key(wanted.key_type)))
        self._kept = KeptOrder(uri=uri, names=wanted.names, key=key)
        self._stage.kept.keep_order(self._kept)
        return event

    def _publish(self) -> None:
        self._open = self._stage.authority.challenges(self._order.uri)
        by_name = {it.name: it for it in self._proofs}
        for asked in self._open:
            proof = by_name[asked.name]
            self._written.append((proof, asked.value))  # also where it fails halfway
            proof.solver.publish(proof.place, asked.value)

    def _await_published(self) -> None:
        with self._stage.progress.step(_("waiting until the zones' own servers tell it")):
            await_seen(self._written, self._stage.progress)

    def _answer(self) -> None:
        self._stage.authority.answer(self._open)

    def _await_proved(self) -> Event:
        with self._stage.progress.step(_("waiting until the authority has seen it")):
            return self._stage.authority.proved(self._order.uri)

    def _withdraw(self) -> None:
        withdraw(self._written)
        self._written = []

    def _finish(self) -> Event:
        with self._stage.progress.step(_("waiting until the authority has issued it")):
            key = _key(self._order.key)
            return self._stage.authority.finish(self._order.uri, self._wanted.names, key)

    def _fetch(self) -> None:
        preferred = self._wanted.preferred_chain
        self._chain = self._stage.authority.fetch(self._order.uri, preferred=preferred)

    def _check(self) -> None:
        self._stage.check(self._chain, _key(self._order.key))

    def _install(self) -> None:
        self._stage.install(self._chain, _key(self._order.key))

    def _forget(self) -> None:
        self._kept = None
        self._stage.kept.forget_order()

    def _unfinished(self, event: Event) -> Trouble:
        url = self._stage.authority.url
        why = _("it takes too long") if event is Event.DEADLINE else _("it gave the order up")
        return Trouble(
            _("cannot {act}: {url}: {why}").format(act=ACT, url=url, why=why),
            _("it is tried again by itself; or now: greygate cert issue"),
        )


def _new_key(kind: KeyType) -> Key:
    if kind is KeyType.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def _key(secret: Secret) -> Key:
    key = serialization.load_pem_private_key(secret.reveal().encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey), "we make no others"
    return key
