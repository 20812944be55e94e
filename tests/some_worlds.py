"""Worlds of names that hypothesis makes up: few names, so that they meet, and every ugly answer."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from greygate.spec.delegation import LONGEST_DOCUMENT, Fetched, Unfetched
from greygate.spec.dns import (
    Absence,
    Absent,
    Addresses,
    Failure,
    Service,
    Services,
    Unanswered,
    bare,
)
from name_world import NameWorld

HOSTS = ("home.example", "Edge.Example", "other.example")
ODD_HOSTS = ("a--b.example", "ab--c.example", "-edge.example", "x_y.example", "edge.example.")
UNASKED = ("ab--c.example", "xn--a.example", "xn--xample-9ua.example")  # two of them by Twisted
LITERALS = ("192.0.2.1", "[2001:db8::1]", "[2001:DB8::2]")
PORTS = ("", "", ":443", ":8448", ":00080")
UGLY = (
    *("", " ", ":", ":8448", "[", "[]", "[::1", "::1", "[::1]x", "edge.example:", "192.0.2.1:"),
    *("edge.example:0", "edge.example:65536", "edge.example:99999", "edge.example:x"),
    *("edge.example:+1", "edge.example:4_4", "EDGE.example:443", "edge.example:443:443"),
    *("https://edge.example", "https://edge.example:443/", "//edge.example", "edge.example/path"),
    *("edge.example:443/path", "edge.example?query", "edge.example#part", "user@edge.example"),
    *("user:word@edge.example:443", " edge.example", "edge.example ", "edge\texample", "edge\n"),
    *("éxample", "xn--xample-9ua.example", "edge..example", ".", "edge.example.:443", "1.2.3"),
    *("999.1.1.1", "1.2.3.04", "*.example", "edge.example,other.example", "edge%2eexample"),
)
BODIES = ("", "{}", "[]", "null", '"edge.example"', "<html>", '{"m.server": NaN}', "{", "\ufeff{}")
ADDRESSES = tuple(
    map(ip_address, ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1", "200::1"))
)
# What Synapse's resolver can be told of; the rest ends every look-up alike.
FAILURES = (Failure.SERVER, Failure.REFUSED, Failure.NOT_DONE, Failure.FORMAT, Failure.SILENCE)

# A world takes milliseconds to make up, more where everything else is tested meanwhile.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = (
    *(*HOSTS * 9, *UNASKED, *LITERALS),
    *(f"{host}:443" for host in HOSTS),
    *("192.0.2.1:443", "[::9]:80"),
)

names = st.sampled_from(NAMES)
_hosts = st.sampled_from(HOSTS)
_odd_hosts = st.sampled_from((*HOSTS * 3, *ODD_HOSTS))


def _mostly(*often: st.SearchStrategy[Any], seldom: st.SearchStrategy[Any]) -> Any:
    """Three times in four one of the first."""
    return st.sampled_from((*often * 3, *(seldom,) * len(often))).flatmap(lambda it: it)


_stated = _mostly(
    st.builds(str.__add__, _odd_hosts | st.sampled_from(LITERALS), st.sampled_from(PORTS)),
    st.sampled_from(UGLY),
    seldom=st.none() | st.integers() | st.lists(_hosts, max_size=1),
)
_bodies = _mostly(
    _stated.map(lambda it: json.dumps({"m.server": it})), seldom=st.sampled_from(BODIES)
)


@st.composite
def _pages(draw: st.DrawFn) -> Fetched:
    length = draw(st.sampled_from([0] * 8 + [12288, 12289, LONGEST_DOCUMENT - 1, LONGEST_DOCUMENT]))
    hops = draw(st.sampled_from([0] * 8 + [1, 4, 5, 20]))
    return Fetched(
        status=draw(st.sampled_from([200] * 12 + [201, 204, 404, 500, 503])),
        body=draw(_bodies).encode().ljust(length),
        redirects=tuple(f"https://hop{n}.example/" for n in range(hops)),
    )


_silence = st.sampled_from(FAILURES).map(Unanswered)
_absence = st.sampled_from(Absence).map(Absent)
_service = st.builds(
    Service,
    priority=st.integers(0, 2),
    weight=st.integers(0, 2),
    port=st.sampled_from([443, 8448, 1]),
    target=_odd_hosts,
)
_services = st.lists(_service, min_size=1, max_size=4).map(lambda it: Services(tuple(it)))
_srv_answers = _mostly(
    *(_services, _absence, _absence), seldom=_silence | st.just(Services((Service(0, 0, 0, "."),)))
)
_addresses = st.builds(
    Addresses,
    st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True).map(tuple),
    st.lists(_hosts, max_size=1).map(tuple),
    st.lists(_silence, max_size=1).map(tuple),
)


def _for_each(prefix: str, answers: st.SearchStrategy[Any]) -> Any:
    every = sorted({prefix + bare(host) for host in (*HOSTS, *ODD_HOSTS, *UNASKED)})
    return st.fixed_dictionaries({name: answers for name in every})


worlds = st.builds(
    NameWorld,
    documents=_for_each("", _mostly(_pages(), seldom=st.just(Unfetched("refused")))),
    services_=st.builds(
        dict.__or__,
        _for_each("_matrix-fed._tcp.", _srv_answers),
        _for_each("_matrix._tcp.", _srv_answers),
    ),
    addresses_=_for_each("", _mostly(_addresses, seldom=_absence | _silence)),
)
