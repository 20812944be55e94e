"""One edge of a site file changed, and every other word of it left as it was."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from greygate.errors import Trouble
from greygate.site.parse import parse
from greygate.site.rewriting import with_addresses, without_edge

TEXT = """\
# mine, and nobody else's
server_name = "twinkle.example"
accepted_doubts = ["doubt.not-public"]

[overlay]
peers = ["tls://192.0.2.1:443"]  # near

[certificates]
source = "files"
chain = "/etc/ssl/chain.pem"
key = "/etc/ssl/key.pem"

# at a small provider
[[edge]]
id = "edge1"   # the first
name = "edge.other.example"
addresses = [  # both
  "192.0.2.10",   # since March
  "2001:db8::10",
]  # as the provider tells

# a second one
[[edge]]
name = 'edge2.other.example'
addresses = ["192.0.2.20"]
id = 'edge2'
priority = 20  # later

# the end
[people]
first = "anna"
"""


def test_addresses_are_exchanged_and_comments_stay() -> None:
    after = with_addresses(TEXT, "edge1", [ip_address("198.51.100.7"), ip_address("2001:db8::7")])
    assert '\naddresses = ["198.51.100.7", "2001:db8::7"]  # as the provider tells\n' in after
    former, later = parse(TEXT), parse(after)
    assert later.edges[0].addresses == (ip_address("198.51.100.7"), ip_address("2001:db8::7"))
    assert (later.edges[1], later.first_person) == (former.edges[1], former.first_person)
    unchanged = [line for line in TEXT.splitlines() if line in after.splitlines()]
    assert len(unchanged) == len(TEXT.splitlines()) - 4


def test_the_second_is_found_wherever_its_id_stands() -> None:
    after = with_addresses(TEXT, "edge2", [ip_address("198.51.100.7")])
    assert after == TEXT.replace('["192.0.2.20"]', '["198.51.100.7"]')


@pytest.mark.parametrize(("edge", "left"), [("edge1", "edge2"), ("edge2", "edge1")])
def test_an_edge_is_taken_out_and_the_rest_stays(edge: str, left: str) -> None:
    after = without_edge(TEXT, edge)
    assert [it.id for it in parse(after).edges] == [left]
    assert "# at a small provider\n" in after
    assert '# the end\n[people]\nfirst = "anna"\n' in after
    assert "\n\n\n" not in after


def test_the_last_words_of_a_file_can_go() -> None:
    ends = TEXT[: TEXT.index("\n# the end")].rstrip("\n")
    assert [it.id for it in parse(without_edge(ends, "edge2")).edges] == ["edge1"]
    assert "[[edge]]" not in without_edge(without_edge(ends, "edge2"), "edge1")


def test_an_edge_that_is_not_written_so_is_told() -> None:
    with pytest.raises(Trouble, match="with id = edge3"):
        without_edge(TEXT, "edge3")
