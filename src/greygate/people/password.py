"""Passwords that we make: strong enough for ever, and easy to type on a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from greygate.secret import Secret

# Letters and digits that no font mixes up: no 0 o, 1 l i, 5 s, 2 z, 8 b, and no capitals.
ALPHABET = "acdefghjkmnpqrtuvwxy34679"
GROUPS = 4
GROUP = 5  # 20 characters of 25: 92 bits


def new_password(choose: Callable[[Sequence[str]], str]) -> Secret:
    """A password like `kfm4q-7twxa-…`; `choose` is `secrets.choice`."""
    groups = ("".join(choose(ALPHABET) for _place in range(GROUP)) for _group in range(GROUPS))
    return Secret("-".join(groups))
