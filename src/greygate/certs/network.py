"""HTTPS to a certificate authority: signed, trusted by this machine's store, nonces forgiven."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from acme import client, messages
from josepy.errors import DeserializationError
from josepy.jwa import ES256
from josepy.jwk import JWK

import greygate
from greygate.certs.refusal import action_required, refusal
from greygate.spec.moments import http_date

PATIENCE = 30  # seconds for one request
NONCES = 24  # tries; an authority may refuse a good nonce at any time (RFC 8555, 6.5)


class Network(client.ClientNetwork):
    """acme's own, which tries a nonce twice, and passes over Retry-After where it is refused."""

    def __init__(self, key: JWK | None) -> None:
        super().__init__(
            key,
            alg=ES256,
            user_agent=f"greygate/{greygate.__version__}",
            timeout=PATIENCE,
        )
        # requests would trust certifi's list, not what the operator has this machine trust.
        self.verify_ssl = cast(bool, _store())
        self.clock_ahead: timedelta | None = None  # our clock, of the authority's

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        for _attempt in range(NONCES - 1):
            try:
                return self._post_once(*args, **kwargs)
            except messages.Error as refused:
                if refused.code != "badNonce":
                    raise
        return self._post_once(*args, **kwargs)

    def _send_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        response = super()._send_request(method, url, *args, **kwargs)
        self.clock_ahead = _clock_ahead(response.headers.get("Date"))
        if response.status_code in (requests.codes.too_many, requests.codes.unavailable):
            _demand_not_limited(response)
        if response.status_code == requests.codes.forbidden:
            _demand_no_action(response)
        if response.status_code == requests.codes.conflict and (problem := _problem(response)):
            raise problem  # acme itself would keep the address alone, and drop what was said
        return response


def _clock_ahead(date: str | None) -> timedelta | None:
    """By the header that RFC 9110, 6.6.1 asks of every server with a clock."""
    theirs = http_date(date or "")
    return None if theirs is None else datetime.now(UTC) - theirs


def _demand_not_limited(response: requests.Response) -> None:
    """Raise what an authority says that is asked too often, while its header is at hand."""
    header = response.headers.get("Retry-After")
    words = response.reason or str(response.status_code)
    problem = _problem(response) or messages.Error.with_code("rateLimited", detail=words)
    if header is not None or problem.code == "rateLimited":
        host = urlsplit(response.url).netloc
        raise refusal(_ASKED, host, problem, retry_after=header)


def _demand_no_action(response: requests.Response) -> None:
    """Raise what is wanted of the operator, while the address is at hand: acme drops it."""
    problem = _problem(response)
    if problem is not None and str(problem.typ).endswith(":userActionRequired"):
        address = response.json().get("instance")
        host = urlsplit(response.url).netloc
        raise action_required(host, problem.detail, address and str(address))


def _problem(response: requests.Response) -> messages.Error | None:
    """What it says is wrong (RFC 8555, 6.7); None where it does not say it so."""
    try:
        told = response.json()
        problem: messages.Error = messages.Error.from_json(told)
    except (ValueError, TypeError, AttributeError, DeserializationError):
        return None
    return problem if isinstance(told, dict) else None


_ASKED = "ask the authority"


def _store() -> str | bool:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True
