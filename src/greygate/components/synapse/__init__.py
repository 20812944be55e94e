"""Synapse: the homeserver, reached through two unix sockets and by no port."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import PurePosixPath
from signal import SIGHUP

from greygate.components.component import (
    FIRST,
    HOMESERVER_CLIENTS,
    MIB,
    Answering,
    Component,
    File,
    MemoryNeed,
    Service,
    Unit,
)
from greygate.components.heading import heading
from greygate.components.template import fill
from greygate.plan.plan import Plan
from greygate.site.model import Site

CONFIG = PurePosixPath("synapse/homeserver.yaml")
LOG = PurePosixPath("synapse/log.yaml")
MEDIA = "media"  # below Paths.synapse
# 126 MB when it starts. To join a room it holds the room's state as JSON, as objects and as rows at
# once, reckoned at 10 kB for each member: 1 GB for 100,000, more for several joins together. So
# three quarters of a small machine: 1.5 of 2 GB, and all else here fits into the rest. On a large
# machine 6 GB, which only what runs wild reaches. On 1 GB it has 768 MB: rooms of thousands, and
# not the largest. Less than 640 MB would end it on ordinary days.
MEMORY = MemoryNeed(least=640 * MIB, share=0.75, most=6144 * MIB)
DATABASE = "homeserver.db"  # below Synapse's state; SQLite keeps its journals beside it

# What Synapse refuses to connect to by itself (its DEFAULT_IP_RANGE_BLOCKLIST of 1.163.2): naming
# our own address below replaces that list, so it is repeated here.
LOCAL_RANGES = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "192.0.0.0/24",
    "169.254.0.0/16",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "::1/128",
    "fe80::/10",
    "fc00::/7",
    "2001:db8::/32",
    "ff00::/8",
    "fec0::/10",
)


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    title = heading(site)
    return (
        File(CONFIG, _homeserver(site, plan, title)),
        File(LOG, fill(__name__, "log.yaml.tmpl", heading=title)),
    )


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    config = str(plan.paths.rendered / CONFIG)
    # Later files replace whole sections of earlier ones: what the operator says is the last word.
    settings = ("-c", config, "-c", str(plan.paths.synapse_settings))
    # -I: neither the directory one starts in nor PYTHON* variables may bring modules.
    python = (str(plan.engine), "-I", "-m")
    return (
        Service(
            name="synapse",
            description="Synapse, the homeserver of Greygate",
            argv=(*python, "synapse.app.homeserver", *settings),
            # Parses every section and reads the secrets; opens neither database nor sockets.
            proof=(*python, "synapse.config", *settings),
            extra_config=plan.paths.synapse_settings,
            ready=Answering(plan.paths.client_socket, "/health"),
            account="greygate-synapse",
            # The proof makes the media directory where it is missing, and as whoever proves.
            writes=(plan.paths.synapse, plan.paths.synapse / MEDIA),
            spool=plan.paths.spool,
            runtime=plan.paths.client_socket.parent,
            serves=HOMESERVER_CLIENTS,
            environment=(("PYTHONUNBUFFERED", "1"), ("TMPDIR", str(plan.paths.spool))),
            reload=SIGHUP,
            notifies=True,
            # pyOpenSSL makes callbacks at run time; 1.163.2 dies at start where it may not.
            makes_code=True,
            memory=MEMORY,
            oom_score=FIRST,  # HAProxy tells apps to come back, and it is there again in seconds
            stop_after=30.0,  # it finishes the requests and the transactions that it is in
        ),
    )


def packages(site: Site) -> tuple[str, ...]:
    return ()  # from PyPI, in an environment of its own


def _homeserver(site: Site, plan: Plan, title: str) -> str:
    paths = plan.paths
    return fill(
        __name__,
        "homeserver.yaml.tmpl",
        heading=title,
        server_name=_text(site.server_name),
        client_socket=_text(paths.client_socket),
        client_resources="client, federation" if site.federation else "client",
        federation_socket=_text(paths.federation_socket),
        database=_text(paths.synapse / DATABASE),
        media=_text(paths.synapse / MEDIA),
        log=_text(paths.rendered / LOG),
        signing_key=_text(paths.signing_key),
        macaroon_secret=_text(paths.macaroon_secret),
        form_secret=_text(paths.form_secret),
        registration_secret=_text(paths.registration_secret),
        presence="false" if site.federation else "true",
        federation="" if site.federation else fill(__name__, "standalone.yaml.tmpl"),
        allowed=_allowed(site),
        blocked="".join(f"\n  - {range_}" for range_ in _blocked(plan)),
    )


def _allowed(site: Site) -> str:
    if not site.open_networks:
        return ""
    return "".join(("\nip_range_whitelist:", *(f"\n  - {it}" for it in site.open_networks)))


def _text(value: object) -> str:
    """A YAML scalar that is text whatever is in it: YAML reads JSON strings as they are."""
    return json.dumps(str(value), ensure_ascii=False)


def _blocked(plan: Plan) -> tuple[str, ...]:
    own = (ip_network(address) for address in plan.addresses if not address.is_loopback)
    return (*LOCAL_RANGES, *map(str, own))


SYNAPSE = Component(name="synapse", files=files, units=units, packages=packages)
