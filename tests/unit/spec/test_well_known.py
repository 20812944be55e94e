from __future__ import annotations

import json

from greygate.spec.well_known import client_text, support_text


def test_the_client_document_names_the_client_api() -> None:
    text = client_text("https://m.twinkle.example")
    assert json.loads(text) == {"m.homeserver": {"base_url": "https://m.twinkle.example"}}


def test_the_support_document_names_the_administrator() -> None:
    text = support_text(matrix_id="@a:twinkle.example", email=None, page=None)
    assert json.loads(text) == {
        "contacts": [{"matrix_id": "@a:twinkle.example", "role": "m.role.admin"}]
    }


def test_the_support_document_has_mail_and_page_where_there_are_some() -> None:
    text = support_text(matrix_id="@a:b.c", email="a@b.c", page="https://b.c/help")
    assert json.loads(text) == {
        "contacts": [{"matrix_id": "@a:b.c", "role": "m.role.admin", "email_address": "a@b.c"}],
        "support_page": "https://b.c/help",
    }
    assert "\n" not in text
    assert text.isascii()
