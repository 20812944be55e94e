"""Templates beside the code: text with `{blanks}`, every one of which must be filled."""

from __future__ import annotations

from importlib.resources import files
from string import Template


class _Blanks(Template):
    delimiter = "@"  # `@name@`-like: `$` and `{` mean something in the files we write
    pattern = r"""
        @(?:
            (?P<escaped>@) |
            (?P<named>(?!)) |
            \{(?P<braced>[a-z_]+)\} |
            (?P<invalid>(?!))
        )
    """  # type: ignore[assignment]  # typeshed knows it only as it is once compiled


def fill(package: str, name: str, **blanks: str) -> str:
    """The template `name` of `package`, with `@{blank}` filled; KeyError where one has no value."""
    return _Blanks(files(package).joinpath(name).read_text("utf-8")).substitute(blanks)
