"""HAProxy: the only program that listens on an address; lets by what people need, and no more."""

from __future__ import annotations

from signal import SIGUSR2

from greygate.components.component import (
    HOMESERVER_CLIENTS,
    MIB,
    Component,
    File,
    Listening,
    MemoryNeed,
    Service,
    Unit,
)
from greygate.components.haproxy import ingress, join, well_known
from greygate.components.haproxy.config import CONFIG, config
from greygate.components.haproxy.config import files as scripts
from greygate.components.heading import heading
from greygate.plan.plan import Plan
from greygate.site.model import Site

PROGRAM = "/usr/sbin/haproxy"
LAST_PRIVILEGED = 1023
# With all connections busy some 100 MB: buffers, TLS, tables. After a reload the old worker lives
# for up to 11 minutes beside the new one, and several reloads may follow each other.
MEMORY = MemoryNeed(least=256 * MIB, share=0.25, most=512 * MIB)


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    return (
        File(CONFIG, config(site, plan, heading(site))),
        *scripts(),
        *well_known.files(site, plan),
        *join.files(site, plan),
        *ingress.files(site, plan),
    )


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    path = str(plan.paths.rendered / CONFIG)
    low = any(listener.port <= LAST_PRIVILEGED for listener in plan.listeners)
    return (
        Service(
            name="haproxy",
            description="HAProxy, the door of Greygate",
            # Master and worker in the foreground: a reload starts a new worker on the same sockets.
            argv=(PROGRAM, "-Ws", "-f", path),
            proof=(PROGRAM, "-c", "-f", path),
            ready=Listening(plan.addresses[0], plan.ports),
            account="greygate-haproxy",
            writes=(plan.paths.haproxy,),
            runtime=plan.paths.haproxy_admin_socket.parent,
            uses=(HOMESERVER_CLIENTS,),
            capabilities=("net_bind_service",) if low else (),
            # Not after synapse: until it answers, apps are told to come back, in their language.
            after=("firewall",),
            reload=SIGUSR2,
            new_worker=True,
            notifies=True,
            memory=MEMORY,
            makes_code=True,  # PCRE compiles patterns at run time
        ),
    )


def packages(site: Site) -> tuple[str, ...]:
    return ("haproxy",)


HAPROXY = Component(name="haproxy", files=files, units=units, packages=packages)
