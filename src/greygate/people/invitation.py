"""An invitation as it is handed to a person: a link, a text to send, and a QR code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import segno

from greygate.secret import Secret
from greygate.text import _

LINKED_PEERS = 3  # in the link: more make the QR code wider than a terminal of 80 columns
QUIET_ZONE = 4  # modules, ISO/IEC 18004 section 5.3.8

# RFC 3986 section 3.5: these stand in a fragment as they are, and keep link and code short.
_PLAIN_IN_FRAGMENT = ":/?@"

_HALVES = {(1, 1): "█", (1, 0): "▀", (0, 1): "▄", (0, 0): " "}
_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
_BLACK, _WHITE, _PLAIN = "\x1b[48;5;16m", "\x1b[48;5;231m", "\x1b[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What one person needs to get in."""

    server_name: str
    client_url: str  # what the app is told to connect to
    named_url: str | None  # the same by the client name, where that is another
    token: Secret
    peers: tuple[str, ...]  # Yggdrasil peers, so that the person's device reaches the server
    authority: str | None  # SHA-256 of the certificate authority to trust; None: a public one
    trial: bool

    @property
    def link(self) -> str:
        """The page that explains it all; the secrets stand behind `#`, so no log sees them."""
        given = [("token", self.token.reveal())]
        given += (("peer", peer) for peer in self.peers[:LINKED_PEERS])
        if self.authority is not None:
            given.append(("ca", self.authority))
        fragment = urlencode(given, safe=_PLAIN_IN_FRAGMENT, quote_via=quote)
        return f"{self.client_url}/join#{fragment}"

    def text(self) -> str:
        """The steps, in the order in which they must be taken: the link opens after the third."""
        steps = (self._overlay(), self._trust(), self._app(), self._register())
        numbered = (f"{place}. {step}" for place, step in enumerate(filter(None, steps), 1))
        told = [self._headline(), *numbered, _("The same as a page: {link}").format(link=self.link)]
        return "\n\n".join(told)

    def qr(self, *, encoding: str = "utf-8", terminal: bool = True) -> str:
        """The link as a QR code, in characters that `encoding` has.

        On a terminal the colours are set, for it is not known whether it is dark or light.
        """
        code = segno.make(self.link, error="l", micro=False)
        rows = [[int(bool(dark)) for dark in row] for row in code.matrix_iter(border=QUIET_ZONE)]
        if encoding.lower().replace("-", "").replace("_", "") == "utf8":
            return _in_halves(rows, terminal=terminal)
        return _in_ascii(rows, terminal=terminal)

    def _headline(self) -> str:
        headline = _("You are invited to the Matrix server {name}.").format(name=self.server_name)
        if not self.trial:
            return headline
        return "\n".join(
            (
                headline,
                _("It is a trial: accounts made now do not carry over to the lasting server,"),
                _("and it can never talk with other servers."),
            )
        )

    def _overlay(self) -> str:
        if not self.peers:
            return _(
                "Install Yggdrasil, version 0.5 or newer, and ask whoever invited you\n"
                "   which peers to add: none are given here."
            )
        peers = "\n".join(f"     {peer}" for peer in self.peers)
        return (
            _("Install Yggdrasil, version 0.5 or newer, and add these peers to it:") + "\n" + peers
        )

    def _trust(self) -> str | None:
        if self.authority is None:
            return None
        return _(
            "Ask whoever invited you for the server's certificate authority, install it as\n"
            "   trusted on your device, and compare its SHA-256 fingerprint:\n{fingerprint}"
        ).format(fingerprint=_folded(self.authority))

    def _app(self) -> str:
        return _(
            "Get an app that can register with a token: Element Web or Element Desktop.\n"
            "   Element X cannot. With any other app, ask for a ready-made account instead\n"
            "   (the owner runs: greygate user add NAME)."
        )

    def _register(self) -> str:
        return _(
            'In the app choose "Create account", change the homeserver to\n'
            "     {url}\n"
            "   and where it asks for a registration token give\n"
            "     {token}"
        ).format(url=self.client_url + self._or_by_name(), token=self.token.reveal())

    def _or_by_name(self) -> str:
        if self.named_url is None:
            return ""
        by_name = _("(or {url}, once that name resolves for you)")
        return "\n     " + by_name.format(url=self.named_url)


def _folded(fingerprint: str) -> str:
    """A fingerprint in two lines, so that people compare it rather than give up."""
    pairs = fingerprint.split(":")
    half = (len(pairs) + 1) // 2
    lines = (":".join(pairs[:half]), ":".join(pairs[half:]))
    return "\n".join(f"     {line}" for line in lines if line)


def _in_halves(rows: Sequence[Sequence[int]], *, terminal: bool) -> str:
    """Two rows of modules in one line of half blocks."""
    padded = [*rows, [0] * len(rows[0])] if len(rows) % 2 else list(rows)
    lines = (
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(padded[::2], padded[1::2], strict=True)
    )
    if not terminal:
        return "\n".join(lines)
    return "\n".join(f"{_BLACK_ON_WHITE}{line}{_PLAIN}" for line in lines)


def _in_ascii(rows: Sequence[Sequence[int]], *, terminal: bool) -> str:
    """Two characters for a module: on a terminal coloured blanks, on paper `##`."""
    dark, light = (f"{_BLACK}  ", f"{_WHITE}  ") if terminal else ("##", "  ")
    end = _PLAIN if terminal else ""
    return "\n".join("".join(dark if it else light for it in row) + end for row in rows)
