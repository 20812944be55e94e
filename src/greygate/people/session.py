"""Our own admin at Synapse's local socket: its credential, and how its errors reach people."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from greygate.errors import NotRunning, Trouble
from greygate.machine import disk
from greygate.machine.files import Owner, replace
from greygate.plan.paths import Paths
from greygate.secret import Secret
from greygate.site.model import ADMIN
from greygate.text import _

DEADLINE = 30.0  # seconds; hashing a password takes one, a busy server more

_HEADERS = {
    "Host": "localhost",
    # Synapse answers 500 to a request on a unix socket that does not name its source.
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
}


class Refused(Trouble):
    """Synapse answered with an error: `code` is its errcode, `said` its own words."""

    def __init__(self, code: str, said: str, status: int) -> None:
        super().__init__(
            _("cannot do this: Synapse says {said} ({code})").format(said=said, code=code),
            _("see what it says about it: greygate logs synapse"),
        )
        self.code = code
        self.said = said
        self.status = status


@dataclass(frozen=True, slots=True)
class Credential:
    """What our admin is known by; its password was thrown away when it was made."""

    user_id: str
    token: Secret


class Session:
    """Calls of Synapse's APIs as our own admin."""

    def __init__(self, client: httpx.Client, paths: Paths) -> None:
        self._client = client
        self._paths = paths
        self._credential = _kept(paths)

    @property
    def user_id(self) -> str:
        return self._known().user_id

    @property
    def server_name(self) -> str:
        return self.user_id.partition(":")[2]

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        return self._call("GET", path, params=query)

    def post(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, json=content)

    def put(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("PUT", path, json=content)

    def delete(self, path: str) -> dict[str, Any]:
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """One call; where our token is dead, once again with a new one."""
        known = self._known()
        try:
            return self._asked(method, path, known, more)
        except Refused as refused:
            # A restored database does not know the token, or knows our admin as closed.
            if refused.status != 401 and not _lost_rights(refused):
                raise
        self._credential = _registered(self._client, self._paths)
        answer = self._asked(method, path, self._credential, more)
        self._retire(known)
        return answer

    def _asked(
        self, method: str, path: str, known: Credential, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {known.token.reveal()}"}
        return _answer(self._client.request(method, path, headers=headers, **more))

    def _known(self) -> Credential:
        if self._credential is None:
            self._credential = _registered(self._client, self._paths)
        return self._credential

    def _retire(self, former: Credential) -> None:
        """Close the admin that came before, where Synapse still has it."""
        try:
            self.post(f"/_synapse/admin/v1/deactivate/{former.user_id}", {"erase": False})
        except Refused:
            return


@contextmanager
def session(paths: Paths) -> Iterator[Session]:
    """Synapse, reached over its local socket; NotRunning where nothing answers there."""
    # No TLS on a unix socket: the system's certificate authorities need not be read.
    transport = httpx.HTTPTransport(uds=str(paths.client_socket), verify=False)
    with (
        _disk_first(paths),
        _told(),
        httpx.Client(
            transport=transport,
            base_url="http://localhost",
            headers=_HEADERS,
            timeout=DEADLINE,
            trust_env=False,
        ) as client,
    ):
        yield Session(client, paths)


@contextmanager
def _told() -> Iterator[None]:
    """httpx's errors as ours, and the system's where we are not root."""
    try:
        yield
    except PermissionError as refused:
        raise _not_allowed() from refused
    except httpx.ConnectError as absent:
        if os.strerror(errno.EACCES) in str(absent):
            raise _not_allowed() from absent
        raise NotRunning(
            _("cannot reach Synapse: it is not running"), _("start it: greygate up")
        ) from absent
    except httpx.TimeoutException as slow:
        raise NotRunning(
            _("cannot reach Synapse: no answer within {deadline:.0f} s").format(deadline=DEADLINE),
            _("see what keeps it: greygate logs synapse"),
        ) from slow
    except httpx.HTTPError as broken:
        raise NotRunning(
            _("cannot reach Synapse: the connection broke: {why}").format(why=broken),
            _("see whether it stopped: greygate status"),
        ) from broken


@contextmanager
def _disk_first(paths: Paths) -> Iterator[None]:
    """A Synapse that cannot write answers 500 to everything, or nothing: that is told instead."""
    try:
        yield
    except (Refused, NotRunning) as trouble:
        if not isinstance(trouble, Refused) or trouble.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            disk.demand_writable(paths.state)
        raise


def _not_allowed() -> Trouble:
    return Trouble(
        _("cannot reach Synapse: only the server's owner may"),
        _("run this as the user who started it: sudo greygate ..."),
    )


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        content = {}
    if response.is_success and isinstance(content, dict):
        return content
    known = content if isinstance(content, dict) else {}
    code = str(known.get("errcode", f"HTTP {response.status_code}"))
    raise Refused(code, str(known.get("error", response.reason_phrase)), response.status_code)


def _lost_rights(refused: Refused) -> bool:
    """A token that lives, of an account that is no admin any more."""
    return refused.status == 403 and refused.code == "M_FORBIDDEN"


def _registered(client: httpx.Client, paths: Paths) -> Credential:
    """A new admin of our own, by the shared secret (Synapse: "Shared-Secret Registration")."""
    path = "/_synapse/admin/v1/register"
    nonce = str(_answer(client.get(path))["nonce"])
    secret = _shared_secret(paths)
    name, password = f"{ADMIN}{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    signed = "\0".join((nonce, name, password, "admin"))
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).hexdigest()
    given = {"nonce": nonce, "username": name, "password": password, "admin": True, "mac": mac}
    answer = _answer(client.post(path, json=given))
    made = Credential(str(answer["user_id"]), Secret(str(answer["access_token"])))
    content = json.dumps({"user_id": made.user_id, "token": made.token.reveal()}) + "\n"
    replace(paths.admin, content.encode(), owner=Owner.ourselves(), mode=0o600)
    return made


def _shared_secret(paths: Paths) -> str:
    try:
        return Path(paths.registration_secret).read_text("utf-8").strip()
    except FileNotFoundError as absent:
        raise Trouble(
            _("cannot act as the server's admin: {path} is gone").format(path=absent.filename),
            _("put it back from your copy of identity.tar"),
        ) from absent


def _kept(paths: Paths) -> Credential | None:
    """The credential on disk; a damaged one is as good as none, it is easily made anew."""
    try:
        known = json.loads(Path(paths.admin).read_bytes())
        return Credential(str(known["user_id"]), Secret(str(known["token"])))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
