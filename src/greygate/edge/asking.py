"""Questions of DNS, TCP and TLS, asked from where this edge stands."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from greygate.plan.questions import AskDns, AskTcp, AskTls, Question
from greygate.spec.dns import Absent, Texts, Unanswered

PATIENCE = 8.0  # seconds


def asked(question: Question) -> dict[str, Any]:
    """What came back: `ok`, and what was seen or what stood in the way."""
    match question:
        case AskDns():
            return _dns(question)
        case AskTcp(host, port):
            return _connected(host, port, name=None)
        case AskTls(host, port, name):
            return _connected(host, port, name=name)


def _dns(question: AskDns) -> dict[str, Any]:
    from greygate.probe.dns import Resolver  # slow to import, and seldom asked for

    match Resolver(patience=PATIENCE).texts(question.name, question.type):
        case Texts(values, aliases):
            return {"ok": True, "values": list(values), "aliases": list(aliases)}
        case Absent(how):
            return {"ok": True, "values": [], "absent": how.value}
        case Unanswered() as untold:
            return {"ok": False, "why": str(untold)}


def _connected(host: str, port: int, *, name: str | None) -> dict[str, Any]:
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as plain:
            seen = {
                "address": plain.getpeername()[0],
                "milliseconds": round((time.monotonic() - began) * 1000),
            }
            return {"ok": True, **seen} if name is None else {**seen, **_shown(plain, name)}
    except OSError as problem:
        return {"ok": False, "why": problem.strerror or str(problem)}


def _shown(plain: socket.socket, name: str) -> dict[str, Any]:
    """The certificate that is shown for the name, judged by this machine's store."""
    try:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=name) as opened:
            told: dict[str, Any] = dict(opened.getpeercert() or {})
            names = [value for kind, value in told.get("subjectAltName", ()) if kind == "DNS"]
            ends, version = told.get("notAfter"), opened.version()
            return {"ok": True, "tls": version, "names": names, "ends": ends}
    except ssl.SSLCertVerificationError as problem:
        return {"ok": False, "why": f"the certificate is not trusted: {problem.verify_message}"}
    except OSError as problem:
        return {"ok": False, "why": f"no TLS: {problem.strerror or problem}"}
