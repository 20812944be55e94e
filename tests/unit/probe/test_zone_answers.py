"""What the servers of a zone answer, read as they mean it: a real Knot tells."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from acme_rig.rig import Rig
from greygate.probe.dns import Resolver
from greygate.spec.caa import CRITICAL, Property, property_of
from greygate.spec.dns import Texts

pytestmark = pytest.mark.acme

NAME = "twinkle.example"


@pytest.fixture
def server(rig: Rig) -> Iterator[Resolver]:
    yield Resolver((ip_address(rig.knot), 53), patience=3.0)
    rig.publish(NAME, "CAA")


@pytest.mark.parametrize("tag", ["policy-x", "is_sue", "", "a b", 'a"b', "x" * 40])
def test_a_caa_record_with_an_odd_tag_is_told_as_it_is(
    rig: Rig, server: Resolver, tag: str
) -> None:
    octets = bytes((CRITICAL, len(tag))) + f"{tag}of it".encode()
    rig.publish(NAME, "CAA", rf"\# {len(octets)} {octets.hex()}", '0 iodef "mailto:a@b.example"')
    seen = server.texts(NAME, "CAA")
    assert isinstance(seen, Texts)
    assert {property_of(it) for it in seen.values} == {
        Property(CRITICAL, tag, "of it"),
        Property(0, "iodef", "mailto:a@b.example"),
    }
