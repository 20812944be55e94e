"""Templates beside the code: text with `{blanks}`, every one of which must be filled."""

from __future__ import annotations

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
    return _Blanks(packaged_text(package, name)).substitute(blanks)


def packaged_text(package: str, name: str) -> str:
    """The text of a file that lies beside the modules of `package`."""
    from importlib.resources import files  # slow to import, and who only looks renders nothing

    return files(package).joinpath(name).read_text("utf-8")
