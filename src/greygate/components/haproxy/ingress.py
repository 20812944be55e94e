"""The ingress: what comes from the clearnet through an edge, opened here and judged here."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.components.component import File
from greygate.components.haproxy import well_known
from greygate.components.haproxy.errors import answer
from greygate.components.haproxy.words import bind, quoted
from greygate.components.template import fill
from greygate.plan.plan import Plan
from greygate.plan.policy import Endpoint, policy_for
from greygate.site.model import Site

KNOWN = PurePosixPath("haproxy/ingress/any-method.lst")

CONNECTIONS = 400  # in all, of those that HAProxy may have: people keep the others
UNTOLD = 8000  # octets of a body whose length is not told: half of HAProxy's buffer
SOURCE_CONNECTIONS = 50  # of one remote server through all edges; a busy one keeps some ten
SOURCE_REQUESTS = 1000  # of one remote server in 10 s: joining a large room asks hundreds


def fits(site: Site, plan: Plan) -> list[str]:
    """The rules that set `txn.fits` where method and path are the federation's, none elsewhere."""
    if not site.federation:
        return []
    return [
        "    http-request set-var(txn.fits) bool(true) "
        f"if {{ method {method} }} {{ path -m reg -f {patterns_of(method)} }}"
        for method in policy_for(site).methods
    ]


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    """The patterns, a file for each method."""
    if not site.federation:
        return ()
    policy = policy_for(site)
    return (
        File(KNOWN, _lines(policy.patterns())),
        *(File(patterns_of(it), _lines(policy.patterns(it))) for it in policy.methods),
    )


def section(site: Site, plan: Plan, odd: str, *, body: int) -> str:
    """The ingress; empty where there is no edge. `body`: octets of a request, at the most."""
    if not plan.edges:
        return ""
    return fill(
        "greygate.components.haproxy",
        "ingress.cfg.tmpl",
        binds="\n".join(
            f"    bind {bind(address, plan.ingress_port)} transparent accept-proxy "
            f"ssl strict-sni crt {quoted(plan.paths.certificate)} alpn h2,http/1.1"
            for address in plan.addresses
        ),
        edges=from_edges(plan),
        connections=str(CONNECTIONS),
        at_once=str(SOURCE_CONNECTIONS),
        body=str(body),
        unsized=answer(411),
        untold=str(UNTOLD),
        requests=str(SOURCE_REQUESTS),
        odd=odd,
        names=" ".join(plan.ingress_names),
        stated="\n".join(_stated(it) for it in policy_for(site).stated),
        known=str(KNOWN),
        fits="\n".join(fits(site, plan)),
        socket=quoted(f"unix@{plan.paths.federation_socket}"),
    )


def from_edges(plan: Plan) -> str:
    """Every edge's own overlay address: an edge is whoever has its key, and nobody else."""
    return " ".join(str(link.address) for link in plan.edges)


def patterns_of(method: str) -> PurePosixPath:
    return PurePosixPath(f"haproxy/ingress/{method.lower()}.lst")


def _stated(endpoint: Endpoint) -> str:
    """The one document for apps that look for the server name; a web app may read it, too."""
    cors = f"hdr Access-Control-Allow-Origin {quoted('*')}"
    return "\n".join(
        (
            f"    http-request return status 204 {cors} if METH_OPTIONS {{ path {endpoint.path} }}",
            f"    http-request return status 200 content-type application/json {cors} "
            f"file {well_known.CLIENT} if {{ method GET HEAD }} {{ path {endpoint.path} }}",
        )
    )


def _lines(patterns: tuple[str, ...]) -> str:
    return "".join(f"{pattern}\n" for pattern in patterns)
