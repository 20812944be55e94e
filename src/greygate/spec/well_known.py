"""The documents below /.well-known/matrix/ that a homeserver's own name serves (spec v1.10)."""

from __future__ import annotations

import json

CLIENT_PATH = "/.well-known/matrix/client"
SUPPORT_PATH = "/.well-known/matrix/support"  # MSC1929, in the specification since v1.10


def client_text(base_url: str) -> str:
    """The document that tells an app where the client API is."""
    return _text({"m.homeserver": {"base_url": base_url}})


def support_text(*, matrix_id: str, email: str | None, page: str | None) -> str:
    """The document that tells whom to turn to: one administrator, and a page if there is one."""
    contact = {"matrix_id": matrix_id, "role": "m.role.admin"}
    if email is not None:
        contact["email_address"] = email
    document: dict[str, object] = {"contacts": [contact]}
    if page is not None:
        document["support_page"] = page
    return _text(document)


def _text(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
