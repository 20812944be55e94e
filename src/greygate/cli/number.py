"""Whole numbers among a command's words: `1.5` is a mistake, not 2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def _whole(_type: object, tokens: Sequence[Token]) -> int:
    (token,) = tokens
    if not _WHOLE.fullmatch(token.value):
        raise ValueError(token.value)
    return int(token.value)


Whole = Annotated[int, Parameter(converter=_whole)]
