"""The judge finds what there is to find: each fault once, from lines as Synapse writes them."""

from __future__ import annotations

import pytest

from separation.judge import Answer, faults
from separation.places import FROM_CLEARNET
from separation.shots import Door, Expected, Shot
from separation.synapse_log import arrival

MARK = "shot000007x"
OPEN = f"/_matrix/federation/v1/version?mark={MARK}"
CLOSED = f"/_matrix/client/versions?mark={MARK}"
FEDERATION, CLIENT = "/run/greygate/synapse/federation.sock", "198.51.100.6"
REFUSED = Answer("answered", 404, "HTTP/1.1 404 Not Found", "")
SYNAPSES = Answer("answered", 200, "HTTP/1.1 200 OK\r\nserver: Synapse/1.163.2", "{}")


def begun(asker: str, target: str) -> str:
    return f"{asker} - unix - Received request: GET {target}"


def done(asker: str, target: str, agent: str = MARK) -> str:
    """As 1.163.2 writes it."""
    return (
        f"{asker} - unix - {{None}} Processed request: 0.002sec/0.000sec ru=(0.001sec, 0.000sec)"
        f' db=(0.000sec/0.000sec/0) 79B 200 "GET {target} HTTP/1.1" "{agent}" [0 dbevts]'
    )


def told(expected: Expected, answer: Answer, *lines: str, target: str = OPEN) -> list[str]:
    shot = Shot(
        mark=MARK,
        kind="client",
        name="a shot",
        door=Door(to=("", 0), names={"own": ""}, sni=None),
        octets=b"",
        target=target,
        expected=expected,
    )
    arrivals = [seen for line in lines if (seen := arrival(line))]
    assert len(arrivals) == len(lines)
    return faults([shot], {MARK: answer}, arrivals, FROM_CLEARNET)


@pytest.mark.parametrize(
    ("expected", "answer", "lines"),
    [
        (Expected.NOTHING, REFUSED, ()),
        (Expected.ONCE, SYNAPSES, (begun(FEDERATION, OPEN), done(FEDERATION, OPEN))),
        (Expected.IF_OPEN, SYNAPSES, (begun(FEDERATION, OPEN),)),
        (Expected.IF_OPEN, REFUSED, ()),
        (Expected.NOTHING, REFUSED, (done(FEDERATION, "/_matrix/x", "Synapse/1.163.2"),)),
        (Expected.NOTHING, REFUSED, (done("::1", "/health", "greygate"),)),
    ],
)
def test_what_is_right_is_no_fault(
    expected: Expected, answer: Answer, lines: tuple[str, ...]
) -> None:
    assert told(expected, answer, *lines) == []


@pytest.mark.parametrize(
    ("expected", "answer", "lines", "fault"),
    [
        (Expected.NOTHING, REFUSED, (begun(FEDERATION, OPEN),), "arrived"),
        (Expected.NOTHING, SYNAPSES, (), "Synapse answered"),
        (Expected.NOTHING, Answer("answered", 429, "", ""), (), "not judged"),
        (Expected.IF_OPEN, REFUSED, (begun(FEDERATION, CLOSED),), "reached Synapse"),
        (Expected.IF_OPEN, REFUSED, (done(FEDERATION, "/health"),), "reached Synapse"),
        (Expected.IF_OPEN, SYNAPSES, (begun(CLIENT, OPEN),), "reached Synapse"),
        (Expected.NOTHING, REFUSED, (done(FEDERATION, "/health", "x"),), "by no shot"),
        (Expected.NOTHING, REFUSED, (done(CLIENT, "/_matrix/client/x", "x"),), "by no shot"),
        (Expected.ONCE, REFUSED, (), "did not arrive"),
        (Expected.ONCE, SYNAPSES, (begun(FEDERATION, OPEN),) * 2, "did not arrive as"),
        (Expected.ONCE, SYNAPSES, (begun(FEDERATION, f"{OPEN}&x"),), "did not arrive as"),
    ],
)
def test_what_is_wrong_is_told(
    expected: Expected, answer: Answer, lines: tuple[str, ...], fault: str
) -> None:
    assert any(fault in line for line in told(expected, answer, *lines))
