"""How homeservers resolve server names in fact, where they do it otherwise than specified.

Synapse's is compared with Synapse itself by a test. The conduit family's is tuwunel's code of
2026-08 (src/service/resolver), as read; it was not run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from greygate.spec import delegation as specified
from greygate.spec.delegation import Fetched, Undelegated, Unfetched, WellKnownAnswer, stated
from greygate.spec.discovery import (
    PORT,
    SRV,
    SRV_DEPRECATED,
    Answer,
    Asking,
    NoRoute,
    Question,
    Route,
    Target,
    fetch,
    literal_route,
    look_up_addresses,
    look_up_srv,
    named_route,
    no_addresses,
    not_offered,
    route_to,
    unanswered,
)
from greygate.spec.dns import (
    Absent,
    Address,
    Addresses,
    Failure,
    Services,
    Unanswered,
)
from greygate.spec.server_name import BadServerName, ServerName
from greygate.text import _
