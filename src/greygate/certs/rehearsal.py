"""Before every order: can a value be written where each name leads, and be seen from outside?

An authority counts failed orders, and says little of why. So the same is done here first, with a
value that means nothing: written, seen at the zones' own servers and at resolvers, withdrawn.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from secrets import token_bytes

from greygate.certs.proof import Proof, ask
from greygate.errors import Trouble
from greygate.probe.authority import Servers
from greygate.probe.dns import Resolver
from greygate.progress import Progress
from greygate.site.model import Challenge
from greygate.spec.dns import TextAnswer, Texts, Unanswered
from greygate.text import _

PAUSE = 0.5  # seconds between looks, growing
LONGEST_PAUSE = 5.0

Value = tuple[Proof, str]


def rehearse(proofs: Sequence[Proof], resolvers: Servers, progress: Progress) -> None:
    """Trouble where a value does not come through, with what is missing on its way."""
    probes = tuple((it, _probe()) for it in _unattended(proofs))
    if not probes:
        return  # nobody is asked to type a value that means nothing
    with progress.step(_("rehearsing: can the authority see what we write?")), written(probes):
        await_seen(probes, progress)
        _look_from_outside(probes, resolvers, progress)


@contextmanager
def written(values: Sequence[Value]) -> Iterator[None]:
    """The values are published, and withdrawn whatever happens meanwhile."""
    done: list[Value] = []
    try:
        for proof, value in values:
            done.append((proof, value))  # also where it fails halfway
            proof.solver.publish(proof.place, value)
        yield
    finally:
        withdraw(done)


def withdraw(values: Sequence[Value]) -> None:
    """Take away what was written; what cannot be taken away harms nobody."""
    for proof, value in values:
        try:
            proof.solver.withdraw(proof.place, value)
        except Trouble:
            continue


def await_seen(
    values: Sequence[Value], progress: Progress, *, clock: Callable[[], float] = time.monotonic
) -> None:
    """Return once the zones' own servers tell every value; Trouble where they take too long."""
    began, pause, waiting = clock(), PAUSE, list(values)
    while True:
        waiting = [it for it in waiting if not _seen(*it)]
        if not waiting:
            return
        late = [it for it in waiting if clock() - began > it[0].solver.patience]
        if late:
            raise _unseen(*late[0])
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _seen(proof: Proof, value: str) -> bool:
    """Whoever answers must tell it, and somebody must answer."""
    answers = ask(proof.servers, lambda it: it.texts(proof.place, "TXT"))
    told = [it for it in answers if not isinstance(it, Unanswered)]
    return bool(told) and all(_tells(it, value) for it in told)


def _tells(answer: TextAnswer, value: str) -> bool:
    return isinstance(answer, Texts) and f'"{value}"' in answer.values


def _unseen(proof: Proof, value: str) -> Trouble:
    words = []
    answers = ask(proof.servers, lambda it: it.texts(proof.place, "TXT"))
    for (name, _resolver), answer in zip(proof.servers, answers, strict=True):
        match answer:
            case Unanswered() as untold:
                words.append(f"{name}: {untold}")
            case _ if not _tells(answer, value):
                words.append(_("{server} does not tell it").format(server=name))
    return Trouble(
        _("cannot order a certificate: the value written at {place} is not seen ({words})").format(
            place=proof.place, words="; ".join(words)
        ),
        _("see that the solver writes to the servers that the zone {zone} names").format(
            zone=proof.zone.name
        ),
    )


def _look_from_outside(probes: Sequence[Value], resolvers: Servers, progress: Progress) -> None:
    """What resolvers make of it: an error is a broken way, an old answer is only old. All are asked
    side by side, as some networks let no question through to others than their own."""
    asked = [(it, resolver) for it in probes for resolver in resolvers]
    pool = ThreadPoolExecutor(max_workers=max(1, len(asked)))
    try:
        answers = list(pool.map(_outside, asked))
    finally:
        pool.shutdown(wait=False)
    broken = [
        (proof, server, answer)
        for ((proof, _value), (server, _resolver)), answer in zip(asked, answers, strict=True)
        if isinstance(answer, Unanswered) and answer.failure.was_answered
    ]
    if broken and not any(isinstance(it, Texts) for it in answers):
        proof, server, answer = broken[0]
        raise Trouble(
            _("cannot order a certificate: from outside {name} cannot be looked up").format(
                name=proof.challenge
            )
            + f" ({server}: {answer})",
            _("its zone's own servers tell it; see that the zone above names them, and DNSSEC"),
        )
    if not any(isinstance(it, Texts) for it in answers):
        progress.note(_("no resolver could be asked whether it is seen from outside; going on"))


def _outside(asked: tuple[Value, tuple[str, Resolver]]) -> TextAnswer:
    (proof, _value), (_name, resolver) = asked
    return resolver.texts(proof.challenge, "TXT")


def _unattended(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """One for each place: two names may lead to one."""
    found = {it.place: it for it in proofs if it.zone.challenge is not Challenge.MANUAL}
    return tuple(found.values())


def _probe() -> str:
    """As long as a real one: acme-dns takes no other."""
    return urlsafe_b64encode(token_bytes(32)).decode("ascii").rstrip("=")
