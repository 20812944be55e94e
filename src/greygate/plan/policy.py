"""What the clearnet may ask of home: one table, from which rules, tests and the document come.

The table (endpoints.tsv) has every endpoint of the Matrix specification and Synapse's own paths,
each with a verdict and its source. What opens is told by method and by the whole path as it came,
never by a prefix and never by what a path would be once decoded: Synapse routes on the raw octets,
and a rule that looks at others decides about another request than the one that is forwarded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from greygate.site.model import Layout, Site

# What stands for a parameter: RFC 3986's pchar but for ";", one or more, encoded or not. Room ids
# may have no domain (room version 12), and event ids may hold an encoded slash (version 3).
SEGMENT = "(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f][0-9A-Fa-f])"

# Refused before anything else is looked at, wherever it stands in the raw target.
ODD = r"//|(/|%2f)\.\.?(;|/|%2f|$)|%2e|%5c|%[01][0-9a-f]|%7f"
ODD_CHARACTERS = ("#", "\\")

_PARAMETER = re.compile(r"\{([A-Za-z]+)\}")


class Verdict(Enum):
    """Whether federation needs an endpoint on the clearnet."""

    MUST = "must"
    MAY = "may"
    NEVER = "never"


class Opens(Enum):
    """When an endpoint is open."""

    ALWAYS = "always"
    LEGACY_MEDIA = "legacy-media"  # where the site file says legacy_media = true
    CLEARNET = "clearnet"  # in that layout; HAProxy answers it itself
    CLOSED = ""


class Outcome(Enum):
    """What comes of a request."""

    ANSWERED = "answered by Synapse"
    STATED = "answered by HAProxy"
    UNKNOWN = "404 M_UNRECOGNIZED"
    WRONG_METHOD = "405 M_UNRECOGNIZED"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table."""

    method: str  # "*" and "A/B" as the table spells several
    path: str
    api: str
    verdict: Verdict
    opens: Opens
    signed: bool  # without the asking server's signature Synapse refuses it (S-S API, section 4)
    reason: str
    source: str

    def pattern(self, server_name: str) -> str:
        """The whole path, as an anchored regular expression over the raw octets."""
        parts = _PARAMETER.split(self.path)
        literal, names = parts[::2], parts[1::2]
        texts = [re.escape(literal[0]).replace("\\-", "-")]
        for name, after in zip(names, literal[1:], strict=True):
            texts.append(_parameter(name, server_name))
            texts.append(re.escape(after).replace("\\-", "-"))
        return f"^{''.join(texts)}$"


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of one request, and the row of the table by which."""

    outcome: Outcome
    why: str
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is open in one layout, with one choice of switches."""

    server_name: str
    open: tuple[Endpoint, ...]  # forwarded to Synapse
    stated: tuple[Endpoint, ...]  # answered by HAProxy

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that anything open has."""
        return tuple(sorted({endpoint.method for endpoint in self.open}))

    def patterns(self, method: str | None = None) -> tuple[str, ...]:
        """Every open path, or those of one method."""
        chosen = (it for it in self.open if method in (None, it.method))
        return tuple(sorted({it.pattern(self.server_name) for it in chosen}))

    def unsigned_patterns(self) -> tuple[str, ...]:
        """The open paths that anybody may ask for."""
        return tuple(sorted({it.pattern(self.server_name) for it in self.open if not it.signed}))

    def decide(self, method: str, target: str) -> Decision:
        """What the ingress does with a request line; `target` as it stands on the wire."""
        if problem := oddity(target):
            return Decision(Outcome.UNKNOWN, problem)
        path = target.partition("?")[0]
        fitting = [it for it in self.open if re.search(it.pattern(self.server_name), path)]
        for endpoint in fitting:
            if endpoint.method == method:
                return Decision(Outcome.ANSWERED, endpoint.reason, endpoint)
        for endpoint in self.stated:
            if endpoint.path == path and method in ("GET", "HEAD", "OPTIONS"):
                return Decision(Outcome.STATED, endpoint.reason, endpoint)
        if fitting:
            allowed = ", ".join(sorted({it.method for it in fitting}))
            return Decision(Outcome.WRONG_METHOD, f"only {allowed}", fitting[0])
        return Decision(Outcome.UNKNOWN, "nothing in the table opens this path")


def oddity(target: str) -> str | None:
    """Why a raw target is refused unread; None where it is plain."""
    if not target.startswith("/"):
        return "not in origin form"
    if any(it in target for it in ODD_CHARACTERS):
        return "a character that no target holds"
    if not target.isascii() or re.search(ODD, target.partition("?")[0], re.IGNORECASE):
        return "a path that some program would read as another"
    return None


def policy_for(site: Site) -> Policy:
    """What the ingress of that site lets by."""
    opening = {Opens.ALWAYS, *((Opens.LEGACY_MEDIA,) if site.legacy_media else ())}
    clearnet = site.names.layout is Layout.CLEARNET
    return Policy(
        server_name=str(site.server_name),
        open=tuple(it for it in endpoints() if it.opens in opening),
        stated=tuple(it for it in endpoints() if clearnet and it.opens is Opens.CLEARNET),
    )


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """The whole table."""
    from importlib.resources import files  # slow to import, and seldom needed

    return tuple(_rows(files("greygate.plan").joinpath("endpoints.tsv").read_text("utf-8")))


def _rows(text: str) -> Iterator[Endpoint]:
    _header, *lines = text.splitlines()
    for line in lines:
        method, path, api, verdict, opens, signed, reason, source = line.split("\t")
        yield Endpoint(
            *(method, path, api, Verdict(verdict), Opens(opens)), signed == "yes", reason, source
        )


def _parameter(name: str, server_name: str) -> str:
    match name:
        case "serverName":  # of media: ours, or we would be a proxy to everybody's
            return re.escape(server_name).replace("\\-", "-")
        case "keyId":  # older servers send an empty one
            return f"{SEGMENT}*"
        case _:
            return f"{SEGMENT}+"
