"""What homeserver.yaml must say and must not, whatever the site."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

import some_sites
from greygate.components import synapse
from greygate.plan.plan import Plan
from greygate.site.model import Node, Site


def _config(site: Site, plan: Plan) -> list[str]:
    text = synapse.files(site, plan)[0].text
    return [line.partition("  #")[0].rstrip() for line in text.splitlines()]


def test_a_standalone_site_talks_to_no_other_homeserver() -> None:
    site = some_sites.site(Node.MANAGED, federation=False)
    lines = _config(site, some_sites.plan(site))
    assert "federation_domain_whitelist: []" in lines
    assert "      - names: [client]" in lines


def test_a_federating_site_talks_to_everybody() -> None:
    site = some_sites.site(Node.MANAGED, federation=True)
    lines = _config(site, some_sites.plan(site))
    assert not any(line.startswith("federation_domain_whitelist") for line in lines)
    assert "      - names: [client, federation]" in lines


def test_nobody_makes_it_connect_to_the_machine_it_runs_on() -> None:
    site = some_sites.site(Node.MANAGED)
    assert f"  - {some_sites.ADDRESS}/128" in _config(site, some_sites.plan(site))


def test_the_mode_of_a_socket_is_a_number_to_yaml() -> None:
    """`0o660` and "0660" are texts in YAML 1.1: Synapse takes them, and fails when it starts."""
    site = some_sites.site(Node.MANAGED)
    assert _config(site, some_sites.plan(site)).count("    mode: 0660") == 2


@pytest.mark.parametrize("make", some_sites.SITES.values(), ids=some_sites.SITES)
def test_secrets_are_named_by_their_files_only(make: some_sites.Make) -> None:
    lines = _config(*make())
    for secret in ("registration_shared_secret", "macaroon_secret_key", "form_secret"):
        assert not any(line.startswith(f"{secret}:") for line in lines)
        assert any(line.startswith(f"{secret}_path: ") for line in lines)


@pytest.mark.parametrize("make", some_sites.SITES.values(), ids=some_sites.SITES)
def test_registration_needs_a_token(make: some_sites.Make) -> None:
    assert "registration_requires_token: true" in _config(*make())


@pytest.mark.parametrize("make", some_sites.SITES.values(), ids=some_sites.SITES)
def test_it_tells_apps_no_url_of_its_own(make: some_sites.Make) -> None:
    """Synapse puts public_baseurl into the answer to every login, and apps go there."""
    assert not any(line.startswith("public_baseurl") for line in _config(*make()))


@pytest.mark.parametrize("federation", [True, False])
def test_presence_stays_at_home(federation: bool) -> None:
    site = some_sites.site(Node.MANAGED, federation=federation)
    lines = _config(site, some_sites.plan(site))
    (place,) = (at for at, line in enumerate(lines) if line == "presence:")
    assert lines[place + 1] == f"  enabled: {str(not federation).lower()}"


@pytest.mark.parametrize("make", some_sites.SITES.values(), ids=some_sites.SITES)
def test_what_people_write_goes_to_no_push_gateway(make: some_sites.Make) -> None:
    lines = _config(*make())
    assert lines[lines.index("push:") + 1] == "  include_content: false"


def test_what_the_operator_opens_at_home_is_open_to_it() -> None:
    site, plan = some_sites.federating()
    assert not [line for line in _config(site, plan) if "whitelist" in line]
    opened = replace(site, open_networks=(ip_network("192.168.1.20"), ip_network("fd00::/64")))
    lines = _config(opened, plan)
    at = lines.index("ip_range_whitelist:")
    assert lines[at + 1 : at + 3] == ["  - 192.168.1.20/32", "  - fd00::/64"]
