"""The keys that a site file may have, and what to say of every other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from greygate.errors import Mistake
from greygate.site.syntax import Entry, Path, Section, Tree
from greygate.text import _, nearest


class Kind(Enum):
    """What a key's value must be."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Known:
    """One key of this version, with a value that would do."""

    key: str
    kind: Kind
    example: str

    @property
    def section(self) -> str:
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]

    @property
    def line(self) -> str:
        return f"{self.name} = {self.example}"


KEYS = (
    Known("server_name", Kind.TEXT, '"twinkle.example"'),
    Known("federation", Kind.FLAG, "false"),
    Known("trial", Kind.FLAG, "true"),
    Known("legacy_media", Kind.FLAG, "false"),
    Known("accepted_doubts", Kind.TEXTS, '["doubt.not-public"]'),
    Known("names.client", Kind.TEXT, '"m.twinkle.example"'),
    Known("names.layout", Kind.TEXT, '"none"'),
    Known("overlay.node", Kind.TEXT, '"managed"'),
    Known("overlay.address", Kind.TEXT, '"300:1111:2222:3333::12"'),
    Known("overlay.peers", Kind.TEXTS, '["tls://192.0.2.1:443"]'),
    Known("overlay.listen", Kind.TEXTS, '["tls://[::]:9001"]'),
    Known("overlay.allow", Kind.TEXTS, '["tcp/22"]'),
    Known("overlay.firewall", Kind.FLAG, "true"),
    Known("edge.id", Kind.TEXT, '"edge1"'),
    Known("edge.name", Kind.TEXT, '"edge.other.example"'),
    Known("edge.addresses", Kind.TEXTS, '["192.0.2.10"]'),
    Known("edge.tls", Kind.TEXT, '"sealed"'),
    Known("edge.priority", Kind.NUMBER, "10"),
    Known("zone.name", Kind.TEXT, '"twinkle.example"'),
    Known("zone.dns", Kind.TEXT, '"manual"'),
    Known("zone.challenge", Kind.TEXT, '"acme-dns"'),
    Known("zone.server", Kind.TEXT, '"192.0.2.53"'),
    Known("zone.key_file", Kind.TEXT, '"/etc/greygate/twinkle.example.tsig"'),
    Known("zone.credentials", Kind.TEXT, '"/etc/greygate/provider.toml"'),
    Known("zone.acme_dns", Kind.TEXT, '"https://auth.example.org"'),
    Known("zone.edge", Kind.TEXT, '"edge1"'),
    Known("egress.allow", Kind.TEXTS, '["192.168.1.20"]'),
    Known("certificates.source", Kind.TEXT, '"files"'),
    Known("certificates.chain", Kind.TEXT, '"/etc/letsencrypt/live/twinkle/fullchain.pem"'),
    Known("certificates.key", Kind.TEXT, '"/etc/letsencrypt/live/twinkle/privkey.pem"'),
    Known("certificates.issuer", Kind.TEXT, '"letsencrypt.org"'),
    Known("certificates.account", Kind.TEXT, '"https://acme-v02.api.letsencrypt.org/acme/acct/1"'),
    Known("certificates.email", Kind.TEXT, '"me@example.org"'),
    Known("certificates.directory", Kind.TEXT, '"https://acme-v02.api.letsencrypt.org/directory"'),
    Known("certificates.key_type", Kind.TEXT, '"ecdsa"'),
    Known("certificates.profile", Kind.TEXT, '"shortlived"'),
    Known("certificates.preferred_chain", Kind.TEXT, '"ISRG Root X1"'),
    Known("people.first", Kind.TEXT, '"owner"'),
    Known("support.email", Kind.TEXT, '"me@example.org"'),
    Known("support.page", Kind.TEXT, '"https://example.org/help"'),
)
BY_KEY = {known.key: known for known in KEYS}
SECTIONS = tuple(dict.fromkeys(known.section for known in KEYS if known.section))

LISTS = ("edge", "zone")  # sections of which there may be several: [[edge]]

# What a later version will have, and what to do meanwhile.
LATER = {
    "egress.via": _("everything leaves from home itself; take this line away"),
}

MOST_NEAR = 100  # keys for which a near one is looked for: more are no slips, and it takes time

_NUMBER = re.compile(r"\[[0-9]+\]$")


def known_as(path: Path) -> str:
    """The key of the table above that stands there: `edge[1].name` is an `edge.name`."""
    return ".".join((_NUMBER.sub("", path[0]), *path[1:]))


def mistaken(tree: Tree) -> Iterator[Mistake]:
    """A mistake for each key and section that this version does not have."""
    reported, unknown = set(), 0
    for section in tree.sections:
        if problem := _section_problem(section):
            reported.add(section.path[0])
            yield problem
    for entry in tree.entries:
        top, known = entry.path[0], known_as(entry.path)
        if top in reported:
            continue
        if top in LISTS:
            reported.add(top)
            yield _miscounted(Section(entry.line, (top,)), top)
            continue
        if known in BY_KEY:
            continue
        if later := next((it for it in (known, top) if it in LATER), None):
            reported.add(later)
            yield _later(entry.line, later)
        else:
            unknown += 1
            yield _unknown(entry, near=unknown <= MOST_NEAR)


def _section_problem(section: Section) -> Mistake | None:
    name = known_as(section.path)
    if section.path[0] in LATER:
        return _later(section.line, section.path[0]) if len(section.path) == 1 else None
    if name in SECTIONS:
        return _miscounted(section, name) if section.repeated != (name in LISTS) else None
    if name in BY_KEY:
        return Mistake(
            section.line,
            name,
            _("{name} is a key, not a section").format(name=name),
            _place(BY_KEY[name]),
        )
    return Mistake(
        section.line,
        name,
        _("there is no section [{name}]").format(name=name),
        _nearest_section(section.path[0]),
    )


def _miscounted(section: Section, name: str) -> Mistake:
    if section.repeated:
        return Mistake(
            section.line,
            name,
            _("there is one [{name}], not a list of them").format(name=name),
            _("write [{name}], with one pair of brackets").format(name=name),
        )
    return Mistake(
        section.line,
        name,
        _("there may be several of {name}, and each has its own header").format(name=name),
        _("write [[{name}]], with two pairs of brackets").format(name=name),
    )


def header(section: str) -> str:
    """The line that begins a section."""
    return f"[[{section}]]" if section in LISTS else f"[{section}]"


def _nearest_section(name: str) -> str:
    if near := nearest(name, SECTIONS):
        return _("did you mean {near}?").format(near=header(near))
    return _("take it away; there are {sections}").format(sections=", ".join(map(header, SECTIONS)))


def _later(line: int, name: str) -> Mistake:
    return Mistake(line, name, _("{name} is not in this version").format(name=name), LATER[name])


def _unknown(entry: Entry, *, near: bool) -> Mistake:
    if entry.key in SECTIONS:
        return Mistake(
            entry.line,
            entry.key,
            _("{key} is a section, not a key").format(key=entry.key),
            _("write {header} on a line of its own, and its keys below").format(
                header=header(entry.key)
            ),
        )
    advice = _advice(entry) if near else _("take it away")
    return Mistake(entry.line, entry.key, _("there is no key {key}").format(key=entry.key), advice)


def meant(path: Path) -> str | None:
    """The key that one written as `path` was most likely meant to be."""
    above, name = path[:-1], path[-1]
    section = known_as(above) if above else ""
    if section and section not in SECTIONS and (there := nearest(section, SECTIONS)):
        above, section = (there,), there
    beside = [known.name for known in KEYS if known.section == section]
    near = name if name in beside else nearest(name, beside)
    return ".".join((*above, near)) if near else None


def _advice(entry: Entry) -> str:
    if key := meant(entry.path):
        return _("did you mean {near}?").format(near=key.rpartition(".")[2])
    elsewhere = {known.name: known for known in KEYS}
    if near := nearest(entry.path[-1], elsewhere):
        return _place(elsewhere[near])
    section = known_as(entry.path[:-1]) if entry.path[:-1] else ""
    beside = [known.name for known in KEYS if known.section == section]
    return _("take it away; here there are {keys}").format(
        keys=", ".join(beside or [known.key for known in KEYS])
    )


def _place(known: Known) -> str:
    if known.section:
        return _("write {line} below {section}").format(
            line=known.line, section=header(known.section)
        )
    return _("write {line} at the top, before the first [section]").format(line=known.line)
