"""Sites made without a file: the trial, and the standalone server of `up NAME`."""

from __future__ import annotations

import re

from greygate.site import defaults
from greygate.site.model import Names, Node, Overlay, Site, Support
from greygate.site.parse import TRIAL_ZONE
from greygate.spec.server_name import ServerName

# Eight characters of lower-case base32: 40 bits, so that two trials that meet are told apart.
TOKEN_LENGTH = 8

_TOKEN = re.compile(rf"[a-z2-7]{{{TOKEN_LENGTH}}}")


def trial(token: str, *, node: Node = defaults.NODE) -> Site:
    """The trial with that random token in its name."""
    assert _TOKEN.fullmatch(token), "a token is eight characters of lower-case base32"
    name = ServerName.parse(f"trial-{token}.{TRIAL_ZONE}")
    return _site(name, str(defaults.client_name(name)), node=node, trial=True)


def standalone(
    name: ServerName,
    *,
    client: str | None = None,
    node: Node = defaults.NODE,
    accepted: tuple[str, ...] = (),
) -> Site:
    """A server for keeps, everything else as the defaults have it.

    Its names are not judged here: whoever writes it to a file parses that text, which does.
    """
    # An address has no name below it; the parser asks for one.
    chosen = client or defaults.client_name(name) or str(name)
    return _site(name, chosen, node=node, trial=False, accepted=accepted)


def _site(
    name: ServerName, client: str, *, node: Node, trial: bool, accepted: tuple[str, ...] = ()
) -> Site:
    return Site(
        server_name=name,
        federation=False,
        trial=trial,
        names=Names(client=client, layout=defaults.LAYOUT),
        overlay=Overlay(
            node=node,
            address=None,
            peers=(),
            listen=(),
            allow=(),
            firewall=defaults.firewall(node),
        ),
        first_person=defaults.FIRST_PERSON,
        support=Support(
            matrix_id=defaults.support_id(defaults.FIRST_PERSON, name), email=None, page=None
        ),
        accepted_doubts=accepted,
    )
