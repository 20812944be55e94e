"""What is told of the packages that this machine has."""

from __future__ import annotations

from shutil import which

import pytest

from greygate.machine import packages

pytestmark = pytest.mark.skipif(which("dpkg-query") is None, reason="this is no Debian")


def test_of_no_package_there_is_nothing_to_say() -> None:
    assert packages.missing(()) == ()
    assert list(packages.outdated(())) == []
    assert list(packages.outdated(("dpkg",))) == []


def test_one_that_is_not_there_is_missing() -> None:
    assert packages.missing(("dpkg", "greygate-no-such-package")) == ("greygate-no-such-package",)
