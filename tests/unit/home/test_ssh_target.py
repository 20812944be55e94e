"""How a login on a host is written."""

from __future__ import annotations

import pytest

from greygate.errors import WrongUsage
from greygate.home.ssh_target import Target, target_of


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("root@192.0.2.10", Target("192.0.2.10", "root")),
        ("edge1", Target("edge1")),
        ("admin@edge.example:2222", Target("edge.example", "admin", 2222)),
        ("root@2001:db8::10", Target("2001:db8::10", "root")),
        ("root@[2001:db8::10]", Target("2001:db8::10", "root")),
        ("root@[2001:db8::10]:2222", Target("2001:db8::10", "root", 2222)),
    ],
)
def test_a_login_is_read(text: str, target: Target) -> None:
    assert target_of(text) == target
    assert target_of(str(target)) == target


@pytest.mark.parametrize(
    "text", ["", "root@", "@host", "host:0", "host:65536", "host:ssh", "a b", "ssh://host", "[::1"]
)
def test_what_is_no_login_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        target_of(text)
    assert "root@192.0.2.10" in refused.value.hint
