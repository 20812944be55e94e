"""Site to the text of its site file: what was chosen as values, what is derived as comments."""

from __future__ import annotations

import json
from collections.abc import Iterator

from greygate.site import defaults
from greygate.site.edges import PRIORITY
from greygate.site.model import (
    LETS_ENCRYPT,
    Certificates,
    Challenge,
    Edge,
    Editor,
    KeyType,
    Overlay,
    Site,
    Source,
    Zone,
)
from greygate.site.zones import USUAL
from greygate.text import _

# A list longer than this stands one part to a line.
_WIDTH = 80

# Where comments that follow a value begin.
_MARGIN = 38

_FEDERATES = _("it talks to other servers, through an edge")
_STANDALONE = _("standalone: the people of this server only")


def site_text(site: Site) -> str:
    """The site file of `site`; parsing it gives `site` back."""
    blocks = (
        *(_head(site), _names(site), _overlay(site.overlay)),
        *map(_edge, site.edges),
        *map(_zone, site.zones),
        _egress(site),
        *(_certificates(site.certificates), _people(site), _support(site)),
    )
    return "\n".join("\n".join(block) + "\n" for block in map(list, blocks) if block)


def _head(site: Site) -> Iterator[str]:
    yield _("# What this server is. `greygate show plan` tells what follows from it.")
    yield ""
    if site.trial:
        yield _("# A trial: the name is a throw-away, and accounts made in it do not carry over.")
        yield f"server_name = {_quoted(str(site.server_name))}"
        yield "trial = true"
    else:
        name = f"server_name = {_quoted(str(site.server_name))}"
        yield _noted(name, _("part of every user id, for ever"))
    federation = f"federation = {_truth(value=site.federation)}"
    yield _noted(federation, _FEDERATES if site.federation else _STANDALONE)
    if site.legacy_media:
        yield "legacy_media = true"
    if site.accepted_doubts:
        yield _listed("accepted_doubts", site.accepted_doubts)


def _names(site: Site) -> Iterator[str]:
    names = site.names
    yield "[names]"
    usual = names.client == defaults.client_name(site.server_name)
    client = _or_comment(f"client = {_quoted(names.client)}", usual=usual)
    yield _noted(client, _("what apps connect to"))
    layout = f"layout = {_quoted(names.layout.value)}"
    yield _or_comment(layout, usual=names.layout is defaults.LAYOUT)


def _overlay(overlay: Overlay) -> Iterator[str]:
    yield "[overlay]"
    yield f"node = {_quoted(overlay.node.value)}"
    if overlay.address is not None:
        yield f"address = {_quoted(str(overlay.address))}"
    for name, texts in (
        ("peers", overlay.peers),
        ("listen", overlay.listen),
        ("allow", tuple(map(str, overlay.allow))),
    ):
        if texts:
            yield _listed(name, texts)
    firewall = f"firewall = {_truth(value=overlay.firewall)}"
    yield _or_comment(firewall, usual=overlay.firewall is defaults.firewall(overlay.node))


def _edge(edge: Edge) -> Iterator[str]:
    yield "[[edge]]"
    yield f"id = {_quoted(edge.id)}"
    yield f"name = {_quoted(edge.name)}"
    yield _listed("addresses", tuple(map(str, edge.addresses)))
    if edge.priority != PRIORITY:
        yield f"priority = {edge.priority}"


def _zone(zone: Zone) -> Iterator[str]:
    yield "[[zone]]"
    yield f"name = {_quoted(zone.name)}"
    yield f"dns = {_quoted(_way(zone.editor, zone.provider))}"
    if zone.challenge is not None and zone.challenge is not USUAL.get(zone.editor):
        yield f"challenge = {_quoted(_way(zone.challenge, zone.provider))}"
    said = {
        "server": zone.server,
        "key_file": zone.key_file,
        "credentials": zone.credentials,
        "acme_dns": zone.acme_dns,
        "edge": zone.edge,
    }
    yield from (f"{name} = {_quoted(str(it))}" for name, it in said.items() if it is not None)


def _way(way: Editor | Challenge, provider: str | None) -> str:
    return f"lexicon:{provider}" if way in (Editor.LEXICON, Challenge.LEXICON) else way.value


def _certificates(certificates: Certificates) -> Iterator[str]:
    usual_directory = certificates.directory == LETS_ENCRYPT
    usual_key = certificates.key_type is KeyType.ECDSA
    said = {
        "source": None if certificates.source is Source.OWN else certificates.source.value,
        "chain": certificates.chain,
        "key": certificates.key,
        "issuer": certificates.issuer,
        "account": certificates.account,
        "email": certificates.email,
        "directory": None if usual_directory else certificates.directory,
        "key_type": None if usual_key else certificates.key_type.value,
        "profile": certificates.profile,
        "preferred_chain": certificates.preferred_chain,
    }
    if any(value is not None for value in said.values()):
        yield "[certificates]"
    yield from (f"{name} = {_quoted(str(it))}" for name, it in said.items() if it is not None)


def _egress(site: Site) -> Iterator[str]:
    if site.open_networks:
        yield "[egress]"
        yield _listed("allow", tuple(map(str, site.open_networks)))


def _people(site: Site) -> Iterator[str]:
    yield "[people]"
    first = f"first = {_quoted(site.first_person)}"
    first = _or_comment(first, usual=site.first_person == defaults.FIRST_PERSON)
    yield _noted(first, _("whom the first start creates"))


def _support(site: Site) -> Iterator[str]:
    support = site.support
    if support.email is not None or support.page is not None:
        yield "[support]"
    if support.email is not None:
        yield f"email = {_quoted(support.email)}"
    if support.page is not None:
        yield f"page = {_quoted(support.page)}"


def _noted(line: str, note: str) -> str:
    return f"{line.ljust(_MARGIN)}  # {note}"


def _or_comment(line: str, *, usual: bool) -> str:
    return f"# {line}" if usual else line


def _listed(name: str, texts: tuple[str, ...]) -> str:
    line = f"{name} = [{', '.join(map(_quoted, texts))}]"
    if len(line) <= _WIDTH:
        return line
    return "\n".join((f"{name} = [", *(f"  {_quoted(text)}," for text in texts), "]"))


def _truth(*, value: bool) -> str:
    return "true" if value else "false"


def _quoted(text: str) -> str:
    # JSON's strings are TOML's, save for DEL and split surrogates: neither passes a check of ours.
    return json.dumps(text, ensure_ascii=False)
