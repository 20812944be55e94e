from __future__ import annotations

from pathlib import PurePosixPath

from greygate.plan.paths import Paths

STATE, RUNTIME = PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate")
PATHS = Paths.below(STATE, RUNTIME)

# What does not survive a reboot; all else must, so all else is below the state.
FLEETING = {
    "runtime": RUNTIME,
    "client_socket": RUNTIME / "synapse" / "client.sock",
    "federation_socket": RUNTIME / "synapse" / "federation.sock",
    "haproxy_admin_socket": RUNTIME / "haproxy" / "admin.sock",
    "overlay_admin_socket": RUNTIME / "yggdrasil" / "admin.sock",
    "firewall": RUNTIME / "firewall",
    "supervisor": RUNTIME / "supervisor",
}


def _places(paths: Paths) -> dict[str, PurePosixPath]:
    names = [name for name in dir(Paths) if not name.startswith("_")]
    values = ((name, getattr(paths, name)) for name in names)
    return {name: value for name, value in values if isinstance(value, PurePosixPath)}


def test_only_sockets_and_the_supervisor_are_gone_after_a_reboot() -> None:
    places = _places(PATHS)
    fleeting = {name for name, place in places.items() if place.is_relative_to(RUNTIME)}
    assert {name: places[name] for name in fleeting} == FLEETING
    assert [
        name for name in places.keys() - fleeting if not places[name].is_relative_to(STATE)
    ] == []


def test_no_two_things_share_a_place() -> None:
    places = _places(PATHS)
    assert len(set(places.values())) == len(places)


def test_secrets_are_below_keys() -> None:
    secret = [name for name in _places(PATHS) if name.endswith(("_key", "_secret"))]
    assert [name for name in secret if PATHS.keys not in _places(PATHS)[name].parents] == []


def test_what_is_being_proved_stands_beside_what_is_used() -> None:
    proving = PATHS.proving()
    assert proving.rendered == STATE / "rendered.new"
    assert proving.keys == PATHS.keys
