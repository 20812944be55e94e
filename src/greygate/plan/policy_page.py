"""The policy as a document: what is open to the clearnet, what is not, and why (Markdown)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from greygate.plan.policy import Endpoint, Opens, endpoints
from greygate.text import _

_OPEN = {
    Opens.ALWAYS: "always",
    Opens.LEGACY_MEDIA: "with `legacy_media = true`",
    Opens.CLEARNET: "in layout `clearnet`, answered by HAProxy",
}


def page() -> str:
    """The whole document."""
    rows = endpoints()
    opened = [it for it in rows if it.opens is not Opens.CLOSED]
    closed = [it for it in rows if it.opens is Opens.CLOSED]
    return "\n".join(
        (_HEAD, *_opened(opened), "", _CLOSED.format(count=len(closed)), *_shut(closed))
    )


def _opened(rows: list[Endpoint]) -> Iterator[str]:
    yield "| method | path | open | why |"
    yield "|---|---|---|---|"
    for it in rows:
        yield f"| {it.method} | {_code(it.path)} | {_OPEN[it.opens]} | {_cell(it.reason)} |"


def _shut(rows: list[Endpoint]) -> Iterator[str]:
    for api, group in groupby(sorted(rows, key=lambda it: it.api), key=lambda it: it.api):
        yield f"\n### {api}\n"
        yield "| method | path | why |"
        yield "|---|---|---|"
        yield from (f"| {it.method} | {_code(it.path)} | {_cell(it.reason)} |" for it in group)


def _code(path: str) -> str:
    return f"`{_cell(path)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_HEAD = _(
    """# What the clearnet may ask

Made from `src/greygate/plan/endpoints.tsv`, from which HAProxy's rules and their tests are made
too; `greygate show policy` tells it for your site, and `greygate show policy METHOD TARGET` what
would come of one request.

A request from an edge is let by when its method and its whole path fit a row below. The path is
matched as it came, octet for octet, and forwarded as it came; a parameter fits one segment, encoded
or not. Before that, whatever some program could read as another path is refused: `//`, dot
segments, `%2e`, `%5c`, control characters, `\\`, `#`, targets that are no path. What is not open
gets the answer that Synapse gives to what it does not know: 404 `M_UNRECOGNIZED`, or 405 where
another method would do. Where servers sign what they ask, a request without a signature gets 401
before its body is read. Behind the rules is a socket of Synapse's that serves the federation alone.

## Open
"""
)
_CLOSED = _(
    "## Closed\n\n{count} endpoints of the specification and of Synapse are not for the clearnet."
)
