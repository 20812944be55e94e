"""One slip is one mistake, on its own line: every line of a good file, spoiled in many ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from greygate.errors import SiteRefused
from greygate.site.parse import parse

WHOLE = """server_name = "home.twinkle.net"
federation = true
legacy_media = false
accepted_doubts = ["doubt.not-public"]
[names]
client = "m.home.twinkle.net"
layout = "none"
[overlay]
node = "managed"
peers = ["tls://192.0.2.1:443"]
listen = ["tls://[::]:9001"]
allow = ["tcp/22"]
firewall = true
[[edge]]
id = "edge1"
name = "edge.other.net"
addresses = ["192.0.2.10", "2001:db8::10"]
tls = "sealed"
priority = 10
[[edge]]
id = "edge2"
name = "two.other.net"
addresses = ["192.0.2.11"]
[[zone]]
name = "twinkle.net"
dns = "rfc2136"
server = "192.0.2.53"
key_file = "/etc/greygate/tsig"
[[zone]]
name = "other.net"
dns = "manual"
challenge = "own-dns"
edge = "edge2"
[egress]
allow = ["192.168.1.20"]
[certificates]
source = "acme"
issuer = "letsencrypt.org"
account = "https://ca.other.net/1"
email = "me@other.net"
directory = "https://ca.other.net/directory"
key_type = "ecdsa"
profile = "classic"
preferred_chain = "ISRG Root X1"
[people]
first = "anna"
[support]
email = "me@other.net"
page = "https://other.net/help"
"""
CYRILLIC = {ord("a"): "\u0430", ord("e"): "\u0435", ord("o"): "\u043e"}


def spoiled(line: str) -> Iterator[str]:
    """The line as one slip leaves it."""
    yield line.translate(CYRILLIC) if line.startswith("[") else _with_key(line, CYRILLIC)
    if line.startswith("["):
        name = line.strip("[]")
        yield line.replace(name, f"{name[:-1]}x{name[-1]}")
        yield line.replace(name, name.upper())
        yield f"[{name}]" if line.startswith("[[") else f"[[{name}]]"
        yield line[:-1]
        return
    key, value = line.split(" = ", 1)
    bare = value.strip('"')
    yield f"{key[:-1]}q{key[-1]} = {value}"
    yield f"{key.upper()} = {value}"
    yield f"{key}: {value}"
    yield f"{key} ="
    yield f"{key} = {value[:-1]}"
    yield f"{key} = {{}}"
    yield f"{key} = \u201c{bare}\u201d"
    yield f'{key} = "~ ~"'
    yield f"{key} = [[1]]"
    yield f"{key} = {value} x"


def _with_key(line: str, letters: dict[int, str]) -> str:
    key, equals, value = line.partition(" = ")
    return key.translate(letters) + equals + value


LINES = WHOLE.splitlines()
FREE = ("profile", "preferred_chain")  # any text will do
SOUND = ("priority = 1",)
SLIPS = [
    (number, slip)
    for number, line in enumerate(LINES, 1)
    for slip in spoiled(line)
    if slip not in (line, *SOUND) and not (line.startswith(FREE) and slip.endswith('"~ ~"'))
]


def test_the_file_itself_is_sound() -> None:
    assert parse(WHOLE).federation


@pytest.mark.parametrize(("number", "slip"), SLIPS)
def test_one_slip_is_one_mistake(number: int, slip: str) -> None:
    with pytest.raises(SiteRefused) as refused:
        parse("\n".join((*LINES[: number - 1], slip, *LINES[number:], "")))
    assert [it.line for it in refused.value.mistakes] == [number], refused.value.mistakes
