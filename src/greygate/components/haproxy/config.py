"""HAProxy's configuration: who may connect, what may be asked, and who answers it."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.components.haproxy import ingress, join, well_known
from greygate.components.haproxy.errors import CORS, answer, error_rules
from greygate.components.haproxy.words import bind, host, quoted
from greygate.components.template import fill
from greygate.plan.plan import Plan
from greygate.plan.policy import ODD
from greygate.site.model import Site, Source
from greygate.spec.well_known import CLIENT_PATH, SUPPORT_PATH

CONFIG = PurePosixPath("haproxy/haproxy.cfg")

CONNECTIONS = 1000  # in all: hundreds of people, and at most some 60 MB of buffers
STREAMS = 32  # requests of one h2 connection
AT_ONCE = 100  # connections of one source, and its requests: a household of browsers, six each
NEW_CONNECTIONS = 600  # of one source in 10 s: each costs about 1 ms of a core
REQUESTS = 2000  # of one source in 10 s: a first sync with all its thumbnails is some hundreds
BODY = 16_000_000  # octets of a request that uploads nothing; of the other servers' too
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


def config(site: Site, plan: Plan, title: str) -> str:
    odd = fill("greygate.components.haproxy", "odd.cfg.tmpl", odd=ODD, upload=str(UPLOAD))
    odd = odd.rstrip("\n")
    return fill(
        "greygate.components.haproxy",
        "haproxy.cfg.tmpl",
        heading=title,
        connections=str(CONNECTIONS),
        people=str(CONNECTIONS - ingress.CONNECTIONS if plan.edges else CONNECTIONS),
        streams=str(STREAMS),
        body=str(BODY),
        ciphers=CIPHERS,
        suites=SUITES,
        errors="\n".join(error_rules()),
        binds="\n".join(_binds(plan)),
        edges=_edges(plan),
        odd=odd,
        at_once=str(AT_ONCE),
        new=str(NEW_CONNECTIONS),
        requests=str(REQUESTS),
        names=" ".join(name.lower() for name in plan.certificate.names),
        addresses=" ".join(map(host, plan.addresses)),
        cors="\n".join(_cors_rules()),
        unsized=answer(411),
        answers="\n".join((*_well_known_rules(), *_join_rules(site, plan))),
        prefixes=" ".join(PEOPLE_NEED),
        federation="".join(f"{line}\n" for line in _federation(site, plan)),
        socket=quoted(f"unix@{plan.paths.client_socket}"),
        admin=quoted(f"unix@{plan.paths.haproxy_admin_socket}"),
        ingress=ingress.section(site, plan, odd, body=BODY),
    )


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
