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


_BY_RULE = (401, 411)  # HAProxy has no answer of its own for them, or another one


def error_rules() -> list[str]:
    """One `http-error` line for each status that HAProxy may answer with by itself."""
    return [
        f"    http-error status {status} {answer(status)}"
        for status in _ANSWERS
        if status not in _BY_RULE
    ]


def answer(status: int, *, wait: int = WAIT) -> str:
    """Type, body and headers of HAProxy's answer, as its rules take them."""
    code, text = _ANSWERS[status]
    body: dict[str, str | int] = {"errcode": code, "error": text}
    later = ""
    if status in _COME_BACK:
        later = f" hdr Retry-After {wait}"
        body |= {"retry_after_ms": wait * 1000} if code == "M_LIMIT_EXCEEDED" else {}
    return f"content-type application/json string '{json.dumps(body)}'{later}"
