"""What goes wrong between us and a certificate authority, in words: one table for all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from urllib.parse import urlsplit

import requests
from acme import errors, messages
from josepy.errors import DeserializationError

from greygate.errors import Trouble
from greygate.spec.moments import http_date, moment_of, span_of
from greygate.spec.renewal import LONGEST_REFUSAL
from greygate.text import _, visible

_CLOCK = ("not yet valid", "has expired")  # OpenSSL's words for a certificate out of its time
_AGAIN = re.compile(r"retry after ([0-9]{4}-[0-9-]{5})[T ]([0-9:]{8})", re.IGNORECASE)
_DNS = frozenset(("dns", "dnssec", "connection", "unauthorized", "incorrectResponse"))
UNKNOWN_ACCOUNT = "accountDoesNotExist"
# What the libraries raise at a document that is JSON, and has parts missing or of other kinds.
_MISSHAPEN = (DeserializationError, KeyError, TypeError, AttributeError, OverflowError)


class AuthorityRefused(Trouble):
    """The authority said no, by which code, and from when it would hear us again."""

    def __init__(
        self, what: str, hint: str = "", *, code: str = "", not_before: datetime | None = None
    ) -> None:
        super().__init__(what, hint)
        self.code = code
        self.not_before = not_before


@contextmanager
def told(act: str, url: str) -> Iterator[None]:
    """Whatever goes wrong in `act` ("order a certificate"), as Trouble."""
    host = urlsplit(url).netloc
    try:
        yield
    except messages.Error as refused:
        raise refusal(act, host, refused) from refused
    except errors.ValidationError as unproved:
        raise _unproved(act, host, unproved) from unproved
    except errors.IssuanceError as refused:
        raise refusal(act, host, refused.error) from refused
    except requests.exceptions.RequestException as problem:
        raise _unreached(act, host, problem) from problem
    except errors.TimeoutError as slow:
        raise Trouble(
            _("cannot {act}: {host} is not done with it in time").format(act=act, host=host),
            _("it is asked again by itself; or now: greygate cert issue"),
        ) from slow
    except (errors.Error, ValueError, *_MISSHAPEN) as strange:
        raise _no_acme(act, host, strange) from strange


def _unreached(act: str, host: str, problem: requests.exceptions.RequestException) -> Trouble:
    """To requests an answer that is no JSON is trouble with the request, too."""
    match problem:
        case requests.exceptions.SSLError():
            return _distrusted(act, host, str(problem))
        case requests.exceptions.InvalidJSONError() | requests.exceptions.InvalidURL():
            return _no_acme(act, host, problem)
    return Trouble(
        _("cannot {act}: {host} cannot be reached ({why})").format(
            act=act, host=host, why=_reason(problem)
        ),
        _("see whether this machine is online, and whether the authority is up"),
    )


def _no_acme(act: str, host: str, problem: Exception) -> Trouble:
    match problem:
        case requests.exceptions.RequestException():
            why = _("it is not JSON, or an address is none")
        case errors.Error() | ValueError():
            why = str(problem) or type(problem).__name__
        case _:
            why = _("a part of it is missing, or of another kind")
    return Trouble(
        _("cannot {act}: {host} answers what is no ACME ({why})").format(
            act=act, host=host, why=visible(why)[:200]
        ),
        _("see directory under [certificates] in the site file"),
    )


def refusal(
    act: str, host: str, refused: messages.Error, *, retry_after: str | None = None
) -> AuthorityRefused:
    """The authority's own words, and what helps; `retry_after` is the header."""
    code, detail = _code(refused), _words(refused.detail or refused.typ)
    again = _not_before(retry_after, detail) if code == "rateLimited" else None
    below = tuple(refused.subproblems or ())
    parts = [
        f"{_words(it.identifier.value)}: {_words(it.detail)}"
        for it in below
        if it.identifier is not None
    ]
    words = "; ".join((detail, *parts))
    return AuthorityRefused(
        _("cannot {act}: {host} says {code}: {words}").format(
            act=act, host=host, code=code, words=words
        ),
        _limited(again) if code == "rateLimited" else _hint(code, below),
        code=code,
        not_before=again,
    )


def _code(problem: messages.Error) -> str:
    """acme's own `code` knows those of RFC 8555 alone."""
    return _words(problem.typ).removeprefix(messages.ERROR_PREFIX)


def _words(told: object) -> str:
    """A stranger's words, which need not be a text: acme passes on whatever JSON had."""
    return visible(str(told or ""))


def _hint(code: str, below: Sequence[messages.Error]) -> str:
    """What helps; for an answer of several parts, what helps with the first that has a cure."""
    of_parts = (_HINTS[it] for it in map(_code, below) if it in _HINTS and it != "compound")
    return next(of_parts, _HINTS.get(code, _UNKNOWN))


def action_required(host: str, detail: object, address: str | None) -> AuthorityRefused:
    """RFC 8555, 7.3.3: somebody has to agree to something, at an address that it names."""
    hint = _HINTS["userActionRequired"]
    if address is not None:
        hint = _("open {address}, do what it asks, then: greygate cert issue").format(
            address=visible(address)
        )
    return AuthorityRefused(
        _("cannot go on: {host} wants something of you first: {words}").format(
            host=host, words=_words(detail)
        ),
        hint,
        code="userActionRequired",
    )


def account_closed(host: str, uri: str, accounts: PurePath) -> AuthorityRefused:
    """No order of it is ever taken again: waiting does not help, nor does DNS."""
    return AuthorityRefused(
        _("cannot order a certificate: {host} has closed our account {uri}").format(
            host=host, uri=visible(uri)
        ),
        _(
            "if you did not have it closed on purpose, open a new one: mv {accounts} "
            "{accounts}.closed, then greygate cert register, then publish the CAA record that "
            "greygate dns plan prints"
        ).format(accounts=accounts),
        code="accountClosed",
    )


def _limited(again: datetime | None) -> str:
    if again is None:  # as where Let's Encrypt has paused an account, which waiting never ends
        return _(
            "it does not say when to ask again: if its words name a page, open that first, then: "
            "greygate cert issue; else wait, it is tried again by itself"
        )
    return _("it may be asked again at {time:%Y-%m-%d %H:%M} UTC, and will be").format(time=again)


def _not_before(header: str | None, detail: str) -> datetime | None:
    """From the header (RFC 9110, 10.2.3), else from the words, as Let's Encrypt has it."""
    at = None if header is None else _moment(header)
    if at is None and (found := _AGAIN.search(detail)):
        at = moment_of(f"{found[1]}T{found[2]}+00:00")
    return None if at is None else min(at, datetime.now(UTC) + LONGEST_REFUSAL)


def _moment(header: str) -> datetime | None:
    span = span_of(header)
    return http_date(header) if span is None else datetime.now(UTC) + span


def _unproved(act: str, host: str, unproved: errors.ValidationError) -> AuthorityRefused:
    parts, codes = [], set()
    for authorization in unproved.failed_authzrs:
        name = _words(authorization.body.identifier and authorization.body.identifier.value)
        for challenge in authorization.body.challenges or ():
            if challenge.error is not None:
                codes.add(challenge.error.code or "")
                parts.append(f"{name}: {_words(challenge.error.detail)}")
    code = next(iter(sorted(codes & _DNS)), next(iter(sorted(codes)), ""))
    return AuthorityRefused(
        _("cannot {act}: {host} could not see that the names are ours ({parts})").format(
            act=act, host=host, parts="; ".join(parts)
        ),
        _HINTS[code] if code in ("dnssec", "caa", "rejectedIdentifier") else _HINTS["dns"],
        code=code,
    )


def _distrusted(act: str, host: str, words: str) -> Trouble:
    if any(it in words for it in _CLOCK):
        return Trouble(
            _("cannot {act}: the certificate of {host} is out of its time by our clock").format(
                act=act, host=host
            ),
            _("this machine's clock says {now:%Y-%m-%d %H:%M} UTC; set it: timedatectl").format(
                now=datetime.now(UTC)
            ),
        )
    return Trouble(
        _("cannot {act}: {host} shows a certificate that this machine does not trust").format(
            act=act, host=host
        ),
        _("apt-get install ca-certificates; for an authority of your own, put its certificate in")
        + " /usr/local/share/ca-certificates, then: update-ca-certificates",
    )


def _reason(problem: requests.exceptions.RequestException) -> str:
    """The few words at the core of what urllib3 wraps."""
    if isinstance(problem, requests.exceptions.Timeout):
        return _("no answer in time")
    words = str(problem)
    for known in ("Connection refused", "Name or service not known", "Network is unreachable"):
        if known in words:
            return known.lower()
    if "Temporary failure in name resolution" in words or "No address associated" in words:
        return _("its name cannot be looked up")
    return words.rpartition(": ")[2].strip("()'\" ")[:120]


_UNKNOWN = _("see its words; then: greygate cert issue --dry-run, greygate cert issue")
_AGAIN_BY_ITSELF = _("its own trouble: it is tried again by itself")
_OURS = _("a fault of Greygate's: report it, with the line above")
_HINTS = {
    "dns": _("see what it would see: greygate cert issue --dry-run"),
    "dnssec": _("the zone's signatures do not hold: mend DNSSEC at the zone's provider"),
    "connection": _("see what it would see: greygate cert issue --dry-run"),
    # Of an account; where a name was not proved, its own words are judged (_unproved).
    "unauthorized": _("it does not let our account do that: see its words, and greygate cert list"),
    "tls": _("see what it would see: greygate cert issue --dry-run"),
    "unknownHost": _("see what it would see: greygate cert issue --dry-run"),
    "incorrectResponse": _("see what it would see: greygate cert issue --dry-run"),
    "caa": _("CAA records forbid it: greygate dns check"),
    "rejectedIdentifier": _("it makes no certificates for such names: see the names in the plan"),
    "unsupportedIdentifier": _("it makes no certificates for such names: greygate show plan"),
    "compound": _("see its words for each name; then: greygate cert issue --dry-run"),
    "userActionRequired": _("open the page that its words name, then: greygate cert issue"),
    "unsupportedContact": _("see email under [certificates] in the site file"),
    "invalidEmail": _("see email under [certificates] in the site file"),
    "invalidContact": _("see email under [certificates] in the site file"),
    "invalidProfile": _("see profile under [certificates]; without it the usual one is taken"),
    "externalAccountRequired": _("take an authority that needs no account made beforehand"),
    "serverInternal": _AGAIN_BY_ITSELF,
    "badNonce": _AGAIN_BY_ITSELF,
    "orderNotReady": _AGAIN_BY_ITSELF,
    "alreadyReplaced": _AGAIN_BY_ITSELF,
    "alreadyRevoked": _("nothing is left to do: it is revoked"),
    "badRevocationReason": _("take another: greygate cert revoke --help"),
    "badCSR": _("see key_type under [certificates]: the authority may not take such keys"),
    "badPublicKey": _("see key_type under [certificates]: the authority may not take such keys"),
    "badSignatureAlgorithm": _OURS,
    "malformed": _OURS,
    UNKNOWN_ACCOUNT: _("greygate cert issue opens another account"),
}
