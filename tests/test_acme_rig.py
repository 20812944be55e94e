"""The rig itself: what it promises to the tests that stand on it."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
import httpx
import pytest
from cryptography import x509

from acme_rig.rig import AUTH, Rig

pytestmark = pytest.mark.acme

CHALLENGE = "_acme-challenge.twinkle.example"
TEXT = "x" * 43


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


def test_a_challenge_is_followed_to_acme_dns(rig: Rig) -> None:
    with httpx.Client(base_url=rig.acme_dns, verify=trusting(rig.trust)) as api:
        made = api.post("/register").json()
        who = {"X-Api-User": made["username"], "X-Api-Key": made["password"]}
        wanted = {"subdomain": made["subdomain"], "txt": TEXT}
        assert api.post("/update", headers=who, json=wanted).json() == {"txt": TEXT}
    rig.publish(CHALLENGE, "CNAME", f"{made['fulldomain']}.")
    assert rig.seen(CHALLENGE, "TXT") == (f'"{TEXT}"',)
    rig.publish(CHALLENGE, "CNAME")
    assert rig.seen(CHALLENGE, "TXT") == ()


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/health", 200, ""),
        ("GET", "/update", 405, "Method Not Allowed\n"),
        ("POST", "/elsewhere", 404, "404 page not found\n"),
        ("POST", "/update", 401, '{"error": "forbidden"}'),
        ("POST", "/register", 400, '{"error": "malformed_json_payload"}'),
    ],
)
def test_the_words_of_acme_dns(rig: Rig, method: str, path: str, status: int, body: str) -> None:
    with httpx.Client(base_url=rig.acme_dns, verify=trusting(rig.trust)) as api:
        said = api.request(method, path, content=b"{" if method == "POST" else None)
    assert (said.status_code, said.text) == (status, body)


def test_a_key_opens_its_own_zone_only(rig: Rig) -> None:
    key = rig.keys["twinkle.example"]
    ring = dns.tsigkeyring.from_text({key.name: key.secret})

    def write(zone: str) -> dns.rcode.Rcode:
        update = dns.update.UpdateMessage(zone, keyring=ring)
        update.add("probe", 1, "TXT", "seen")
        return dns.query.tcp(update, rig.knot, timeout=5).rcode()

    assert write("twinkle.example") == dns.rcode.NOERROR
    assert rig.seen("probe.twinkle.example", "TXT") == ('"seen"',)
    # NOTAUTH, its reason in a TSIG of its own, but since Knot 3.4 in none.
    with pytest.raises((dns.tsig.PeerBadKey, dns.exception.FormError)):
        write("other.example")
    rig.publish("probe.twinkle.example", "TXT")


def test_an_authority_is_trusted_and_every_start_has_a_root_of_its_own(rig: Rig) -> None:
    with rig.authority() as one:
        directory = httpx.get(one.directory, verify=trusting(one.trust)).json()
        root = x509.load_pem_x509_certificate(one.root().encode())
    assert directory["newOrder"].startswith("https://")
    with rig.authority(ports=one.ports) as other:
        assert other.directory == one.directory
        assert x509.load_pem_x509_certificate(other.root().encode()) != root


def test_who_is_silent_answers_again(rig: Rig) -> None:
    question = dns.message.make_query(AUTH, "SOA")
    with rig.silent("unbound"), pytest.raises(dns.exception.Timeout):
        dns.query.udp(question, rig.resolver, timeout=0.2)
    assert dns.query.udp(question, rig.resolver, timeout=2).rcode() == dns.rcode.NOERROR


def test_nothing_outlives_a_killed_test_run() -> None:
    program = (
        "import sys, time, acme_rig.rig\n"
        "with acme_rig.rig.running() as rig, rig.authority():\n"
        "    print(*(it.pid for it in rig.programs.values()), flush=True); time.sleep(60)"
    )
    here = Path(__file__).parent
    environment = {"PYTHONPATH": f"{here}:{here.parent / 'src'}", "PATH": "/usr/sbin:/usr/bin:/bin"}
    started = subprocess.Popen(
        (sys.executable, "-c", program), stdout=subprocess.PIPE, text=True, env=environment
    )
    assert started.stdout is not None
    pids = started.stdout.readline().split()
    assert len(pids) == 3
    started.kill()
    started.wait()
    ends_at = time.monotonic() + 5
    while any(map(is_alive, pids)):
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def is_alive(pid: str) -> bool:
    """A process that ended and was not collected yet has no command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False
