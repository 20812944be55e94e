"""Yggdrasil: the node we run, or our peers on the node that already runs here."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from greygate.components.component import (
    LAST,
    MIB,
    NODE_CLIENTS,
    Addressed,
    Component,
    File,
    MemoryNeed,
    Service,
    Task,
    Unit,
)
from greygate.components.heading import heading
from greygate.components.template import fill
from greygate.plan.plan import Plan
from greygate.site.model import Node, Site

PROGRAM = "/usr/sbin/yggdrasil"
CONFIG = PurePosixPath("yggdrasil/yggdrasil.conf")
PEERS = PurePosixPath("yggdrasil/peers.sh")
# Some 30 MB with a few peers; whoever peers with it decides how much passes along and waits in
# queues, and Go's collector lets its heap double before it looks.
MEMORY = MemoryNeed(least=192 * MIB, share=0.25, most=512 * MIB)


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    match site.overlay.node:
        case Node.MANAGED:
            return (File(CONFIG, _config(site, plan)),)
        case Node.SYSTEM if plan.peers:
            return (File(PEERS, _peers(site, plan)),)
        case _:
            return ()


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    match site.overlay.node:
        case Node.MANAGED:
            return (_node(plan),)
        case Node.SYSTEM if plan.peers:
            return (_added_peers(plan),)
        case _:
            return ()


def packages(site: Site) -> tuple[str, ...]:
    return ("yggdrasil",) if site.overlay.node is Node.MANAGED else ()


def _config(site: Site, plan: Plan) -> str:
    return fill(
        __name__,
        "yggdrasil.conf.tmpl",
        heading=heading(site),
        key=json.dumps(str(plan.paths.overlay_key)),
        peers=_list(plan.peers),
        listen=_list(site.overlay.listen),
        admin=json.dumps(f"unix://{plan.paths.overlay_admin_socket}"),
        interface=json.dumps(plan.interface),
    )


def _list(uris: tuple[str, ...]) -> str:
    return json.dumps(uris, indent=2).replace("\n", "\n  ")


def _peers(site: Site, plan: Plan) -> str:
    return fill(
        __name__,
        "peers.sh.tmpl",
        heading=heading(site),
        marks=_shell(f"{plan.paths.runtime}/peers"),
        peers=" ".join(map(_shell, plan.peers)),
    )


def _shell(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _node(plan: Plan) -> Service:
    config = str(plan.paths.rendered / CONFIG)
    return Service(
        name="yggdrasil",
        description="Yggdrasil node of Greygate",
        argv=(PROGRAM, "-useconffile", config, "-logto", "stdout"),
        # Finds bad syntax, wrong types, an unreadable key; no unknown words, no odd peers (0.5.12).
        proof=(PROGRAM, "-useconffile", config, "-address"),
        ready=Addressed(plan.addresses[0]),
        account="greygate-yggdrasil",
        capabilities=("net_admin",),
        runtime=plan.paths.overlay_admin_socket.parent,
        serves=NODE_CLIENTS,
        devices=("/dev/net/tun",),
        after=("firewall",),
        memory=MEMORY,
        oom_score=LAST,  # its restart cuts everybody off
    )


def _added_peers(plan: Plan) -> Task:
    script = str(plan.paths.rendered / PEERS)
    return Task(
        name="peers",
        description="Peers of Greygate on this machine's Yggdrasil",
        up=(("/bin/sh", script, "up"),),
        down=(("/bin/sh", script, "down"),),
        proof=("/bin/sh", "-n", script),
    )


YGGDRASIL = Component(name="yggdrasil", files=files, units=units, packages=packages)
