"""An edge: takes TLS from strangers by its SNI, and passes it home unopened over the overlay."""

from __future__ import annotations

import json
from ipaddress import IPv6Address
from pathlib import PurePosixPath
from signal import SIGUSR2

from greygate import __version__
from greygate.components.component import (
    LAST,
    MIB,
    Addressed,
    Component,
    File,
    Listening,
    MemoryNeed,
    Service,
    Unit,
)
from greygate.components.edge.agent import ACCOUNT, AGENT
from greygate.components.edge.name_server import NAME_SERVER
from greygate.components.firewall.guard import RULES, guard_file, guarded
from greygate.components.template import fill
from greygate.plan.edge import EdgePlan
from greygate.plan.edges import AGENT_PORT, KNOWN_PORT, KNOWN_TABLE, PEERING_PORT, peer_name
from greygate.plan.plan import LOOPBACK
from greygate.plan.token import Tenant, Token

HAPROXY_CONFIG = PurePosixPath("haproxy/haproxy.cfg")
NODE_CONFIG = PurePosixPath("yggdrasil/yggdrasil.conf")

CONNECTIONS = 4000  # in all: some 40 MB of buffers, and more than one home line bears
AT_ONCE = 60  # connections of one source; home itself allows a remote server fewer
AT_ONCE_56 = 80  # of the strangers in a /56, or among 256 IPv4 addresses
AT_ONCE_48 = 120  # of the strangers in a /48, and as many of those there who are known
NEW_CONNECTIONS = 200  # of one source in 10 s
NEW_CONNECTIONS_48 = 30  # of the strangers in a /48 in a second: half of what all may have
NEW_KNOWN = 50  # of one source that is known in a second: all that it may have at home at once
NEW_KNOWN_48 = 80  # of all known ones in a /48 in a second; home bears these and STRANGERS_NEW
STRANGERS = 3000  # connections in all after which nobody unknown is let in
STRANGERS_AT_HOME = 150  # it takes 400 in all
STRANGERS_NEW = 60  # handed on in a second: home ends what is above 200 of one edge
PULSE = "15s"  # as often as the keeper at home sends something
DISCARD = 9  # nobody listens there
# 4000 connections have 130 MB of buffers (twice 16 kB each), and an old worker stays after a reload
# for as long as the peering in it lasts: half of a small host, of 512 MB or of 1 GB.
PROXY_MEMORY = MemoryNeed(least=256 * MIB, share=0.5, most=512 * MIB)
# One peer, home: 20 to 40 MB, and what waits in its queues while the line is slow.
NODE_MEMORY = MemoryNeed(least=128 * MIB, share=0.25, most=256 * MIB)


def _haproxy_files(token: Token, plan: EdgePlan) -> tuple[File, ...]:
    binds = [
        line
        for port in plan.ports
        for line in (f"    bind 0.0.0.0:{port}", f"    bind [::]:{port} v6only")
    ]
    text = fill(
        __name__,
        "haproxy.cfg.tmpl",
        heading=_heading(token),
        connections=str(CONNECTIONS),
        binds="\n".join(binds),
        at_once=str(AT_ONCE),
        new=str(NEW_CONNECTIONS),
        me=f"edge-{plan.address}",
        known_bind=f"[{plan.address}]:{KNOWN_PORT}",
        known_table=KNOWN_TABLE,
        peers="\n".join(f"    server home-{it} [{it}]:{DISCARD}" for it in token.homes),
        at_once_wide=str(AT_ONCE_56),
        at_once_widest=str(AT_ONCE_48),
        new_widest=str(NEW_CONNECTIONS_48),
        new_known=str(NEW_KNOWN),
        new_known_widest=str(NEW_KNOWN_48),
        strangers=str(STRANGERS),
        too_many="\n".join(
            f"    tcp-request content reject if !known {{ be_sess_rate(strangers{place}) "
            f"gt {STRANGERS_NEW} }}"
            for place in range(1, len(token.tenants) + 1)
        ),
        peer=peer_name(token.name, token.peer_label),
        names=" ".join(name for tenant in token.tenants for name in tenant.names),
        ways="\n".join(_way(place, it) for place, it in enumerate(token.tenants, 1)),
        peering=f"127.0.0.1:{PEERING_PORT}",
        homes="\n\n".join(_home(place, it) for place, it in enumerate(token.tenants, 1)),
    )
    return (File(HAPROXY_CONFIG, text),)


def _way(place: int, tenant: Tenant) -> str:
    condition = f"{{ req.ssl_sni -i {' '.join(tenant.names)} }}"
    return (
        f"    use_backend home{place} if known {condition}\n"
        f"    use_backend strangers{place} if {condition}"
    )


def _home(place: int, tenant: Tenant) -> str:
    server = f"    server home [{tenant.home}]:{tenant.port} send-proxy-v2"
    return (
        f"backend home{place}\n"
        "    # No check: after a hole in the line it would keep the way closed for a while.\n"
        f"{server}\n\n"
        f"backend strangers{place}\n"
        f"{server} maxconn {STRANGERS_AT_HOME}\n\n"
        f"{pulse(place, tenant.home)}"
    )


def pulse(place: int, home: IPv6Address) -> str:
    """A section of HAProxy's that sends something home now and then, and waits for nothing.

    Yggdrasil 0.5 forgets a partner's keys a minute after the last packet to or from it. Where one
    end has forgotten and the other has not, they agree on new ones at the next full second of the
    clock only; so this goes on while the line is cut. An agent-check that fails changes nothing,
    and is not logged.
    """
    return (
        f"backend pulse{place}\n"
        "    # Keeps the way home known, also while the line is cut; an answer is not needed.\n"
        f"    server home [{home}]:{DISCARD} agent-check agent-port {DISCARD} agent-inter {PULSE}"
    )


def _haproxy_units(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    path = str(plan.paths.rendered / HAPROXY_CONFIG)
    return (
        Service(
            name="haproxy",
            description="HAProxy, the public door of Greygate's edge",
            argv=("/usr/sbin/haproxy", "-Ws", "-f", path),
            proof=("/usr/sbin/haproxy", "-c", "-f", path),
            ready=Listening(LOOPBACK[0], plan.ports),
            account="greygate-haproxy",
            capabilities=("net_bind_service",),
            after=("firewall",),
            reload=SIGUSR2,
            new_worker=True,
            notifies=True,
            makes_code=True,
            memory=PROXY_MEMORY,
        ),
    )


def _node_files(token: Token, plan: EdgePlan) -> tuple[File, ...]:
    text = fill(
        __name__,
        "yggdrasil.conf.tmpl",
        heading=_heading(token),
        key=json.dumps(str(plan.key)),
        listen=json.dumps(f"tls://127.0.0.1:{PEERING_PORT}"),
        home=json.dumps(token.home_key),
        admin=json.dumps(f"unix://{plan.paths.overlay_admin_socket}"),
        interface=json.dumps(plan.interface),
    )
    return (File(NODE_CONFIG, text),)


def _node_units(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    config = str(plan.paths.rendered / NODE_CONFIG)
    return (
        Service(
            name="yggdrasil",
            description="Yggdrasil node of Greygate's edge",
            argv=("/usr/sbin/yggdrasil", "-useconffile", config, "-logto", "stdout"),
            proof=("/usr/sbin/yggdrasil", "-useconffile", config, "-address"),
            ready=Addressed(plan.address),
            account="greygate-yggdrasil",
            capabilities=("net_admin",),
            runtime=plan.paths.overlay_admin_socket.parent,
            devices=("/dev/net/tun",),
            after=("firewall",),
            memory=NODE_MEMORY,
            oom_score=LAST,
        ),
    )


def _firewall_files(token: Token, plan: EdgePlan) -> tuple[File, ...]:
    text = fill(
        __name__,
        "rules.nft.tmpl",
        heading=_heading(token),
        interface=f'"{plan.interface}"',
        address=str(plan.address),
        homes=", ".join(map(str, token.homes)),
        ports=", ".join(map(str, _for_home(token, plan))),
    )
    return (File(RULES, text), guard_file(plan, _heading(token)))


def _for_home(token: Token, plan: EdgePlan) -> tuple[int, ...]:
    """What home alone may reach over the overlay."""
    return (AGENT_PORT, KNOWN_PORT, *((plan.names_port,) if token.name_server else ()))


def _firewall_units(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    name = "Firewall of Greygate's edge on the overlay"
    return (guarded(plan, name, readers=ACCOUNT),)


def _heading(token: Token) -> str:
    return f"edge {token.edge} of site {token.site}: written by greygate {__version__}; not by hand"


ALL: tuple[Component[Token, EdgePlan], ...] = (
    Component(
        name="firewall",
        files=_firewall_files,
        units=_firewall_units,
        packages=lambda _token: ("nftables",),
    ),
    Component(
        name="yggdrasil",
        files=_node_files,
        units=_node_units,
        packages=lambda _token: ("yggdrasil",),
    ),
    Component(
        name="haproxy",
        files=_haproxy_files,
        units=_haproxy_units,
        packages=lambda _token: ("haproxy",),
    ),
    AGENT,
    NAME_SERVER,
)
