"""Which writer a zone has: the plain list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greygate.site.model import Challenge, Editor, Zone
from greygate.zones import lexicon, rfc2136
from greygate.zones.writer import Writer

WRITERS: Mapping[Editor | Challenge, Callable[[Zone], Writer]] = {
    Editor.RFC2136: rfc2136.writer,
    Editor.LEXICON: lexicon.writer,
    Challenge.RFC2136: rfc2136.writer,
    Challenge.LEXICON: lexicon.writer,
}


def writer_for(zone: Zone) -> Writer | None:
    """The writer of a zone; None where it is written by hand. Trouble where its key is missing."""
    make = WRITERS.get(zone.editor)
    return make(zone) if make else None


def challenge_writer(zone: Zone) -> Writer:
    """The writer of a zone whose challenges are answered in it; its records may be typed."""
    assert zone.challenge is not None, "a zone without a challenge has no solver"
    return WRITERS[zone.challenge](zone)
