from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.machine import node
from greygate.spec.peering import backoff_of, least_backoff, listen_problem, peer_problem
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
    "tls://peer.example:443?maxbackoff=4s": "at least 5s",
    "tls://peer.example:443?maxbackoff=60": "like 60s",
    "tls://peer.example:443?maxbackoff=99999999999999h": "like 60s",
    "tls://peer.example:443?maxbackoff=%D9%A6%D9%A0s": "like 60s",
    "tls://peer.example:443?maxbackoff=10s&maxbackoff=60s": "twice",
    "tls://peer.example:443?sni=a.example&sni=b.example": "twice",
    "tls://255.255.255.255:443": "broadcast",
    "tls://[::ffff:0.0.0.0]:443": "listen on",
    "tls://1.2.3:443": "neither",
    "tls://0x7f.0x1:443": "neither",
    f"tls://{'.'.join(['a' * 60] * 5)}:443": "neither",
    "unix:///run/a%00b": "no zero",
    f"unix:///{'a' * 107}": "107 octets",
    "unix:///run/": "unix:///",
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
    "tls://peer.example:443?maxbackoff=4s",
    "tls://peer.example:443?maxbackoff=99999999999999h",
    "tls://peer.example:443?maxbackoff=%D9%A6%D9%A0s",
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
    "tls://[ff02::1]:9001": "multicast",
    "tls://255.255.255.255:9001": "broadcast",
    f"unix:///run/{'a' * 103}": "107 octets",
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
    lines = _started(uri, tmp_path)
    assert (SIGN in lines) == (peer_problem(uri) is None), lines


@pytest.mark.programs
def test_the_program_bears_exactly_what_its_version_is_said_to(tmp_path: Path) -> None:
    version = node.installed()
    assert version is not None
    least = least_backoff(version)
    for seconds, starts in ((least, True), (least - 1, False)):
        lines = _started(f"tls://192.0.2.1:443?maxbackoff={seconds:.0f}s", tmp_path)
        assert (SIGN in lines) == starts, (version, lines)


SIGN = "admin socket listening"


def _started(uri: str, tmp_path: Path) -> str:
    """What the program says of a configuration with this peer, up to its sign of life."""
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
    ) as started:
        try:
            return _until(started, SIGN, config=json.dumps(config))
        finally:
            started.terminate()


def _until(started: subprocess.Popen[str], sign: str, *, config: str) -> str:
    """What the node printed up to its sign of life, or up to its end."""
    assert started.stdin is not None
    assert started.stdout is not None
    started.stdin.write(config)
    started.stdin.close()
    told = ""
    for line in started.stdout:
        told += line
        if sign in line:
            break
    return told


@pytest.mark.parametrize(
    ("version", "least"),
    [((0, 5, 12), 30.0), ((0, 5, 13), 5.0), ((0, 5, 14), 5.0), ((0, 4, 7), 30.0)],
)
def test_a_newer_node_may_be_told_to_dial_more_often(
    version: tuple[int, int, int], least: float
) -> None:
    assert least_backoff(version) == least


def test_the_backoff_of_a_peer_is_read() -> None:
    assert backoff_of("tls://peer.example:443?key=1&maxbackoff=1m30.5s") == 90.5
    assert backoff_of("tls://peer.example:443?key=1") is None
    assert backoff_of("tls://peer.example:443") is None
