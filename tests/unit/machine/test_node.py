"""A Yggdrasil that is already here: its version, its address, and 0.4 by its name."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from greygate.machine import node
from greygate.machine.node import Version
from our_end import WITH_US

RECORDED = Path(__file__).parents[2] / "recorded" / "yggdrasil"


def _recorded(name: str) -> dict[str, Any]:
    told = node.self_in((RECORDED / name).read_bytes())
    assert told is not None
    return told


def test_the_version_is_read_where_it_is_printed() -> None:
    text = "Build name: yggdrasil\nBuild version: 0.5.12\n"
    assert str(node.version_in(text)) == "0.5.12"
    assert node.version_in("Build name: unknown\nBuild version: unknown\n") is None
    assert node.version_in("0.4.7-1+b5") == Version(0, 4, 7)


def test_todays_node_is_read() -> None:
    told = _recorded("getself-0.5.12.json")
    assert node.version_of(told) == Version(0, 5, 12)
    assert told["address"].startswith("200:")


def test_debians_0_4_is_known_by_its_coordinates() -> None:
    told = _recorded("getself-0.4.7-debian.json")
    assert told["build_version"] == "unknown"
    assert node.version_of(told)[:2] == (0, 4)


def test_an_old_answer_is_unwrapped() -> None:
    wrapped = {"response": {"self": {"200::1": {"build_version": "0.3.16", "coords": "[]"}}}}
    told = node.self_in(json.dumps(wrapped).encode())
    assert told is not None
    assert (told["address"], node.version_of(told)) == ("200::1", Version(0, 3, 16))


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0", b"[]", b"{}", b'{"response": null}', b'{"response": {"self": {"a": 1}}}'],
)
def test_what_is_no_node_is_none(answer: bytes) -> None:
    assert node.self_in(answer) is None


def test_a_stranger_at_the_usual_place_is_no_node(tmp_path: Path) -> None:
    place = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()

        def answer() -> None:
            taken, _peer = listening.accept()
            with taken:
                taken.recv(1000)
                taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        assert node._asked(place) is None
        answering.join()


@pytest.mark.programs
def test_a_running_node_is_found(tmp_path: Path) -> None:
    place = tmp_path / "admin.sock"
    settings = {"AdminListen": f"unix://{place}", "IfName": "none", "MulticastInterfaces": []}
    (tmp_path / "node.json").write_text(json.dumps(settings))
    with subprocess.Popen(
        (*WITH_US, "yggdrasil", "-useconffile", tmp_path / "node.json"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + 10
            while (found := node.running((str(place),))) is None or found.admin is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            process.terminate()
    assert found.version == node.installed()
    assert found.joins()
    assert found.interface is None


def test_whoever_answers_on_the_port_without_the_address_is_no_node() -> None:
    told = b'{"response": {"build_version": "0.5.12", "address": "200:bad::1"}}'
    with socket.create_server(("127.0.0.1", 0)) as pretender:

        def answer() -> None:
            asking, _address = pretender.accept()
            with asking:
                asking.recv(1000)
                asking.sendall(told)

        thread = threading.Thread(target=answer)
        thread.start()
        assert node.running((pretender.getsockname()[:2],)) is None
        thread.join()
