"""Invitations: the link, the text and the code that a camera reads."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from greygate.people.invitation import Invitation
from greygate.secret import Secret

AUTHORITY = ":".join(["AB", "0F"] * 16)
INVITATION = Invitation(
    server_name="home.example",
    client_url="https://m.home.example",
    named_url=None,
    token=Secret("Ab.~-_9"),
    peers=("tls://192.0.2.1:443?key=00ff&sni=a.example", "quic://[2001:db8::1]:9001"),
    authority=AUTHORITY,
    trial=False,
)


def _read(link: str) -> dict[str, list[str]]:
    """The fragment as a browser's URLSearchParams reads it."""
    return parse_qs(urlsplit(link).fragment, keep_blank_values=True)


def test_the_link_carries_what_the_page_reads() -> None:
    link = urlsplit(INVITATION.link)
    assert (link.scheme, link.netloc, link.path) == ("https", "m.home.example", "/join")
    assert not link.query
    assert _read(INVITATION.link) == {
        "token": ["Ab.~-_9"],
        "peer": list(INVITATION.peers),
        "ca": [AUTHORITY],
    }


@given(peers=st.lists(st.text(min_size=1), max_size=3), token=st.text(min_size=1))
def test_nothing_breaks_out_of_its_place(peers: list[str], token: str) -> None:
    link = replace(INVITATION, peers=tuple(peers), token=Secret(token)).link
    assert _read(link).get("peer", []) == peers
    assert _read(link)["token"] == [token]
    assert link.isascii()
    assert not set(link) & set(' "<>\\^`{|}')


def test_a_public_certificate_needs_no_trust() -> None:
    invitation = replace(INVITATION, authority=None)
    assert "ca" not in _read(invitation.link)
    assert "SHA-256" not in invitation.text()


def test_the_text_names_every_step() -> None:
    text = INVITATION.text()
    for part in (*INVITATION.peers, "Ab.~-_9", "https://m.home.example", INVITATION.link):
        assert part in text
    assert AUTHORITY.startswith(text.partition("fingerprint:\n     ")[2].partition("\n")[0])
    assert "Element X cannot" in text
    assert "trial" not in text
    assert [line[:2] for line in text.splitlines() if line[:1].isdigit()] == [
        "1.",
        "2.",
        "3.",
        "4.",
    ]


def test_a_trial_says_that_nothing_carries_over() -> None:
    assert "do not carry over" in replace(INVITATION, trial=True).text()


def test_the_token_is_not_in_the_repr() -> None:
    assert "Ab.~-_9" not in repr(INVITATION)


def _modules(text: str) -> list[list[int]]:
    """The modules in lines of half blocks, dark ones as 1."""
    halves = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows = []
    for line in text.splitlines():
        pairs = [halves[character] for character in line]
        rows += [[upper for upper, _lower in pairs], [lower for _upper, lower in pairs]]
    return rows


def _wanted() -> list[list[int]]:
    code = segno.make(INVITATION.link, error="l", micro=False)
    return [[int(bool(it)) for it in row] for row in code.matrix_iter(border=4)]


def test_half_blocks_hold_the_code_and_its_quiet_zone() -> None:
    wanted = _wanted()
    assert _modules(INVITATION.qr(terminal=False))[: len(wanted)] == wanted
    assert not any(any(row) for row in (*wanted[:4], *wanted[-4:]))


def test_ascii_holds_the_same_code() -> None:
    text = INVITATION.qr(encoding="ANSI_X3.4-1968", terminal=False)
    assert text.isascii()
    seen = [
        [int(line[at : at + 2] == "##") for at in range(0, len(line), 2)]
        for line in text.split("\n")
    ]
    assert seen == _wanted()


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "iso8859-1"])
def test_a_terminal_is_told_both_colours(encoding: str) -> None:
    text = INVITATION.qr(encoding=encoding)
    text.encode(encoding)
    for line in text.splitlines():
        assert line.startswith("\x1b[")
        assert line.endswith("\x1b[0m")


def test_it_fits_a_terminal_of_80_columns() -> None:
    many = replace(INVITATION, peers=("tls://[2001:db8:1234:5678::9abc]:65535",) * 9)
    assert max(map(len, many.qr(terminal=False).splitlines())) <= 80
    assert len(_read(many.link)["peer"]) == 3
