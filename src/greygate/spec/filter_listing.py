"""All packet filters of one machine, from what its programs list."""

from __future__ import annotations

from collections.abc import Mapping

from greygate.spec import iptables_save, nft_json
from greygate.spec.packet_filter import Table

NFT = "nft"
IPTABLES = {
    name: ("ip6" if name.startswith("ip6") else "ip", owner)
    for owner in ("iptables-nft", "iptables-legacy")
    for name in (owner, owner.replace("iptables", "ip6tables"))
}
"""By the name of a listing: its family, and who lists it."""


def tables(listings: Mapping[str, str]) -> tuple[Table, ...]:
    """Every table but our own; ValueError where a listing cannot be read.

    nft lists what iptables-nft has loaded too, without all of its words: there iptables' own
    listing counts.
    """
    theirs = [
        table
        for name, (family, owner) in IPTABLES.items()
        for table in iptables_save.tables(listings.get(name, ""), family=family, owner=owner)
    ]
    known = {(it.family, it.name) for it in theirs if it.owner == "iptables-nft"}
    listed = nft_json.tables(listings[NFT]) if NFT in listings else ()
    others = [it for it in listed if (it.family, it.name) not in {*known, ("inet", "greygate")}]
    return (*others, *theirs)
