from __future__ import annotations

from dataclasses import replace

import pytest

from greygate.site.defaults import derived
from greygate.site.making import standalone, trial
from greygate.site.model import Node
from greygate.spec.server_name import ServerName


@pytest.mark.parametrize("node", Node)
def test_every_default_has_its_reason(node: Node) -> None:
    rows = derived(trial("abcdefgh", node=node))
    assert [row.key for row in rows if not row.reason] == []
    firewall = next(row for row in rows if row.key == "overlay.firewall")
    assert firewall.value == ("true" if node in (Node.MANAGED, Node.ROUTED) else "false")


def test_what_was_chosen_is_not_derived() -> None:
    site = standalone(ServerName.parse("twinkle.org"), client="chat.twinkle.org")
    chosen = replace(site, overlay=replace(site.overlay, peers=("tls://a.b:1",), firewall=False))
    keys = {row.key for row in derived(chosen)}
    assert keys == {
        "names.layout",
        "overlay.node",
        "overlay.address",
        "overlay.listen",
        "overlay.allow",
        "people.first",
        "support.matrix_id",
    }


def test_defaults_follow_the_names() -> None:
    rows = {row.key: row.value for row in derived(standalone(ServerName.parse("twinkle.org")))}
    assert rows["names.client"] == "m.twinkle.org"
    assert rows["support.matrix_id"] == "@owner:twinkle.org"
