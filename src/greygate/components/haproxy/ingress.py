"""The ingress: what comes from the clearnet through an edge, opened here and judged here."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.components.component import File
from greygate.components.haproxy import well_known
from greygate.components.haproxy.errors import answer
from greygate.components.haproxy.words import bind, quoted
from greygate.components.template import fill
from greygate.plan.edges import KNOWN_PORT, KNOWN_TABLE, EdgeLink
from greygate.plan.plan import Plan
from greygate.plan.policy import Endpoint, policy_for
from greygate.site.model import Site

ALL_PATHS = PurePosixPath("haproxy/ingress/any-method.lst")
UNSIGNED_PATHS = PurePosixPath("haproxy/ingress/unsigned.lst")

CONNECTIONS = 400  # of each edge; it lets strangers have fewer, so that who is known has room
# Of one edge in a second, about 1 ms of a core each. An honest one sends fewer of strangers and of
# the known servers of one network.
HANDSHAKES = 200
SOURCE_CONNECTIONS = 50  # of one remote server through all edges; a busy one keeps some ten
SOURCE_REQUESTS = 1000  # of one remote server in 10 s: joining a large room asks hundreds
KNOWN_AT_ONCE = 150  # of all known servers in one network: three quarters of what Synapse has
KNOWN_REQUESTS = 1500  # of them in 10 s; one alone has fewer, here and above
HEAD = 7000  # octets of target and header of what has a body; with SMALL it fits HAProxy's buffer

# A transaction has 50 PDUs of 65,536 octets and 100 EDUs at the most, and no server makes larger
# EDUs than that; whoever is not known yet may send all of the PDUs. Everything else is one event
# with some state beside it, or a list of users of ours.
TRANSACTION = "/_matrix/federation/v1/send/"
KNOWN_BODY = 10_000_000
STRANGER_BODY = 4_000_000
EVENT_BODY = 1_000_000

# Bodies by what they cost. Of what is small HAProxy has all before Synapse hears of it. JSON of
# nothing but braces takes Synapse 18 times its length, and of 4 MB a third of a second.
SMALL = 16_000  # half of HAProxy's buffer
HUGE = 250_000
HUGE_AT_ONCE = 2  # of one known server, or of one network of strangers
HUGE_IN_NETWORK = 3  # at once, of all known servers in one: half of what Synapse has at a time
HUGE_IN_A_MINUTE = 3  # of one network of strangers
LARGE_AT_ONCE = 4
LARGE_REQUESTS = 20  # in 10 s

# Requests that Synapse has at a time: who is known never waits behind strangers.
BACKENDS = {
    "federation": 200,
    "federation_strangers": 100,
    "federation_huge": 6,
    "federation_huge_strangers": 4,
}

UNSIGNED = (  # word for word as Synapse says it
    "content-type application/json string "
    '\'{"errcode": "M_UNAUTHORIZED", "error": "Missing Authorization headers"}\''
)


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
        File(ALL_PATHS, _lines(policy.patterns())),
        File(UNSIGNED_PATHS, _lines(policy.unsigned_patterns())),
        *(File(patterns_of(it), _lines(policy.patterns(it))) for it in policy.methods),
    )


def section(site: Site, plan: Plan, odd: str) -> str:
    """The ingress; empty where there is no edge."""
    if not plan.edges:
        return ""
    return fill(
        "greygate.components.haproxy",
        "ingress.cfg.tmpl",
        me=f"home-{plan.addresses[0]}",
        peers="\n\n".join(_peers(plan, place) for place in range(len(plan.edges))),
        binds="\n".join(
            f"    bind {bind(address, plan.ingress_port)} transparent accept-proxy "
            f"ssl strict-sni crt {quoted(plan.paths.certificate)} alpn h2,http/1.1"
            for address in plan.addresses
        ),
        edges=from_edges(plan),
        former="".join(_barred(it) for it in plan.former),
        known="\n".join(
            f"    acl known src,ipmask(32,64),in_table({table})" for table in _tables(plan)
        ),
        odd=odd,
        names=" ".join(plan.ingress_names),
        stated="\n".join(_stated(it) for it in policy_for(site).stated),
        all_paths=str(ALL_PATHS),
        unsigned_paths=str(UNSIGNED_PATHS),
        unsigned=UNSIGNED,
        unsized=answer(411),
        fits="\n".join(fits(site, plan)),
        backends="\n\n".join(_backend(plan, name, most) for name, most in BACKENDS.items()),
        connections=str(connections(plan)),
        **_limits(),
    )


def connections(plan: Plan) -> int:
    """Each edge lets in a whole network by its own count: what one brings fills not two."""
    return CONNECTIONS * len(plan.edges)


def _limits() -> dict[str, str]:
    return {
        "handshakes": str(HANDSHAKES),
        "at_once": str(SOURCE_CONNECTIONS),
        "requests": str(SOURCE_REQUESTS),
        "known_at_once": str(KNOWN_AT_ONCE),
        "known_requests": str(KNOWN_REQUESTS),
        "head": str(HEAD),
        "transaction": TRANSACTION,
        "known_body": str(KNOWN_BODY),
        "stranger_body": str(STRANGER_BODY),
        "event_body": str(EVENT_BODY),
        "small": str(SMALL),
        "huge": str(HUGE),
        "huge_at_once": str(HUGE_AT_ONCE),
        "huge_in_network": str(HUGE_IN_NETWORK),
        "huge_in_a_minute": str(HUGE_IN_A_MINUTE),
        "large_at_once": str(LARGE_AT_ONCE),
        "large_requests": str(LARGE_REQUESTS),
    }


def _peers(plan: Plan, place: int) -> str:
    """What home and that edge tell each other of who is known; the socket is for a reload."""
    link = plan.edges[place]
    ours = plan.paths.haproxy_admin_socket.parent / f"peers{place + 1}.sock"
    return "\n".join(
        (
            f"peers {_section(link)}",
            f"    bind {quoted(f'unix@{ours}')} mode 600",
            f"    server home-{plan.addresses[0]}",
            f"    server edge-{link.address} {bind(link.address, KNOWN_PORT)}",
            f"    table known_servers {KNOWN_TABLE}",
        )
    )


def _backend(plan: Plan, name: str, most: int) -> str:
    """One way to Synapse. Who signed what Synapse answers with 2xx is known from then on."""
    socket = quoted(f"unix@{plan.paths.federation_socket}")
    return "\n".join(
        (
            f"backend {name}",
            *(("    timeout queue 30s",) if "huge" in name else ()),
            *(
                f"    stick store-response src,ipmask(32,64) table {table} "
                "if { var(txn.signed) -m bool } { status 200:299 }"
                for table in _tables(plan)
            ),
            f"    server synapse {socket} maxconn {most}",
        )
    )


def _tables(plan: Plan) -> list[str]:
    return [f"{_section(link)}/known_servers" for link in plan.edges]


def _section(link: EdgeLink) -> str:
    """By its key: who has another key begins with nothing that the former host has taught."""
    return f"known_{link.edge.id}_{link.address.packed[-4:].hex()}"


def from_edges(plan: Plan) -> str:
    """Every edge's own overlay address: an edge is whoever has its key, and nobody else."""
    return " ".join(str(link.address) for link in plan.followed)


def _barred(link: EdgeLink) -> str:
    """A host that its edge has left is barred at its moment by HAProxy itself: nobody must come."""
    late = f"{{ src {link.address} }} {{ date ge {link.until} }}"
    return f"\n    tcp-request connection reject if {late}"


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
