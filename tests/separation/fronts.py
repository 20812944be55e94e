"""Four fronts before the same real Synapse: ours, and three that people run.

The recipes are the usual ones, word for word as they are passed on: a list of what is denied
(`location /_matrix/client`), and a list of prefixes that are let by. All are plain HTTP on
loopback, as behind a load balancer, but ours, which is as it always is.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from socket import create_connection

import some_sites
from door import running as haproxy_running
from door import write
from greygate.components.haproxy.config import CONFIG
from greygate.plan.paths import Paths
from greygate.plan.plan import Listener, Plan
from greygate.site.model import Site
from ingress import NEAR, EdgeNear, lift_rates
from our_end import WITH_US
from ports import free_port
from real_synapse import a_place, prepare, running
from separation import forged
from separation.shots import Door
from separation.synapse_log import LOG_CONFIG, SynapseLog, listeners

NAME = "twinkle.example"
NAMES = {"own": NAME, "client": f"m.{NAME}", "edge": "edge.other.example", "peer": "peer.x"}
START = 20.0  # seconds; 0.1 measured for nginx, 0.5 for Caddy

NGINX = """\
daemon off;
{user}
pid {here}/nginx.pid;
error_log {here}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    server {{
        listen 127.0.0.1:{port};
        server_name {name};
        client_max_body_size 100M;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;
        proxy_set_header Host $host;
        proxy_http_version 1.1;
{locations}
    }}
}}
"""

DENY_LIST = """\
        location /_matrix/client {{ return 403; }}
        location /_synapse/admin {{ return 403; }}
        location / {{ proxy_pass http://unix:{socket}; }}
"""
NGINX_PREFIXES = """\
        location /_matrix/federation/ {{ proxy_pass http://unix:{socket}; }}
        location /_matrix/key/ {{ proxy_pass http://unix:{socket}; }}
        location / {{ return 404; }}
"""
CADDY_PREFIXES = """\
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    handle /_matrix/federation/* {{
        reverse_proxy unix/{socket}
    }}
    handle /_matrix/key/* {{
        reverse_proxy unix/{socket}
    }}
    handle {{
        respond 404
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """The one Synapse, and where what reaches it is noted."""

    site: Site
    plan: Plan
    log: SynapseLog


@contextmanager
def synapse(engine: PurePosixPath) -> Iterator[Behind]:
    """Synapse as rendered for a site that federates, with a log of arrivals."""
    site, usual = some_sites.federating()
    with a_place() as paths:
        plan = _near(usual, paths, engine)
        prepare(site, plan)
        settings = Path(paths.synapse_settings)
        log = Path(paths.logs / "arrivals.log")
        (settings / "arrivals.log-config").write_text(LOG_CONFIG.format(file=log))
        rendered = Path(paths.rendered / "synapse/homeserver.yaml").read_text()
        (settings / "arrivals.yaml").write_text(
            f"log_config: {settings}/arrivals.log-config\n{listeners(rendered)}"
        )
        with running(site, plan):
            yield Behind(site, plan, SynapseLog(log))


@contextmanager
def ours(behind: Behind) -> Iterator[Door]:
    """Our ingress, asked as its edge asks."""
    write(behind.site, behind.plan)
    lift_rates(Path(behind.plan.paths.rendered / CONFIG))
    log = Path(behind.plan.paths.logs / "haproxy.log")
    with haproxy_running(behind.site, behind.plan, log):
        to = (str(NEAR), behind.plan.ingress_port)
        yield Door(to=to, names=NAMES, sni=NAME, proxy=forged.honest())


@contextmanager
def nginx_deny_list(behind: Behind) -> Iterator[Door]:
    with _nginx(behind, DENY_LIST) as door:
        yield door


@contextmanager
def nginx_prefixes(behind: Behind) -> Iterator[Door]:
    with _nginx(behind, NGINX_PREFIXES) as door:
        yield door


@contextmanager
def caddy_prefixes(behind: Behind) -> Iterator[Door]:
    port, here = free_port(), Path(behind.plan.paths.state)
    config = here / "Caddyfile"
    socket = behind.plan.paths.client_socket
    config.write_text(CADDY_PREFIXES.format(port=port, socket=socket))
    argv = ("caddy", "run", "--config", str(config), "--adapter", "caddyfile")
    with _listening(argv, port, here):
        yield _plain(port)


FRONTS = {
    "ours": ours,
    "nginx deny list": nginx_deny_list,
    "nginx prefix allowlist": nginx_prefixes,
    "Caddy prefix allowlist": caddy_prefixes,
}


@contextmanager
def _nginx(behind: Behind, locations: str) -> Iterator[Door]:
    port, here = free_port(), Path(behind.plan.paths.state)
    told = locations.format(socket=behind.plan.paths.client_socket)
    config = here / "nginx.conf"
    user = "user root;" if here.owner() == "root" else ""
    config.write_text(
        NGINX.format(user=user, here=here, port=port, name=NAME, locations=told.rstrip())
    )
    with _listening(("nginx", "-c", str(config), "-p", str(here)), port, here):
        yield _plain(port)


@contextmanager
def _listening(argv: tuple[str, ...], port: int, here: Path) -> Iterator[None]:
    """A front of other make, until the block ends."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(here)}
    with ExitStack() as ending, (here / "front.log").open("ab") as said:
        program = subprocess.Popen((*WITH_US, *argv), stdout=said, stderr=said, env=environment)
        ending.callback(program.wait, 20)
        ending.callback(program.terminate)
        deadline = time.monotonic() + START
        while not _answers(port):
            assert program.poll() is None, (here / "front.log").read_text()
            assert time.monotonic() < deadline, f"{argv[0]} never listened"
            time.sleep(0.05)
        yield


def _answers(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _plain(port: int) -> Door:
    return Door(to=("127.0.0.1", port), names=NAMES, sni=None, tls=False)


def _near(usual: Plan, paths: Paths, engine: PurePosixPath) -> Plan:
    """The plan, with this machine as home and edge."""
    return replace(
        usual,
        paths=paths,
        engine=engine,
        accounts=False,
        addresses=(NEAR,),
        edges=tuple(EdgeNear(it.edge, it.key) for it in usual.edges),
        listeners=tuple(Listener(it.name, free_port()) for it in usual.listeners),
        ingress_port=free_port(),
    )
