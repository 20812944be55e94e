"""A certificate authority and the names that it asks for, on loopback: real programs, in a second.

    Pebble (-strict)  asks  Unbound, which keeps nothing, and asks  Knot, acme-dns

Everything has an address of its own in 127.0.0.0/8 and its usual port there, so that NS records
lead to servers as they do outside; that takes root (mark: acme). The fixture `rig` is one for the
whole session: a test withdraws what it publishes. Where it needs a CA of another temper it starts
one beside, in a fraction of a second:

    @pytest.mark.acme
    def test_it(rig: Rig) -> None:
        with rig.authority(lifetime=20, nonce_reject=50) as ca:
            ...  # ca.directory and ca.trust; ca.root() vouches for what it issues

See rig.py for the rest: `rig.publish`, `rig.seen`, `rig.silent`, `rig.keys`, `rig.acme_dns`.
"""
