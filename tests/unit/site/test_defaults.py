from __future__ import annotations

from dataclasses import replace

import pytest

import some_sites
from greygate.site.defaults import derived, zone_of
from greygate.site.making import standalone, trial
from greygate.site.model import Editor, Node, Zone
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


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("_matrix._tcp.Twinkle.co.uk", Zone("twinkle.co.uk")),
        ("twinkle.example", Zone("twinkle.example")),
        ("m.a.ygg.at", Zone("a.ygg.at", Editor.ALFIS)),
        ("edge.other.example", Zone("other.example", Editor.ALFIS)),
        ("a.sub.other.example", Zone("sub.other.example")),
    ],
)
def test_every_name_is_in_a_zone(name: str, zone: Zone) -> None:
    site, _plan = some_sites.federating()
    named = (Zone("other.example", Editor.ALFIS), Zone("sub.other.example"))
    assert zone_of(replace(site, zones=named), name) == zone
