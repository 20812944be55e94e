"""What somebody else changed about our rendered files: the next reload or restart takes it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from greygate.apply import tree
from greygate.apply.differences import Texts, edited
from greygate.apply.directories import not_writable
from greygate.components.component import Service
from greygate.run.seen import Remark
from greygate.text import _, listing


def look(place: Path) -> tuple[Remark, ...]:
    """What differs in the tree at `place`; nothing where we may not read it."""
    try:
        return tuple(drift(place, tree.read(place), tree.digests(place)))
    except OSError:
        return ()


def directories(services: Sequence[Service]) -> tuple[Remark, ...]:
    """Where services run under accounts of their own and cannot write what they must."""
    if not (others := not_writable(services)):
        return ()
    text = _("services cannot write where they must: {names}").format(names=listing(others))
    return (Remark(text, "greygate apply"),)


def drift(place: Path, texts: Texts, digests: Mapping[PurePosixPath, str]) -> Iterator[Remark]:
    """What differs: `texts` are there now, `digests` are of what Greygate wrote."""
    if not digests:  # nothing was written here, or by a version that kept no record
        return
    if others := edited(texts, digests):
        yield Remark(
            _("edited by hand below {place}: {names}").format(place=place, names=listing(others)),
            _(
                "bring what you need into the site file, then: greygate apply --overwrite "
                "(your text is kept beside it as *.edited)"
            ),
        )
    if absent := sorted(digests.keys() - texts.keys()):
        yield Remark(
            _("missing below {place}: {names}").format(place=place, names=listing(absent)),
            "greygate apply",
        )
