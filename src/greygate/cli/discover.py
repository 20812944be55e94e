"""`greygate discover`: how other homeservers find a server, step by step."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from greygate.cli import discovery_report, output
from greygate.cli.help import EVERYWHERE
from greygate.errors import WrongUsage
from greygate.probe.discovery import Inquiry, network
from greygate.probe.dns import place_of
from greygate.site.near_name import host_hint
from greygate.spec.dialects import DIALECTS
from greygate.spec.discovery import Route
from greygate.spec.server_name import BadServerName, ServerName
from greygate.text import _

UNREACHABLE = 1


def command(
    server_name: Annotated[str, Parameter(help="The part of a user id after its colon.")],
    /,
    *,
    dialect: Annotated[
        Literal["spec", "synapse", "dendrite", "continuwuity", "tuwunel"] | None,
        Parameter(
            help="Resolve it in one way only: as specified, or as that homeserver does "
            "(continuwuity: conduit too). Otherwise as specified, and what the others do "
            "otherwise is told."
        ),
    ] = None,
    resolver: Annotated[
        str | None,
        Parameter(metavar="ADDRESS[:PORT]", help="Ask this DNS resolver, not the machine's own."),
    ] = None,
    json: Annotated[bool, Parameter(group=EVERYWHERE, help="Print JSON.")] = False,
) -> int:
    """Find a Matrix server as other homeservers do, and show every step.

    Asks for the delegation (.well-known), the SRV records and the addresses of any server name,
    yours or not; says where a homeserver connects to, which name it says there, and for which name
    the certificate must be. Needs no site, no root, no server. Connects to nothing but the
    resolver and the web server of the name.

    For example:

        greygate discover home.example
        greygate discover home.example --resolver 192.0.2.53

    Ends with 0 where there is a route, with 1 where there is none.
    """
    name = _server_name(server_name)
    inquiry = Inquiry(network(place_of(resolver) if resolver else None))
    wanted = [it for it in DIALECTS if dialect in (None, it.name)]
    with output.Steps().step(_("looking for {name}").format(name=name)):
        discoveries = [inquiry.discover(name, each) for each in wanted]
    output.emit(
        discovery_report.told(name, discoveries),
        as_json=json,
        text=discovery_report.text(name, discoveries),
    )
    return 0 if isinstance(discoveries[0].found, Route) else UNREACHABLE


def _server_name(text: str) -> ServerName:
    try:
        return ServerName.parse(text)
    except BadServerName as problem:
        raise WrongUsage(
            _("cannot look for {text!r}: {why}").format(text=text, why=problem.why),
            host_hint(
                text, _("a server name is what stands after the colon of a user id: home.example")
            ),
        ) from problem
