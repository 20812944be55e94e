from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.spec.peering import listen_problem, peer_problem
from our_end import WITH_US

KEY = "5c" * 32
GOOD_PEERS = (
    "tcp://192.0.2.1:12345",
    f"tls://peer.example:443?key={KEY}&sni=other.example&priority=255",
    f"tls://peer.example:443?key={KEY}&key={KEY}",
    "quic://[2001:db8::1]:443?maxbackoff=30s",
    "ws://peer.example:80/path?maxbackoff=1m30.5s",
    "wss://peer.example:443/path",
    "unix:///run/peer.sock",
    "socks://user:word@127.0.0.1:9050/peer.example:443",
    "sockstls://127.0.0.1:9050/[2001:db8::1]:443",
    "TLS://peer.example:443",
    "tls://peer.example:443?password=" + "x" * 64,
    "tls://peer.example:443/%7e?password=%25%3b",
    "socks://us%40er:w$ord@127.0.0.1:9050/peer.example:443",
)
BAD_PEERS = {
    "peer.example:443": "begin with",
    "tls://[]:443": "in brackets",
    "http://peer.example:443": "'http'",
    "tls://peer.example": "a host and a port",
    "tls://2001:db8::1:443": "in brackets",
    "tls://[2001:db8::1:443": "brackets",
    "tls://[2001:db8::1]x:443": "brackets",
    "tls://[fe80::1%eth0]:443": "interface",
    "tls://[::g]:443": "not an IPv6 address",
    "tls://peer.example:0": "no port",
    "tls://peer.example:65536": "no port",
    "tls://peer_.-.example!:443": "neither",
    "tls://:443": "names no host",
    "tls://[::]:443": "listen on",
    "tls://0.0.0.0:443": "listen on",
    "tls://[ff02::1]:443": "multicast",
    "tls://[200::1]:443": "on the overlay",
    "tls://peer.example:443?key=5c": "64 hexadecimal",
    "tls://peer.example:443?sni=192.0.2.1": "host name",
    "tls://peer.example:443?priority=256": "0 to 255",
    "tls://peer.example:443?priority=-1": "0 to 255",
    "tls://peer.example:443?maxbackoff=29s": "at least 30s",
    "tls://peer.example:443?maxbackoff=60": "like 60s",
    "tls://peer.example:443?password=" + "x" * 65: "64 octets",
    "tls://peer.example:443?kee=1": "'kee'",
    "tls://peer.example:443#1": "%23",
    "tls://peer.example:443/%zz": "write % as %25",
    "tls://peer.example:443/%": "write % as %25",
    "socks://us%er:word@127.0.0.1:9050/peer.example:443": "write % as %25",
    "socks://us<er:word@127.0.0.1:9050/peer.example:443": "before @",
    "tls://peer.example:443?password=%2": "write % as %25",
    "tls://peer.example:443?password=a;b": "%3B",
    "unix:///run/%peer": "write % as %25",
    "tls://peer.example:443 ": "blanks",
    "unix://relative": "unix:///",
    "socks://127.0.0.1:9050": "behind the proxy",
}
PANICS = (
    "tls://peer.example:443?maxbackoff=29s",
    "tls://peer.example:443/%zz",
    "socks://us%er:word@127.0.0.1:9050/peer.example:443",
    "socks://us<er:word@127.0.0.1:9050/peer.example:443",
)
GOOD_LISTENERS = (
    "tcp://0.0.0.0:12345",
    "tls://[::]:443?priority=1&password=x",
    "tls://:443",
    "quic://192.0.2.1:443",
    "ws://127.0.0.1:8080",
    "unix:///run/peer.sock",
)
BAD_LISTENERS = {
    "wss://[::]:443": "behind a web server",
    "socks://[::]:443": "cannot listen with socks",
    "tls://peer.example:443": "not an address of this machine",
    f"tls://[::]:443?key={KEY}": "'key'",
    "tls://[::]": "a host and a port",
    "unix://x": "unix:///",
}


@pytest.mark.parametrize("uri", GOOD_PEERS)
def test_a_good_peer_has_no_problem(uri: str) -> None:
    assert peer_problem(uri) is None


@pytest.mark.parametrize("uri", BAD_PEERS)
def test_a_bad_peer_is_told_why(uri: str) -> None:
    assert BAD_PEERS[uri] in str(peer_problem(uri))


@pytest.mark.parametrize("uri", GOOD_LISTENERS)
def test_a_good_listener_has_no_problem(uri: str) -> None:
    assert listen_problem(uri) is None


@pytest.mark.parametrize("uri", BAD_LISTENERS)
def test_a_bad_listener_is_told_why(uri: str) -> None:
    assert BAD_LISTENERS[uri] in str(listen_problem(uri))


@given(st.text() | st.from_regex(r"(tls|unix|socks)://[\[\]:@/?=&%.a-f0-9]{0,30}", fullmatch=True))
def test_any_text_is_judged(text: str) -> None:
    for problem in (peer_problem(text), listen_problem(text)):
        assert problem is None or problem


@pytest.mark.programs
@pytest.mark.parametrize("uri", [*GOOD_PEERS, *PANICS])
def test_the_program_starts_with_what_we_let_pass_and_stops_at_the_rest(
    uri: str, tmp_path: Path
) -> None:
    """A bad peer stops the whole node: that is why we judge before it does."""
    config = {
        "Peers": [uri],
        "IfName": "none",
        "AdminListen": f"unix://{tmp_path}/admin.sock",
        "MulticastInterfaces": [],
    }
    with subprocess.Popen(
        [*WITH_US, "yggdrasil", "-useconf"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as node:
        try:
            lines = _until(node, "admin socket listening", config=json.dumps(config))
        finally:
            node.terminate()
    assert ("admin socket listening" in lines) == (peer_problem(uri) is None), lines


def _until(node: subprocess.Popen[str], sign: str, *, config: str) -> str:
    """What the node printed up to its sign of life, or up to its end."""
    assert node.stdin is not None
    assert node.stdout is not None
    node.stdin.write(config)
    node.stdin.close()
    told = ""
    for line in node.stdout:
        told += line
        if sign in line:
            break
    return told
