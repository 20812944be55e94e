"""A server whose certificates come from an authority of the lab's internet: what tests do to it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greygate.lab import acme, hosts, names, world
from greygate.lab.topology import CERTIFIED
from greygate.lab.world import World
from lab.federation import PUBLIC_PEER, greygate, place_people, run
from lab.waiting import wait_until

NAME, CLIENT, EDGE = "twinkle.example", "m.twinkle.example", "edge.other.example"
EDGE_ADDRESS = "203.0.113.10"
VERSION = "/_matrix/federation/v1/version"
ACME_DNS = "https://auth.acme-dns.example"
TOPOLOGY = CERTIFIED.without("spare")  # nobody moves
# The classic case: the server name itself has an address on the overlay, and no other.
INIT = (
    *("init", NAME, "--layout", "overlay", "--edge-name", EDGE, "--edge-address", EDGE_ADDRESS),
    *("--peer", PUBLIC_PEER, "--accept", "doubt.not-public", "--yes"),
)
HOOK, LOAD = "root/certbot_hook.py", "srv/load.py"
ORDERED = """
[[zone]]
name = "twinkle.example"
challenge = "acme-dns"
acme_dns = "https://auth.acme-dns.example"

[[zone]]
name = "other.example"
dns = "rfc2136"
server = "203.0.113.54"
key_file = "/root/other.example.tsig"

[certificates]
source = "acme"
directory = "{directory}"
"""
LINEAGE = "greygate"
LIVE = f"/etc/letsencrypt/live/{LINEAGE}"
# certbot runs it when it has a new certificate; the first time there is no server yet.
TAKE_UP = "test ! -x /usr/local/bin/greygate || /usr/local/bin/greygate cert renew"
RESOLVER = ("--resolver", "203.0.113.53")
ON_THE_EDGE = """
[[zone]]
name = "twinkle.example"
challenge = "own-dns"

[[zone]]
name = "other.example"
dns = "rfc2136"
server = "203.0.113.54"
key_file = "/root/other.example.tsig"
challenge = "own-dns"

[certificates]
source = "acme"
directory = "{directory}"
"""
OF_CERTBOT = ("--chain", f"{LIVE}/fullchain.pem", "--key", f"{LIVE}/privkey.pem")


def place_programs(lab: World) -> None:
    """The hook of whoever keeps his certbot, and the strangers."""
    place_people(lab)
    for host, place in (("home", HOOK), ("outsider", LOAD)):
        text = Path(__file__).with_name(Path(place).name).read_bytes()
        (lab.places.root(host) / place).write_bytes(text)


def register(lab: World) -> dict[str, str]:
    """A registration at acme-dns, made from home by hand."""
    made: dict[str, str] = json.loads(fetched(lab, f"{ACME_DNS}/register", post=True))
    return made


def fetched(lab: World, url: str, *, post: bool = False) -> str:
    """What home is told there, by Python: a machine like this has no curl."""
    program = (
        "import sys, urllib.request as web;"
        "given = b'' if sys.argv[2:] else None;"
        "print(web.urlopen(sys.argv[1], given, timeout=10).read().decode())"
    )
    done = run(lab, "home", "python3", "-c", program, url, *(["post"] if post else []))
    assert done.returncode == 0, done.stderr
    return done.stdout


def publish(
    lab: World,
    aliases: Mapping[str, str],
    *,
    planned: bool = True,
    without: tuple[str, ...] = (),
) -> None:
    """Our zone: what `dns plan` says of it but for names that begin so, and these CNAMEs."""
    lines = [f"_acme-challenge.{name}. 1 CNAME {target}." for name, target in aliases.items()]
    if planned:
        told = greygate(lab, "home", "dns", "plan", "--format", "zone").splitlines()
        ours = [it for it in told if it.partition(" ")[0].endswith(f"{NAME}.")]
        lines += [it for it in ours if not it.startswith(without)]
    names.publish(lab.places, {NAME: "\n".join(lines)})


def order_by_certbot(lab: World, *ordered: str, server: str = acme.DIRECTORY) -> None:
    """What the operator types; a second time, a new certificate takes the place of the first."""
    hook = f"/usr/bin/python3 /{HOOK}"
    settings = ("--non-interactive", "--agree-tos", "--register-unsafely-without-email")
    line = (
        *("certbot", "certonly", *settings, "--server", server, "--cert-name", LINEAGE),
        *("--manual", "--preferred-challenges", "dns", "--manual-auth-hook", hook),
        *("--manual-cleanup-hook", f"{hook} clean"),
        *("--force-renewal", "--deploy-hook", TAKE_UP),
        *(word for name in ordered for word in ("-d", name)),
    )
    done = hosts.execute("home", lab.places, line, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def renew_by_certbot(lab: World) -> None:
    """What certbot's own timer does, without its waiting up to eight minutes first."""
    line = ("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew")
    done = hosts.execute("home", lab.places, line, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def order_ourselves(lab: World, directory: str, how: str = ORDERED) -> None:
    """The site file once its operator has edited it; each zone is proved in its own way."""
    site = lab.places.root("home") / "etc/greygate/site.toml"
    kept = re.split(r"(?m)^(?=\[)", site.read_text())
    others = [it for it in kept if not it.startswith(("[certificates]", "[[zone]]"))]
    site.write_text("".join(others) + how.format(directory=directory))


def listed(lab: World) -> Any:
    """What `cert list` tells; it ends with 1 where not all is well."""
    asked = ("/root/greygate/greygate", "cert", "list", "--json")
    return json.loads(hosts.execute("home", lab.places, asked).stdout)


def served(lab: World, name: str, *, port: int = 443) -> str:
    """The serial number of the certificate that a stranger is shown, who verifies it."""
    line = (
        f"openssl s_client -connect {EDGE_ADDRESS}:{port} -servername {name}"
        f" -verify_hostname {name} -verify_return_error </dev/null 2>/tmp/said"
        " | openssl x509 -noout -serial"
    )
    done = run(lab, "outsider", "sh", "-c", line)
    said = run(lab, "outsider", "cat", "/tmp/said")
    assert done.stdout.startswith("serial="), f"{name}: {said.stdout}"
    return done.stdout.strip()


def is_up(lab: World) -> bool:
    """Whether acme-dns answers, to somebody outside."""
    asked = ("curl", "-sSf", "--max-time", "5", f"{ACME_DNS}/health")
    return run(lab, "outsider", *asked).returncode == 0


def take_away_challenges(lab: World, name: str) -> None:
    """What an operator does where the answer to a challenge was left behind, by who was killed."""
    asked = ("env", f"CERTBOT_DOMAIN={name}", "CERTBOT_VALIDATION=", "python3", f"/{HOOK}", "clean")
    done = run(lab, "home", *asked)
    assert done.returncode == 0, done.stderr


def applied(lab: World, *words: str) -> Any:
    """What `dns apply` tells; it ends with 1, as one zone is typed by hand."""
    line = ("/root/greygate/greygate", "dns", "apply", "--json", *RESOLVER, *words)
    done = hosts.execute("home", lab.places, line, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    return json.loads(done.stdout)


@contextmanager
def load(lab: World) -> Iterator[dict[str, Any]]:
    """Strangers ask our server all the while; what they saw is told after the block."""
    argv = world.command_in(lab, "outsider", ("python3", f"/{LOAD}", NAME, EDGE_ADDRESS, VERSION))
    told: dict[str, Any] = {}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as strangers:
        yield told
        said, _nothing = strangers.communicate("")
    told.update(json.loads(said))


def start_server(lab: World, aliases: Mapping[str, str], *init: str) -> None:
    """From prepared machines to a server that strangers reach through its edge."""
    greygate(lab, "home", *INIT, *init)
    publish(lab, aliases)
    token = greygate(lab, "home", "edge", "token", "edge1")
    greygate(lab, "home", "install")
    greygate(lab, "edge", "edge", "join", given=token)
    wait_until(lambda: answers(lab), within=60, what="strangers are answered")


def answers(lab: World) -> bool:
    to = ("--connect-to", f"{NAME}:443:{EDGE_ADDRESS}:443", "--max-time", "5")
    asked = run(lab, "outsider", "curl", "-sS", "-f", *to, f"https://{NAME}{VERSION}")
    return asked.returncode == 0
