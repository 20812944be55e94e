"""People and invitations, against a real Synapse."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest

import greygate
from greygate.errors import NotRunning, Trouble, WrongUsage
from greygate.people import admin, invitations
from greygate.people.session import Session, session
from greygate.plan.paths import Paths
from greygate.secret import Secret
from greygate.site.model import ADMIN
from real_synapse import NAME, RealSynapse

pytestmark = pytest.mark.engine

LOGIN = "/_matrix/client/v3/login"
REGISTER = "/_matrix/client/v3/register"


@pytest.fixture
def server(real_synapse: RealSynapse) -> Iterator[Session]:
    with session(real_synapse.paths) as opened:
        yield opened


def _login(real: RealSynapse, name: str, password: Secret) -> httpx.Response:
    asked = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": name},
        "password": password.reveal(),
    }
    with real.client() as app:
        return app.post(LOGIN, json=asked)


def _register(real: RealSynapse, name: str, token: Secret) -> httpx.Response:
    """What an app does to register with a token (spec: m.login.registration_token)."""
    asked: dict[str, Any] = {"username": name, "password": "long enough for anybody"}
    with real.client() as app:
        flow = app.post(REGISTER, json=asked)
        assert flow.status_code == 401, flow.text
        stages = {stage for way in flow.json()["flows"] for stage in way["stages"]}
        assert "m.login.registration_token" in stages
        proof = {"session": flow.json()["session"], "token": token.reveal()}
        asked["auth"] = {"type": "m.login.registration_token", **proof}
        answer = app.post(REGISTER, json=asked)
        if answer.status_code == 401 and "completed" in answer.json():
            asked["auth"] = {"type": "m.login.dummy", "session": flow.json()["session"]}
            answer = app.post(REGISTER, json=asked)
        return answer


def test_a_new_person_can_log_in(real_synapse: RealSynapse, server: Session) -> None:
    added = admin.add(server, "anna")
    assert added.person.user_id == f"@anna:{NAME}"
    assert not added.person.admin
    assert _login(real_synapse, "anna", added.password).is_success


def test_a_name_is_given_once(server: Session) -> None:
    admin.add(server, "bert", Secret("his own password"))
    with pytest.raises(Trouble, match="the name is taken") as met:
        admin.add(server, "bert")
    assert "greygate user list" in met.value.hint


@pytest.mark.parametrize("name", ["Anna", "an na", "ä", "", "_x"])
def test_a_bad_name_is_refused(server: Session, name: str) -> None:
    with pytest.raises(WrongUsage, match="cannot use the name") as met:
        admin.add(server, name)
    assert met.value.hint


def test_an_odd_name_works_everywhere(real_synapse: RealSynapse, server: Session) -> None:
    added = admin.add(server, "a/b+c=d.e-f_g")
    assert _login(real_synapse, "a/b+c=d.e-f_g", added.password).is_success
    admin.deactivate(server, "a/b+c=d.e-f_g")


def test_a_short_password_is_refused(server: Session) -> None:
    with pytest.raises(WrongUsage, match="10"):
        admin.add(server, "shorty", Secret("123456789"))


def test_greygate_itself_is_no_person(server: Session) -> None:
    admin.add(server, "carl")
    names = {person.localpart for person in admin.people(server)}
    assert "carl" in names
    assert not any(name.startswith(ADMIN) for name in names)
    with pytest.raises(Trouble, match="Greygate's own"):
        admin.deactivate(server, server.user_id[1:].partition(":")[0])


def test_a_new_password_replaces_the_old(real_synapse: RealSynapse, server: Session) -> None:
    first = admin.add(server, "dora").password
    device = _login(real_synapse, "dora", first).json()["access_token"]
    second = admin.set_password(server, "dora").password
    assert _login(real_synapse, "dora", first).status_code == 403
    assert _login(real_synapse, "dora", second).is_success
    with real_synapse.client() as app:
        who = app.get(
            "/_matrix/client/v3/account/whoami", headers={"Authorization": f"Bearer {device}"}
        )
    assert who.status_code == 401


def test_a_closed_account_stays_closed(real_synapse: RealSynapse, server: Session) -> None:
    password = admin.add(server, "emil").password
    admin.deactivate(server, "emil")
    assert _login(real_synapse, "emil", password).status_code == 403
    assert {it.localpart: it.deactivated for it in admin.people(server)}["emil"]
    with pytest.raises(Trouble, match="closed"):
        admin.set_password(server, "emil")
    with pytest.raises(Trouble, match="closed"):
        admin.add(server, "emil")


@pytest.mark.parametrize("change", [admin.set_password, admin.deactivate])
def test_nobody_of_that_name_can_be_changed(server: Session, change: Any) -> None:
    with pytest.raises(Trouble, match="nobody of this name"):
        change(server, "nobody")


def test_an_invitation_works_once(real_synapse: RealSynapse, server: Session) -> None:
    token = invitations.new(server, now=real_synapse.now).token
    assert _register(real_synapse, "fritz", token).is_success
    second = _register(real_synapse, "gerda", token)
    assert second.status_code == 401
    names = {it.localpart for it in admin.people(server)}
    assert "fritz" in names
    assert "gerda" not in names


def test_registration_is_closed_without_a_token(real_synapse: RealSynapse) -> None:
    with real_synapse.client() as app:
        asked = {"username": "hans", "password": "long enough for anybody"}
        flow = app.post(REGISTER, json=asked)
        dummy = {"type": "m.login.dummy", "session": flow.json()["session"]}
        answer = app.post(REGISTER, json={**asked, "auth": dummy})
    assert answer.status_code == 401


def test_the_credential_is_ours_alone(real_synapse: RealSynapse, server: Session) -> None:
    assert server.server_name == NAME
    assert stat.S_IMODE(Path(real_synapse.paths.admin).stat().st_mode) == 0o600
    assert set(json.loads(Path(real_synapse.paths.admin).read_bytes())) == {"user_id", "token"}


def test_a_dead_credential_is_made_anew(real_synapse: RealSynapse, server: Session) -> None:
    former = server.user_id
    token = json.loads(Path(real_synapse.paths.admin).read_bytes())["token"]
    with real_synapse.client() as app:
        app.post("/_matrix/client/v3/logout", headers={"Authorization": f"Bearer {token}"})
    with session(real_synapse.paths) as again:
        assert admin.people(again)
        assert again.user_id != former
        closed = again.get(f"/_synapse/admin/v2/users/{former}")["deactivated"]
    assert closed


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"user_id": 1}'])
def test_a_damaged_credential_is_made_anew(real_synapse: RealSynapse, content: bytes) -> None:
    Path(real_synapse.paths.admin).write_bytes(content)
    with session(real_synapse.paths) as again:
        assert isinstance(admin.people(again), tuple)


def test_the_credential_has_no_password(real_synapse: RealSynapse, server: Session) -> None:
    name = server.user_id[1:].partition(":")[0]
    assert _login(real_synapse, name, Secret("")).status_code == 403


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "s"), PurePosixPath(tmp_path / "r"))
    with pytest.raises(NotRunning, match="not running"), session(paths) as nothing:
        admin.people(nothing)


def test_a_killed_servers_socket_is_told(real_synapse: RealSynapse, tmp_path: Path) -> None:
    paths = replace(real_synapse.paths, runtime=PurePosixPath(tmp_path))
    Path(paths.client_socket).parent.mkdir()
    Path(paths.client_socket).touch()
    with pytest.raises(NotRunning), session(paths) as nothing:
        admin.people(nothing)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else: needs root")
@pytest.mark.parametrize("credential", ["kept", "none"])
def test_somebody_else_is_told_who_may(real_synapse: RealSynapse, credential: str) -> None:
    below = Path(real_synapse.paths.state).parent
    with session(real_synapse.paths) as server:
        admin.people(server)
    state = real_synapse.paths.state if credential == "kept" else below / "absent"
    below.chmod(0o711)
    said = subprocess.run(
        (sys.executable, "-c", ASK, real_synapse.paths.runtime, real_synapse.paths.state, state),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(greygate.__file__).parents[1])},
    )
    assert "only the server's owner may" in said.stdout, said.stderr


# Our code and Python itself may lie below /root: all that is imported only once it is needed is
# there before we become somebody else.
ASK = """
import os, sys
from pathlib import PurePosixPath
from greygate.errors import Trouble
from greygate.people import admin
from greygate.people.session import session
from greygate.plan.paths import Paths
runtime, *states = map(PurePosixPath, sys.argv[1:])
def ask(state):
    with session(Paths.below(state, runtime)) as server:
        admin.people(server)
ask(states[0])
os.setgroups(())
os.setgid(65534)
os.setuid(65534)
try:
    ask(states[1])
except Trouble as trouble:
    print(trouble)
"""


def test_a_lost_secret_is_told(real_synapse: RealSynapse, tmp_path: Path) -> None:
    paths = replace(real_synapse.paths, state=PurePosixPath(tmp_path))
    with pytest.raises(Trouble, match="is gone") as met, session(paths) as nothing:
        admin.people(nothing)
    assert "identity.tar" in met.value.hint


def test_other_refusals_are_told_in_synapses_words(server: Session) -> None:
    with pytest.raises(Trouble, match=r"Synapse says .* \(M_UNRECOGNIZED\)"):
        server.get("/_synapse/admin/v1/nothing")


@pytest.mark.parametrize(("uses", "days"), [(0, 7), (1, 0), (-1, 7)])
def test_an_invitation_for_nobody_is_refused(server: Session, uses: int, days: int) -> None:
    with pytest.raises(WrongUsage, match="cannot make an invitation"):
        invitations.new(server, now=datetime.now(UTC), uses=uses, days=days)
