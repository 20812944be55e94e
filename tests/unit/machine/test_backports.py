"""The two files that let apt take one package from backports."""

from __future__ import annotations

from pathlib import Path

from greygate.machine import backports
from greygate.machine.apt_report import Archive

MIRROR = Archive("http://mirror.example/debian/", "bookworm")


def test_the_source_is_the_machines_own_mirror() -> None:
    text = backports.sources(MIRROR, "yggdrasil", keyring=Path("/usr/share/keyrings/debian.gpg"))
    assert "URIs: http://mirror.example/debian/\nSuites: bookworm-backports\n" in text
    assert "Signed-By: /usr/share/keyrings/debian.gpg\n" in text
    assert "Signed-By" not in backports.sources(MIRROR, "yggdrasil", keyring=None)


def test_nothing_else_comes_from_there() -> None:
    text = backports.preferences(MIRROR, "yggdrasil")
    barred, allowed = text.strip().split("\n\n")
    assert "Package: *\n" in barred
    assert barred.endswith("Pin-Priority: -1")
    assert "Package: yggdrasil\n" in allowed
    assert allowed.endswith("Pin-Priority: 500")


def test_a_mirror_without_backports_is_told_with_a_way_out() -> None:
    trouble = backports._not_there(MIRROR, "yggdrasil")
    assert "http://mirror.example/debian/ does not have bookworm-backports" in trouble.what
    assert "echo 'deb MIRROR bookworm-backports main' >" in trouble.hint
    assert "Debian 13" in trouble.hint
