"""Connections by SSH, to a real server on loopback: whose key it is, who gets in, what breaks."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import pytest

from greygate.errors import Trouble
from greygate.home import ssh, ssh_entry
from greygate.home.ssh import Done
from greygate.home.ssh_entry import Access
from greygate.home.ssh_target import Target
from greygate.secret import Secret
from ssh_host import LOOPBACK, SshHost, interruptible, ssh_host

OURS = asyncssh.generate_private_key("ssh-ed25519")


@dataclass(slots=True)
class Somebody:
    """A person at a terminal, and what was asked."""

    answer: bool = True
    typed: str = ""
    asked: list[str] = field(default_factory=list)

    def agrees(self, question: str) -> bool:
        self.asked.append(question)
        return self.answer

    def secret(self, question: str) -> Secret:
        self.asked.append(question)
        return Secret(self.typed)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own ~/.ssh, with one key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    OURS.write_private_key(tmp_path / ".ssh/id_ed25519")
    return tmp_path / ".ssh"


@pytest.fixture
def host() -> Iterator[SshHost]:
    with ssh_host(welcome=[OURS]) as listening:
        yield listening


def target(host: SshHost) -> Target:
    return Target(LOOPBACK, "root", host.port)


def fingerprint(host: SshHost) -> str:
    return host.key.get_fingerprint()


def ran(
    target: Target,
    access: Access,
    command: str = "echo in",
    *,
    given: bytes = b"",
    heard: Callable[[str], None] | None = None,
) -> Done:
    async def act(connection: asyncssh.SSHClientConnection) -> Done:
        return await ssh.run(connection, command, given=given, heard=heard)

    return ssh.over(target, access, act)


def refusal(target: Target, access: Access, command: str = "echo in") -> Trouble:
    with pytest.raises(Trouble) as refused:
        ran(target, access, command)
    return refused.value


def test_a_host_that_is_not_known_is_a_question_with_its_fingerprint(
    host: SshHost, folder: Path
) -> None:
    person = Somebody()
    assert ran(target(host), Access(person=person)).out == "in\n"
    assert fingerprint(host) in person.asked[0]
    known = folder / "known_hosts"
    assert known.stat().st_mode & 0o777 == 0o600
    kind, key = host.key.export_public_key().decode().split()[:2]
    assert known.read_text() == f"[{LOOPBACK}]:{host.port} {kind} {key}\n"
    assert ran(target(host), Access()).out == "in\n"
    assert len(person.asked) == 1


def test_of_several_keys_the_one_is_shown_that_openssh_shows() -> None:
    more = [asyncssh.generate_private_key(it) for it in ("ecdsa-sha2-nistp256", "ssh-rsa")]
    with ssh_host(welcome=[OURS], more_keys=more) as listening:
        person = Somebody()
        assert ran(target(listening), Access(person=person)).out == "in\n"
        assert "Its ED25519 key is" in person.asked[0]
        assert ran(target(listening), Access()).out == "in\n"


def test_who_does_not_accept_it_goes_no_further(host: SshHost, folder: Path) -> None:
    said = refusal(target(host), Access(person=Somebody(answer=False)))
    assert "was not accepted" in said.what
    assert not (folder / "known_hosts").exists()
    assert host.commands == []


def test_where_nobody_can_be_asked_the_flag_is_named(host: SshHost) -> None:
    said = refusal(target(host), Access())
    assert fingerprint(host) in said.what
    assert f"--host-key {fingerprint(host)}" in said.hint
    access = Access(host_key=fingerprint(host))
    assert ran(target(host), access).out == "in\n"


def test_another_fingerprint_than_was_typed_is_refused(host: SshHost, folder: Path) -> None:
    other = Access(host_key="SHA256:" + "A" * 43)
    assert f"its key is {fingerprint(host)}, not SHA256:AAA" in refusal(target(host), other).what
    ran(target(host), Access(host_key=fingerprint(host)))
    assert "not SHA256:AAA" in refusal(target(host), other).what  # though known_hosts agrees


def test_a_changed_key_stops_it_loudly_whatever_is_typed(host: SshHost, folder: Path) -> None:
    ran(target(host), Access(person=Somebody()))
    before = (folder / "known_hosts").read_text()
    with ssh_host(welcome=[OURS]) as other:
        (folder / "known_hosts").write_text(before.replace(str(host.port), str(other.port)))
        for access in (
            Access(),
            Access(person=Somebody()),
            Access(host_key=fingerprint(other)),
        ):
            said = refusal(target(other), access)
            assert "HAS CHANGED" in said.what
            assert fingerprint(host) in said.what
            assert fingerprint(other) in said.what
            assert f"ssh-keygen -R '[{LOOPBACK}]:{other.port}'" in said.hint
        assert other.commands == []


def test_a_damaged_known_hosts_is_told(host: SshHost, folder: Path) -> None:
    (folder / "known_hosts").write_text("@nonsense x y z\n")
    assert "known_hosts" in refusal(target(host), Access()).what


def test_a_line_is_added_below_one_that_does_not_end(host: SshHost, folder: Path) -> None:
    (folder / "known_hosts").write_text("# mine")
    ran(target(host), Access(person=Somebody()))
    assert (folder / "known_hosts").read_text().startswith("# mine\n[")


def test_keys_that_it_does_not_take_are_told(
    host: SshHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.welcome.clear()
    monkeypatch.delenv("SUDO_USER", raising=False)
    said = refusal(target(host), Access(host_key=fingerprint(host)))
    assert "cannot log in" in said.what
    assert "--identity FILE" in said.hint
    monkeypatch.setenv("SUDO_USER", "anna")
    said = refusal(target(host), Access(host_key=fingerprint(host)))
    assert "~anna/.ssh" in said.hint


def test_a_password_is_asked_of_a_person_once(host: SshHost) -> None:
    host.welcome.clear()
    host.password = "open sesame"
    person = Somebody(typed="open sesame")
    access = Access(host_key=fingerprint(host), person=person)
    assert ran(target(host), access).out == "in\n"
    assert person.asked == [f"password of root@{LOOPBACK}:{host.port}:"]
    wrong = Somebody(typed="open barley")
    assert "cannot log in" in refusal(target(host), replace(access, person=wrong)).what
    assert len(wrong.asked) == 1


def test_an_identity_may_be_named_and_locked(host: SshHost, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    host.welcome[:] = [other]
    other.write_private_key(tmp_path / "other", passphrase="moon", rounds=64)
    access = Access(host_key=fingerprint(host), identity=tmp_path / "other")
    assert "ssh-add" in refusal(target(host), access).hint
    person = Somebody(typed="moon")
    assert ran(target(host), replace(access, person=person)).out == "in\n"
    wrong = Somebody(typed="sun")
    assert "private key" in refusal(target(host), replace(access, person=wrong)).what
    absent = replace(access, identity=tmp_path / "absent")
    assert "absent" in refusal(target(host), absent).what


def test_the_user_s_ssh_config_holds(host: SshHost, folder: Path, tmp_path: Path) -> None:
    (folder / "config").write_text(
        f"Host edge\n  HostName {LOOPBACK}\n  Port {host.port}\n  User root\n"
        f"  UserKnownHostsFile {tmp_path}/elsewhere\n"
    )
    assert ran(Target("edge"), Access(person=Somebody())).out == "in\n"
    assert (tmp_path / "elsewhere").exists()
    assert not (folder / "known_hosts").exists()
    (folder / "config").write_text("Host edge\n  Port many\n")
    assert "~/.ssh/config" in refusal(Target("edge"), Access()).hint


def test_what_is_out_of_reach_is_told_apart(host: SshHost) -> None:
    with socket.create_server((LOOPBACK, 0)) as closed:
        port = closed.getsockname()[1]
    assert "nothing listens" in refusal(Target(LOOPBACK, "root", port), Access()).what
    assert "nobody knows the name" in refusal(Target("edge.invalid", "root"), Access()).what


def test_what_speaks_no_ssh_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_entry, "ANSWER_WITHIN", 0.5)
    with socket.create_server((LOOPBACK, 0)) as silent:
        said = refusal(Target(LOOPBACK, "root", silent.getsockname()[1]), Access())
    assert "no answer" in said.what


def test_what_a_program_says_comes_line_by_line_while_it_runs(host: SshHost) -> None:
    heard: list[tuple[float, str]] = []
    command = "read -r it; echo one $it >&2; sleep 0.5; printf 'two\\033[2J' >&2; echo out; exit 7"
    done = ran(
        target(host),
        Access(host_key=fingerprint(host)),
        command,
        given=b"given\n",
        heard=lambda line: heard.append((time.monotonic(), line)),
    )
    assert [line for _at, line in heard] == ["one given", "two\\x1b[2J"]
    assert heard[1][0] - heard[0][0] > 0.3
    assert (done.status, done.out, done.said) == (7, "out\n", ("one given", "two\\x1b[2J"))


def test_a_large_input_that_nobody_reads_is_no_trouble(host: SshHost) -> None:
    access = Access(host_key=fingerprint(host))
    assert ran(target(host), access, "exit 3", given=bytes(8_000_000)).status == 3


def test_a_connection_that_breaks_off_is_told(host: SshHost) -> None:
    with pytest.raises(Trouble) as refused:
        ran(
            target(host),
            Access(host_key=fingerprint(host)),
            "echo ready >&2; exec sleep 30",
            heard=lambda _line: host.break_off(),
        )
    assert "the connection broke off" in refused.value.what
    assert "run the same command again" in refused.value.hint


def test_ctrl_c_ends_the_program_there_too_and_lets_it_tidy_up(
    host: SshHost, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"

    def interrupt(_line: str) -> None:
        signal.raise_signal(signal.SIGINT)

    with interruptible(), pytest.raises(KeyboardInterrupt):
        ran(
            target(host),
            Access(host_key=fingerprint(host)),
            f"trap 'rm {mark}' EXIT; trap exit TERM; touch {mark}; echo on >&2; sleep 30 & wait",
            heard=interrupt,
        )
    ends_at = time.monotonic() + 20
    while mark.exists():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
