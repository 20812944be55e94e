"""The page that takes people from an invitation to an account, as Chromium shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clients import built, chromium
from clients.chromium import Browser, Page
from whole_server import WholeServer

pytestmark = [pytest.mark.apps, pytest.mark.engine, pytest.mark.programs]

PEERS = ("tls://192.0.2.10:443", "tls://[2001:db8::1]:443?key=00")
INVITATION = f"#token=a-b-c&peer={PEERS[0]}&peer={PEERS[1]}&ca=AA:BB"
FIELDS = """[...document.querySelectorAll(".field")].map((it) => ({
    text: it.querySelector("code").textContent,
    button: it.querySelector("button").textContent,
    status: it.querySelector("[role=status]").textContent,
}))"""
COPY = """(async (text) => {
    const fields = [...document.querySelectorAll(".field")];
    const field = fields.find((it) => it.querySelector("code").textContent === text);
    field.querySelector("button").click();
    const status = field.querySelector("[role=status]");
    while (!status.textContent) await new Promise((wake) => setTimeout(wake, 20));
    return [status.textContent, String(getSelection())];
})"""


@pytest.fixture(scope="module")
def browser(server: WholeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    home, trusts = tmp_path_factory.mktemp("join"), Path(server.plan.paths.ca)
    with chromium.running(home, trusts=trusts) as it:
        yield it


@pytest.fixture
def page(server: WholeServer, browser: Browser) -> Page:
    """As it is after a click on an invitation's link that lost its path."""
    return browser.open(f"{server.by_address}/{INVITATION}")


def test_the_bare_address_leads_to_it_and_loses_nothing(server: WholeServer, page: Page) -> None:
    assert page.evaluate("location.href") == f"{server.by_address}/join{INVITATION}"


def test_all_that_must_be_typed_elsewhere_can_be_copied(server: WholeServer, page: Page) -> None:
    fields = page.evaluate(FIELDS)
    assert {it["button"] for it in fields} == {"Copy"}
    told = [it["text"] for it in fields]
    assert sorted(told) == sorted((*PEERS, "AA:BB", "a-b-c", server.plan.address_url))


def test_a_copy_is_made_and_said(server: WholeServer, browser: Browser, page: Page) -> None:
    with _clipboard(browser, server, "granted"):
        assert _copy(page, server.plan.address_url)[0] == "Copied."
        page.call("Page.bringToFront")
        held = page.evaluate("navigator.clipboard.readText()", gesture=True)
    assert held == server.plan.address_url


def test_a_clipboard_that_is_refused_is_said(
    server: WholeServer, browser: Browser, page: Page
) -> None:
    with _clipboard(browser, server, "denied"):
        status, selected = _copy(page, "a-b-c")
    assert "copy it by hand" in status
    assert selected == "a-b-c"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_everybody_can_use_it(browser: Browser, page: Page, language: str) -> None:
    page.call("Network.enable")
    page.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
    page.call("Page.reload")
    page.waits_for("Page.loadEventFired")
    assert page.evaluate("document.documentElement.lang") == language
    page.evaluate((built.packages() / "node_modules/axe-core/axe.min.js").read_text() + ";0")
    assert page.evaluate("axe.run().then((it) => it.violations.map((its) => its.id))") == []


def _copy(page: Page, text: str) -> Any:
    """Press the button beside `text`: what is said then, and what is selected."""
    page.call("Page.bringToFront")
    return page.evaluate(f"{COPY}({json.dumps(text)})", gesture=True)


@contextmanager
def _clipboard(browser: Browser, server: WholeServer, setting: str) -> Iterator[None]:
    for name in ("clipboard-write", "clipboard-read"):
        words = {"permission": {"name": name}, "setting": setting, "origin": server.by_address}
        browser.call("Browser.setPermission", words)
    yield
    browser.call("Browser.resetPermissions", {})
