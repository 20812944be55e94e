"""The keys that a site file may have, and what to say of every other."""

from __future__ import annotations

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
    Known("accepted_doubts", Kind.TEXTS, '["doubt.not-public"]'),
    Known("names.client", Kind.TEXT, '"m.twinkle.example"'),
    Known("names.layout", Kind.TEXT, '"none"'),
    Known("overlay.node", Kind.TEXT, '"managed"'),
    Known("overlay.address", Kind.TEXT, '"300:1111:2222:3333::12"'),
    Known("overlay.peers", Kind.TEXTS, '["tls://192.0.2.1:443"]'),
    Known("overlay.listen", Kind.TEXTS, '["tls://[::]:443"]'),
    Known("overlay.allow", Kind.TEXTS, '["tcp/22"]'),
    Known("overlay.firewall", Kind.FLAG, "true"),
    Known("people.first", Kind.TEXT, '"owner"'),
    Known("support.email", Kind.TEXT, '"me@example.org"'),
    Known("support.page", Kind.TEXT, '"https://example.org/help"'),
)
BY_KEY = {known.key: known for known in KEYS}
SECTIONS = tuple(dict.fromkeys(known.section for known in KEYS if known.section))

# Sections of a federating deployment; the parts that act on them are not in this version.
LATER = ("edge", "zone", "certificates", "egress")


def mistaken(tree: Tree) -> Iterator[Mistake]:
    """A mistake for each key and section that this version does not have."""
    reported = set()
    for section in tree.sections:
        if problem := _section_problem(section):
            reported.add(section.path[0])
            yield problem
    for entry in tree.entries:
        top = entry.path[0]
        if entry.key in BY_KEY or top in reported:
            continue
        if top in LATER:
            reported.add(top)
            yield _later(entry.line, top)
        else:
            yield _unknown(entry)


def _section_problem(section: Section) -> Mistake | None:
    name = ".".join(section.path)
    if section.path[0] in LATER:
        return _later(section.line, section.path[0]) if len(section.path) == 1 else None
    if name in SECTIONS and not section.repeated:
        return None
    if name in SECTIONS:
        return Mistake(
            section.line,
            name,
            _("there is one [{name}], not a list of them").format(name=name),
            _("write [{name}], with one pair of brackets").format(name=name),
        )
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


def _nearest_section(name: str) -> str:
    if near := nearest(name, SECTIONS):
        return _("did you mean [{near}]?").format(near=near)
    return _("take it away; there are {sections}").format(
        sections=", ".join(f"[{known}]" for known in SECTIONS)
    )


def _later(line: int, name: str) -> Mistake:
    return Mistake(
        line,
        name,
        _("{name} is for servers that federate; this version runs standalone servers only").format(
            name=name
        ),
        _("take this section away, and write federation = false at the top"),
    )


def _unknown(entry: Entry) -> Mistake:
    if entry.key in SECTIONS:
        return Mistake(
            entry.line,
            entry.key,
            _("{key} is a section, not a key").format(key=entry.key),
            _("write [{key}] on a line of its own, and its keys below").format(key=entry.key),
        )
    return Mistake(
        entry.line, entry.key, _("there is no key {key}").format(key=entry.key), _advice(entry)
    )


def meant(path: Path) -> str | None:
    """The key that one written as `path` was most likely meant to be."""
    section, name = ".".join(path[:-1]), path[-1]
    beside = {known.name: known.key for known in KEYS if known.section == section}
    near = nearest(name, beside)
    return beside[near] if near else None


def _advice(entry: Entry) -> str:
    if key := meant(entry.path):
        return _("did you mean {near}?").format(near=BY_KEY[key].name)
    elsewhere = {known.name: known for known in KEYS}
    if near := nearest(entry.path[-1], elsewhere):
        return _place(elsewhere[near])
    section = ".".join(entry.path[:-1])
    beside = [known.name for known in KEYS if known.section == section]
    return _("take it away; here there are {keys}").format(
        keys=", ".join(beside or [known.key for known in KEYS])
    )


def _place(known: Known) -> str:
    if known.section:
        return _("write {line} below [{section}]").format(line=known.line, section=known.section)
    return _("write {line} at the top, before the first [section]").format(line=known.line)
