"""Passwords that we make."""

from __future__ import annotations

import math
import secrets

from greygate.people.password import ALPHABET, GROUP, GROUPS, new_password


def test_it_holds_eighty_bits() -> None:
    assert math.log2(len(ALPHABET)) * GROUP * GROUPS >= 80


def test_it_is_groups_of_letters_that_nobody_mixes_up() -> None:
    password = new_password(secrets.choice).reveal()
    groups = password.split("-")
    assert [len(group) for group in groups] == [GROUP] * GROUPS
    assert not set(password) & set("01lio5sz2b8ABC")


def test_every_letter_is_chosen_by_the_source_given() -> None:
    assert new_password(lambda letters: letters[0]).reveal() == "aaaaa-aaaaa-aaaaa-aaaaa"
