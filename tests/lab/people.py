"""One person at a Matrix client with end-to-end encryption, driven over stdin and stdout.

Runs where matrix-nio is (the friend's /opt/people), knows nothing of Greygate. One JSON object a
line each way: {"do": "send", "room": "!r:x", "text": "hello"} is answered {"done": {...}}, or
{"refused": "why"}. What the client keeps is below --store: started again with the same
store, it is the same device, and goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import io
import json
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nio
from nio.crypto.attachments import decrypt_attachment

LONG_POLL = 2_000  # milliseconds
SHORT_POLL = 500  # while others talk, too
AT_ONCE = {"limit": 100}  # messages of a room in one answer; of 10 the first would be passed over
AGAIN = 0.25  # seconds until what failed is tried again
WITHIN = 60.0  # seconds for something to arrive
MEGOLM = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}

Said = dict[str, Any]
Act = Callable[..., Awaitable[Said]]


class Refused(Exception):
    """The server, or the cryptography, said no."""


class Client(nio.AsyncClient):  # type: ignore[misc]  # nio is not here, but where this runs
    """nio's, but for what it (0.26.0) makes of a key that could not be shared."""

    async def receive_response(self, response: nio.Response) -> None:
        """It has who was to get the key where `soft_logout` stands, and forgets its login."""
        if isinstance(response, nio.ShareGroupSessionError):
            response.soft_logout = False
        await super().receive_response(response)

    async def share_group_session(
        self, room_id: str, ignore_unverified_devices: bool = False
    ) -> nio.Response:
        """It takes the key for shared all the same, and speaks so that nobody can read it."""
        answer = await super().share_group_session(room_id, ignore_unverified_devices)
        key = self.olm.outbound_group_sessions[room_id]
        wanted = {
            (user, device.id)
            for user in self.rooms[room_id].users
            for device in self.device_store.active_user_devices(user)
            if device.id != self.device_id
        }
        if wanted - key.users_shared_with - key.users_ignored:
            key.shared = False
            raise nio.LocalProtocolError("not everybody has the key")
        return answer


class Person:
    """Somebody's client: one user, one device, one store."""

    def __init__(self, server: str, ca: str, store: Path) -> None:
        store.mkdir(parents=True, exist_ok=True)
        self.session = store / "session.json"
        self.seen: list[nio.RoomMessage] = []
        self.client = Client(
            server,
            store_path=str(store),
            config=nio.AsyncClientConfig(
                encryption_enabled=True,
                store_sync_tokens=True,
                max_timeout_retry_wait_time=1.0,  # else the client's own patience is measured
            ),
            ssl=ssl.create_default_context(cafile=ca),
        )
        self.client.add_event_callback(self._saw, nio.RoomMessage)

    async def register(self, name: str, password: str, token: str) -> Said:
        """Make an account with an invitation; the session is the new device's."""
        return self._keep(
            await self.client.register_with_token(name, password, token, device_name="lab")
        )

    async def login(self, user: str, password: str) -> Said:
        self.client.user = user
        return self._keep(await self.client.login(password, device_name="lab"))

    async def resume(self) -> Said:
        """Go on as the device that this store belongs to, with no password."""
        self.client.restore_login(**json.loads(self.session.read_text()))
        return await self.whoami()

    async def whoami(self) -> Said:
        said = _good(await self.client.whoami())
        return {"user": said.user_id, "device": said.device_id}

    async def profile(self, user: str) -> Said:
        """What the server, asked now, knows of somebody."""
        return {"name": _good(await self.client.get_profile(user)).displayname}

    async def create_room(
        self, invite: list[str], direct: bool = False, alias: str | None = None
    ) -> Said:
        """A private encrypted room, the others invited; with an alias, one open to everybody."""
        open_to = nio.RoomPreset.trusted_private_chat
        made = await self.client.room_create(
            invite=invite,
            is_direct=direct,
            alias=alias,
            preset=nio.RoomPreset.public_chat if alias else open_to,
            initial_state=[MEGOLM],
        )
        return {"room": _good(made).room_id}

    async def join(self, room: str) -> Said:
        """By invitation, or where it is an alias, by that."""
        if not room.startswith("#"):
            await self._until(lambda: room in self.client.invited_rooms)
        return {"room": _good(await self.client.join(room)).room_id}

    async def send(self, room: str, text: str) -> Said:
        return await self._send(room, {"msgtype": "m.text", "body": text})

    async def converse(self, room: str, texts: list[str], every: float) -> Said:
        """Say these one after the other, each until the server has it, and hear meanwhile.

        Tells when each was begun, in seconds since 1970.
        """
        await self._until(lambda: self._everybody_is_in(room))
        done = asyncio.Event()
        hearing = asyncio.create_task(self._hear(done.is_set))
        began = {}
        try:
            for text in texts:
                began[text] = time.time()
                while not await self._try_to_say(room, text):
                    await asyncio.sleep(AGAIN)
                await asyncio.sleep(every)
        finally:
            done.set()
            await hearing
        return {"began": began}

    async def heard(self, room: str, texts: list[str], within: float) -> Said:
        """Wait until all of these came; tells when each did, and whether it came encrypted."""
        ends_at = time.monotonic() + within

        def missing() -> list[str]:
            return [it for it in texts if it not in self._bodies(room)]

        await self._hear(lambda: not missing() or time.monotonic() > ends_at)
        if missing():
            raise Refused(f"{len(missing())} not within {within:.0f} s: {missing()[0]}, ...")
        found = [self._bodies(room)[it] for it in texts]
        return {
            "came": {it.body: it.source["came"] for it in found},
            "decrypted": all(it.decrypted for it in found),
        }

    async def send_file(self, room: str, name: str, size: int) -> Said:
        """Send `size` random octets as an encrypted file; tells their SHA-256."""
        content = os.urandom(size)
        uploaded, keys = await self.client.upload(
            io.BytesIO(content), filename=name, encrypt=True, filesize=size
        )
        assert keys is not None
        sealed = {**keys, "url": _good(uploaded).content_uri}
        sent = await self._send(
            room, {"msgtype": "m.file", "body": name, "info": {"size": size}, "file": sealed}
        )
        return {**sent, "sha256": hashlib.sha256(content).hexdigest()}

    async def read(self, room: str, text: str) -> Said:
        """Wait for that message; tells from whom, and whether it came encrypted."""
        found = await self._find(room, text)
        return {"sender": found.sender, "decrypted": found.decrypted}

    async def fetch_file(self, room: str, name: str) -> Said:
        """Wait for that file, fetch and open it; tells the SHA-256 of its content."""
        found = await self._find(room, name)
        got = _good(await self.client.download(found.url))
        key, digest = found.key["k"], found.hashes["sha256"]
        content = decrypt_attachment(got.body, key, digest, found.iv)
        return {
            "sender": found.sender,
            "decrypted": found.decrypted,
            "sealed": got.body != content,
            "sha256": hashlib.sha256(content).hexdigest(),
        }

    async def on_server(self, room: str, event: str) -> Said:
        """The type under which the server holds an event: what its operator could read."""
        asking = nio.Api.room_get_event(self.client.access_token, room, event)
        answer = await self.client.send(*asking)  # not through nio's parser, which would decrypt
        return {"type": (await answer.json())["type"]}

    async def _send(self, room: str, content: dict[str, Any]) -> Said:
        """Send once everybody's devices in the room are known: to each the key must go."""
        await self._until(lambda: room in self.client.rooms)
        await self._until(lambda: self._everybody_is_in(room))
        sent = await self.client.room_send(
            room, "m.room.message", content, ignore_unverified_devices=True
        )
        return {"event": _good(sent).event_id}

    async def _try_to_say(self, room: str, text: str) -> bool:
        """The same transaction however often it is tried, so that it is said once."""
        with contextlib.suppress(nio.LocalProtocolError):
            said = await self.client.room_send(
                room,
                "m.room.message",
                {"msgtype": "m.text", "body": text},
                tx_id=hashlib.sha256(text.encode()).hexdigest(),
                ignore_unverified_devices=True,
            )
            return isinstance(said, nio.RoomSendResponse)
        return False

    async def _hear(self, done: Callable[[], bool]) -> None:
        """Synchronise until it is done, whatever the server answers, as an app does."""
        while not done():
            if isinstance(await self._sync(SHORT_POLL), nio.SyncError):
                await asyncio.sleep(AGAIN)
            else:
                await self._tend_keys()

    def _bodies(self, room: str) -> dict[str, Any]:
        return {it.body: it for it in self.seen if it.source["room_id"] == room}

    def _everybody_is_in(self, room: str) -> bool:
        known, devices = self.client.rooms[room], self.client.device_store
        others = set(known.users) - {self.client.user_id}
        return (
            known.encrypted
            and not known.invited_users
            and all(any(devices.active_user_devices(it)) for it in others)
        )

    async def _find(self, room: str, body: str) -> Any:
        def found() -> list[nio.RoomMessage]:
            return [it for it in self.seen if it.body == body and it.source["room_id"] == room]

        await self._until(lambda: bool(found()))
        return found()[0]

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Synchronise until it holds."""
        ends_at = time.monotonic() + WITHIN
        while not condition():
            if time.monotonic() > ends_at:
                raise Refused(f"not within {WITHIN:.0f} s")
            _good(await self._sync(LONG_POLL, full_state=not self.client.rooms))
            await self._tend_keys()

    async def _sync(self, patience: int, *, full_state: bool = False) -> nio.Response:
        return await self.client.sync(
            timeout=patience, full_state=full_state, sync_filter={"room": {"timeline": AT_ONCE}}
        )

    async def _tend_keys(self) -> None:
        """What a client does between two synchronisations, so that others can write to it."""
        if self.client.should_upload_keys:
            _good(await self.client.keys_upload())
        if self.client.should_query_keys:
            _good(await self.client.keys_query())
        if self.client.should_claim_keys:
            _good(await self.client.keys_claim(self.client.get_users_for_key_claiming()))
        await self.client.send_to_device_messages()

    def _saw(self, room: nio.MatrixRoom, event: nio.RoomMessage) -> None:
        event.source["room_id"] = room.room_id  # a synchronisation leaves it out
        event.source["came"] = time.time()
        self.seen.append(event)

    def _keep(self, answer: Any) -> Said:
        mine = {
            key: getattr(_good(answer), key) for key in ("user_id", "device_id", "access_token")
        }
        handle = os.open(self.session, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as kept:
            json.dump(mine, kept)
        return {"user": answer.user_id, "device": answer.device_id}


def _good(answer: Any) -> Any:
    if isinstance(answer, nio.ErrorResponse):
        raise Refused(f"{answer.status_code}: {answer.message}")
    return answer


async def _serve(person: Person) -> None:
    """Do as each line on stdin says, until it ends."""
    acts = {name: getattr(person, name) for name in dir(Person) if not name.startswith("_")}
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            wish = json.loads(line)
            told = await _do(acts[wish.pop("do")], wish)
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    finally:
        await person.client.close()


async def _do(act: Act, wish: Said) -> Said:
    try:
        return {"done": await act(**wish)}
    except (TimeoutError, Refused, nio.ProtocolError, OSError) as why:
        return {"refused": f"{type(why).__name__}: {why}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--store", required=True, type=Path)
    given = parser.parse_args()
    asyncio.run(_serve_all(given))


async def _serve_all(given: argparse.Namespace) -> None:
    await _serve(Person(given.server, given.ca, given.store))


if __name__ == "__main__":
    main()
