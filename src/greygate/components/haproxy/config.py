"""HAProxy's configuration: who may connect, what may be asked, and who answers it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from greygate.components.component import File
from greygate.components.haproxy import ingress, join, well_known
from greygate.components.haproxy.errors import (
    CORS,
    WAIT,
    answer,
    error_rules,
    refusal_rules,
    refusal_texts,
)
from greygate.components.haproxy.words import bind, host, quoted
from greygate.components.template import fill, packaged_text
from greygate.plan.plan import Plan
from greygate.plan.policy import ODD
from greygate.site.model import Site, Source
from greygate.spec.well_known import CLIENT_PATH, SUPPORT_PATH

PACKAGE = "greygate.components.haproxy"
CONFIG = PurePosixPath("haproxy/haproxy.cfg")
KNOWN_SCRIPT = PurePosixPath("haproxy/known.lua")
TOKEN_SCRIPT = PurePosixPath("haproxy/token.lua")
REFUSE_SCRIPT = PurePosixPath("haproxy/refuse.lua")
PACE_SCRIPT = PurePosixPath("haproxy/pace.lua")

CONNECTIONS = 1000  # of people: several hundred, and at most some 60 MB of buffers
STREAMS = 32  # requests of one h2 connection
NEW_CONNECTIONS = 600  # of one source in 10 s: each costs about 1 ms of a core
REQUESTS = 2000  # of one source in 10 s: a first sync with all its thumbnails is some hundreds
FLOOD = 10_000  # requests in 10 s after which nothing is answered any more

# Connections of one source at once, and its requests.
AT_ONCE = 50  # of a stranger; a connection too many is told so, and half as many more are reset
UNDER_WAY = 20  # requests of a stranger: each has a buffer until its body is there
MANY = 300  # of a source that is known: a village behind one node
MOST = 400  # of the machines behind it that are known themselves

# All strangers together: at least half of everything is left to those who are known.
STRANGERS = 300  # connections
STRANGER_NEW = 300  # connections of one in 10 s: half of what all strangers have together
STRANGER_REQUESTS = 1000  # of one in 10 s: likewise
STRANGERS_AT_SYNAPSE = 6  # requests, each a few ms of its one thread
STRANGER_LOGINS = 6  # in 10 s, one at a time: each costs a quarter of a second of a core
REGISTRATIONS = 6  # and what else comes without a token, in 10 s of one source that is known
GUESSES = 8  # wrong ones of one source in 10 min, and one more; fewer than lock an account
SERVERS_AT_SYNAPSE = 16  # requests of servers that are on the overlay themselves
SERVER_BODY = 4_000_000  # octets: a transaction of fifty events
UPLOADS = 16  # at once: Synapse keeps each on disk until it has it all
UPLOADS_OF_ONE = 6  # machine: a browser's worth
HELD = 16_000  # octets of a body that HAProxy takes before anybody else does: half of its buffer
HEAD = 12_000  # octets of target and header of what has a body; with HELD it fits the buffer
BODY = 16_000_000  # octets of a request that uploads nothing
UPLOAD = 100 * 1024 * 1024  # octets; Synapse's max_upload_size is the same

# Mozilla's "intermediate" choice without DHE, which would need parameters: forward secrecy, AEAD.
CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

# Never /_synapse/admin, /_synapse/metrics, /_matrix/static, /health: those are for this machine.
PEOPLE_NEED = ("/_matrix/client/", "/_matrix/media/", "/_synapse/client/")


# A node's address, below 200::/8, and what it hands on, below 300::/8, are one source.
SOURCE = "ipmask(32,feff:ffff:ffff:ffff::)"

# Dots that lead up, and behind them a name of the roots: no id is like that. Synapse follows none.
WAY_OUT = r"(\.|%2e){2}(;|/|\\|%2f|%5c).*(_|%5f)(synapse|matrix)"

# What Synapse answers with 200 to nobody who has no valid token. Others, as /versions, it does.
PROOF = (
    "^/_matrix/client/[^/]+/("
    "sync|account/whoami|keys/(upload|query|claim|changes)|devices|joined_rooms|createRoom"
    "|pushrules/|user/|sendToDevice/|org[.]matrix[.](simplified_)?msc3575/sync"
    "|rooms/[^/]+/(send|state|messages|members|joined_members|event|context|receipt|typing)"
    ")(/|$)"
)


def config(site: Site, plan: Plan, title: str) -> str:
    return fill(
        PACKAGE,
        "haproxy.cfg.tmpl",
        heading=title,
        connections=str(CONNECTIONS + ingress.connections(plan)),
        people=str(CONNECTIONS),
        streams=str(STREAMS),
        body=str(BODY),
        ciphers=CIPHERS,
        suites=SUITES,
        errors="\n".join(error_rules()),
        binds="\n".join(_binds(plan)),
        edges=_edges(plan),
        malformed=_malformed(),
        **_limits(),
        new=str(NEW_CONNECTIONS),
        requests=str(REQUESTS),
        names=" ".join(name.lower() for name in plan.certificate.names),
        addresses=" ".join(map(host, plan.addresses)),
        cors="\n".join(_cors_rules()),
        source=SOURCE,
        proof=PROOF,
        password="".join(map(_in_json, "m.login.password")),
        unsized=answer(411),
        refusals="\n".join(refusal_rules()),
        answer_texts="\n".join(f"    setenv {it}" for it in refusal_texts()),
        wait=str(WAIT),
        too_many_guesses=answer(429, wait=60),
        answers="\n".join((*_well_known_rules(), *_join_rules(site, plan))),
        prefixes=" ".join(PEOPLE_NEED),
        federation="".join(f"{line}\n" for line in _federation(site, plan)),
        socket=quoted(f"unix@{plan.paths.client_socket}"),
        client_path=quoted(plan.paths.client_socket),
        admin=quoted(f"unix@{plan.paths.haproxy_admin_socket}"),
        admin_path=quoted(plan.paths.haproxy_admin_socket),
        saved=quoted(plan.paths.haproxy / "known"),
        known_script=str(KNOWN_SCRIPT),
        token_script=str(TOKEN_SCRIPT),
        refuse_script=str(REFUSE_SCRIPT),
        pace_script=str(PACE_SCRIPT),
        ingress=ingress.section(site, plan, _malformed(strict=True)),
    )


def files() -> tuple[File, ...]:
    """What runs inside HAProxy."""
    return tuple(
        File(path, packaged_text(PACKAGE, path.name))
        for path in (KNOWN_SCRIPT, TOKEN_SCRIPT, REFUSE_SCRIPT, PACE_SCRIPT)
    )


def _limits() -> dict[str, str]:
    return {
        "flood": str(FLOOD),
        "at_once": str(AT_ONCE),
        "under_way": str(UNDER_WAY),
        "stranger_new": str(STRANGER_NEW),
        "stranger_requests": str(STRANGER_REQUESTS),
        "server_body": str(SERVER_BODY),
        "at_once_to_reset": str(AT_ONCE * 3 // 2),
        "many": str(MANY),
        "most": str(MOST),
        "strangers": str(STRANGERS),
        "strangers_at_synapse": str(STRANGERS_AT_SYNAPSE),
        "stranger_logins": str(STRANGER_LOGINS),
        "registrations": str(REGISTRATIONS),
        "guesses": str(GUESSES),
        "servers_at_synapse": str(SERVERS_AT_SYNAPSE),
        "uploads": str(UPLOADS),
        "uploads_of_one": str(UPLOADS_OF_ONE),
        "held": str(HELD),
        "head": str(HEAD),
    }


def _malformed(*, strict: bool = False) -> str:
    """Targets that lead nowhere; `strict`: what some program could read as another one, too.

    What people need begins with a prefix that is matched as it came, and Synapse has one resource
    below each, which it finds before it decodes anything: whatever else is in the path is an id.
    """
    odd = f"    acl odd url_sub '#' '\\'\n    acl odd path -m reg -i '{ODD}'\n"
    way_out = f"    acl odd path -m reg -i '{WAY_OUT}'\n"
    blanks = {
        "odd": odd if strict else way_out,
        "no_such": "deny deny_status 404" if strict else "set-var(txn.refusal) int(404)",
        "too_large": "deny deny_status 413" if strict else "set-var(txn.refusal) int(413)",
        "upload": str(UPLOAD),
    }
    return fill(PACKAGE, "odd.cfg.tmpl", **blanks).rstrip("\n")


def _in_json(letter: str) -> str:
    """A letter as JSON may spell it, as a pattern."""
    return rf"(?:{re.escape(letter)}|\\u00(?i:{ord(letter):x}))"


def _edges(plan: Plan) -> str:
    """An edge is let in at the ingress only: here it would be a person."""
    if not plan.edges:
        return ""
    return f"    tcp-request connection reject if {{ src {ingress.from_edges(plan)} }}\n"


def _federation(site: Site, plan: Plan) -> list[str]:
    """Servers that are on the overlay themselves ask here, and for no more than at the ingress."""
    if not site.federation:
        return []
    return [*ingress.fits(site, plan), "    acl needed var(txn.fits) -m bool"]


def _binds(plan: Plan) -> list[str]:
    """`transparent`, so that HAProxy starts before the overlay has brought the address."""
    rest = f"transparent ssl crt {quoted(plan.paths.certificate)} alpn h2,http/1.1"
    return [
        f"    bind {bind(address, listener.port)} {rest}"
        for listener in plan.listeners
        for address in plan.addresses
    ]


def _well_known_rules() -> list[str]:
    """By address where the app came by address: there the name may resolve nowhere."""
    return [
        f"    http-request return status 200 content-type application/json file {file} "
        f"if reads {{ path {path} }}{also}"
        for file, path, also in (
            (well_known.CLIENT_BY_ADDRESS, CLIENT_PATH, " by_address"),
            (well_known.CLIENT, CLIENT_PATH, ""),
            (well_known.SUPPORT, SUPPORT_PATH, ""),
        )
    ]


def _join_rules(site: Site, plan: Plan) -> list[str]:
    page = _headers(join.HEADERS)
    return [
        "    acl russian req.fhdr(accept-language),language(ru;en,en) -m str ru",
        *(
            f"    http-request return status 200 content-type 'text/html; charset=utf-8' {page} "
            f"file {join.path(language, by_address=bool(address))} "
            f"if reads {{ path {join.TARGET} }}{also}{address}"
            for language, also in (("ru", " russian"), ("en", ""))
            for address in (" by_address", "")
        ),
        f"    http-request redirect location {join.TARGET} code 302 if reads {{ path / }}",
        *_authority_rules(site, plan),
    ]


def _authority_rules(site: Site, plan: Plan) -> list[str]:
    """Our own authority, to be trusted by hand; where another vouches for us there is none."""
    if site.certificates.source is not Source.OWN:
        return []
    kind = 'content-type application/x-x509-ca-cert hdr Content-Disposition "attachment"'
    return [
        f"    http-request return status 200 {kind} file {quoted(plan.paths.ca)} "
        f"if reads {{ path {join.CERTIFICATE} }}"
    ]


def _cors_rules() -> list[str]:
    """The header that tells whether they are there is set last."""
    return [
        f"    http-after-response set-header {name} {quoted(value)} if !said"
        for name, value in reversed(CORS)
    ]


def _headers(headers: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"hdr {name} {quoted(value)}" for name, value in headers)
