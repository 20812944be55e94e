"""Values among a command's words: `1.5` is a mistake, not 2; no words name no file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def _whole(_type: object, tokens: Sequence[Token]) -> int:
    (token,) = tokens
    if not _WHOLE.fullmatch(token.value):
        raise ValueError(token.value)
    return int(token.value)


def _named(_type: object, tokens: Sequence[Token]) -> Path:
    """An empty word is a variable that the shell did not know, not the directory we stand in."""
    (token,) = tokens
    if not token.value:
        raise ValueError(token.value)
    return Path(token.value)


Whole = Annotated[int, Parameter(converter=_whole)]
NAMED = Parameter(converter=_named)  # of every file and directory
