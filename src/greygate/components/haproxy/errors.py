"""What HAProxy answers by itself when it refuses or cannot: Matrix errors, open to web apps."""

from __future__ import annotations

import json

WAIT = 5  # seconds until an app should ask again; Synapse starts in less

# Client-server API, "Web Browser Clients", and what Synapse allows besides.
CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "X-Requested-With, Content-Type, Authorization, Date, If-Match, If-None-Match",
    ),
)

_UNRECOGNIZED = ("M_UNRECOGNIZED", "Unrecognized request")  # word for word as Synapse says it
_STARTING = ("M_UNKNOWN", "The server is starting or being restarted")

# What HAProxy cannot parse at all it answers in HTML, whatever is written here (2.6, 3.0).
_ANSWERS = {
    400: ("M_UNKNOWN", "Bad request"),
    401: ("M_MISSING_TOKEN", "Missing access token"),  # as Synapse says it
    403: ("M_FORBIDDEN", "Passwords are checked at /login only"),
    404: _UNRECOGNIZED,
    405: _UNRECOGNIZED,
    408: ("M_UNKNOWN", "The request took too long"),
    411: ("M_UNKNOWN", "Request must specify a Content-Length"),  # as Synapse says it
    413: ("M_TOO_LARGE", "Upload request body is too large"),
    421: _UNRECOGNIZED,
    429: ("M_LIMIT_EXCEEDED", "Too Many Requests"),
    500: ("M_UNKNOWN", "Internal server error"),
    501: _UNRECOGNIZED,
    502: _STARTING,
    503: _STARTING,
    504: ("M_UNKNOWN", "The server did not answer in time"),
}
_COME_BACK = (429, 502, 503, 504)
_REFUSALS = (401, 404, 405, 411, 413, 421, 429, 503)  # by the rules for what people ask


_BY_RULE = (401, 411)  # HAProxy has no answer of its own for them, or another one


def error_rules() -> list[str]:
    """One `http-error` line for each status that HAProxy may answer with by itself."""
    return [
        f"    http-error status {status} {answer(status)}"
        for status in _ANSWERS
        if status not in _BY_RULE
    ]


def refusal_rules() -> list[str]:
    """Whatever status `txn.refusal` is, answered; after the body, where a buffer cannot hold it."""
    return [
        "    http-request use-service lua.refuse if refused large",
        "    http-request return status 401 content-type application/json "
        "lf-string '%[var(txn.verdict)]' if refused { var(txn.verdict) -m found }",
        *(
            f"    http-request return status {status} {answer(status)} "
            f"if {{ var(txn.refusal) -m int {status} }}"
            for status in _REFUSALS
        ),
    ]


def refusal_texts() -> list[str]:
    """The bodies of the same answers, each as a name and a word."""
    return [f"ANSWER_{status} '{_body(status, WAIT)}'" for status in _REFUSALS]


def answer(status: int, *, wait: int = WAIT) -> str:
    """Type, body and headers of HAProxy's answer, as its rules take them."""
    later = f" hdr Retry-After {wait}" if status in _COME_BACK else ""
    return f"content-type application/json string '{_body(status, wait)}'{later}"


def _body(status: int, wait: int) -> str:
    code, text = _ANSWERS[status]
    body: dict[str, str | int] = {"errcode": code, "error": text}
    if code == "M_LIMIT_EXCEEDED":
        body["retry_after_ms"] = wait * 1000
    return json.dumps(body)
