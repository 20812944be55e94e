"""How the lab's hosts find Debian, and what of this machine's settings they get."""

from __future__ import annotations

from greygate.lab.debian import BUNDLE, Mirrors, mirrors, network_environment
from greygate.lab.topology import Debian


def test_a_mirror_that_is_named_wins() -> None:
    named = mirrors({"GREYGATE_LAB_MIRROR": "http://mirror.example/debian/"})
    assert named == Mirrors("http://mirror.example/debian", None)


def test_the_sources_are_those_of_the_release_and_its_updates() -> None:
    found = Mirrors("http://mirror.example/debian", "http://mirror.example/security")
    lines = found.sources(Debian.TRIXIE).splitlines()
    assert "Suites: trixie trixie-updates" in lines
    assert "Suites: trixie-security" in lines


def test_settings_of_pip_and_proxies_go_inside_and_nothing_else() -> None:
    environ = {"PIP_INDEX_URL": "https://x", "https_proxy": "http://y", "SECRET": "z"}
    assert network_environment(environ) == {"PIP_INDEX_URL": "https://x", "https_proxy": "http://y"}


def test_paths_of_this_machine_stay_outside_but_trust_goes_along() -> None:
    environ = {"PIP_CERT": "/opt/own/bundle.pem", "PIP_FIND_LINKS": "/opt/files"}
    assert network_environment(environ) == {"PIP_CERT": BUNDLE}
