"""An edge deployed to a real SSH server, up to what stands in there for our own program."""

from __future__ import annotations

import io
import signal
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

import asyncssh
import pytest

from greygate.errors import MissingProgram, Trouble
from greygate.home import deployment, installation, rented_host
from greygate.home.rented_host import STATE, Order
from greygate.home.ssh_entry import Access
from greygate.home.ssh_target import Target
from greygate.plan.token import Token, read, written
from ssh_host import LOOPBACK, SshHost, interruptible, ssh_host
from unit.plan.test_token import TOKEN

OURS = asyncssh.generate_private_key("ssh-ed25519")
ORDER = Order(
    edge="edge1",
    site=TOKEN.site,
    server_name="twinkle.example",
    ports=(443, 8448),
    addresses=(ip_address("192.0.2.10"),),
)

JOINS = """\
#!/bin/sh
echo "  installing haproxy" >&2
echo "$0 $*" >"$RECORD/words"
umask 077 && cat >"$RECORD/token"
echo '{"edge": "edge1", "address": "200::1", "ports": [443, 8448], "changed": true}'
"""
REFUSES = """\
#!/bin/sh
echo '{"error": {"what": "cannot join: no reason", "hint": "try again"}}'; exit 3
"""
BREAKS = """\
#!/bin/sh
echo "greygate: cannot install python3: apt refused" >&2; exit 3
"""
WAITS = """\
#!/bin/sh
trap 'touch "$RECORD/ended"; exit 1' TERM
touch "$RECORD/began"; echo waiting >&2; sleep 5 & wait; touch "$RECORD/finished"
"""


@dataclass(slots=True)
class Heard:
    """Progress, as it was told; `then` is done at the note that ends so."""

    notes: list[str] = field(default_factory=list)
    then: Callable[[], None] | None = None
    at: str = "waiting"

    def step(self, text: str) -> AbstractContextManager[None]:
        self.notes.append(text)
        return nullcontext()

    def note(self, text: str) -> None:
        self.notes.append(text)
        if self.then is not None and text.endswith(self.at):
            self.then()


@dataclass(slots=True)
class Rented:
    """A host on loopback where everybody is root, and what it keeps."""

    ssh: SshHost
    place: Path
    tree: Path  # what stands in for our working tree

    @property
    def target(self) -> Target:
        return Target(LOOPBACK, "root", self.ssh.port)

    @property
    def record(self) -> Path:
        return self.place / "record"

    @property
    def left(self) -> list[Path]:
        """What of ours lies about in its temporary directory."""
        return list((self.place / "tmp").iterdir())

    def has(self, program: str, text: str) -> None:
        (self.place / "bin" / program).write_text(text)
        (self.place / "bin" / program).chmod(0o755)

    def deploy(
        self, progress: Heard, order: Order = ORDER, token: Callable[[], Token] = lambda: TOKEN
    ) -> deployment.Joined:
        access = Access(host_key=self.ssh.key.get_fingerprint())
        return deployment.deploy(self.target, access, order, progress, token=token, tree=self.tree)


@pytest.fixture
def rented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rented]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    OURS.write_private_key(tmp_path / ".ssh/id_ed25519")
    for name in ("bin", "tmp", "record", "tree"):
        (tmp_path / name).mkdir()
    where = f"RECORD={tmp_path}/record TMPDIR={tmp_path}/tmp PATH={tmp_path}/bin:$PATH"
    with ssh_host(welcome=[OURS], shell=f"export {where}; exec sh -c") as listening:
        made = Rented(listening, tmp_path, tmp_path / "tree")
        made.has("id", '#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo root\n')
        made.has("uname", "#!/bin/sh\necho x86_64\n")
        made.has("ss", "#!/bin/sh\n")
        made.has("df", "#!/bin/sh\necho 'd 1 1 99999999 1% /'\n")
        program(made, JOINS)
        yield made


@pytest.fixture(autouse=True)
def systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine need not be run by systemd, nor be free of a Greygate of its own."""
    asked = rented_host.QUESTIONS
    asked = asked.replace("/run/systemd/system", "/").replace(STATE, "/proc/none")
    monkeypatch.setattr(rented_host, "QUESTIONS", asked)


def program(rented: Rented, text: str) -> None:
    (rented.tree / "greygate").write_text(text)


def wait_for(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def test_it_brings_the_program_and_the_token_and_leaves_nothing_else(rented: Rented) -> None:
    heard = Heard()
    joined = rented.deploy(heard)
    assert joined.told["changed"]
    assert f"{LOOPBACK}: installing haproxy" in heard.notes
    assert any(f"this host is {LOOPBACK}" in it for it in heard.notes)
    words = (rented.record / "words").read_text()
    assert words.endswith("/greygate edge join --json\n")
    assert read((rented.record / "token").read_text()) == TOKEN
    assert rented.left == []
    assert written(TOKEN)[:40] not in " ".join((*rented.ssh.commands, *heard.notes))


def test_one_port_is_passed_on(rented: Rented) -> None:
    rented.deploy(Heard(), replace(ORDER, ports=(8448,)))
    assert (rented.record / "words").read_text().endswith("edge join --json --ports 8448\n")


def test_nothing_is_sent_to_a_host_that_will_not_do(rented: Rented) -> None:
    rented.has("ss", "#!/bin/sh\necho 'LISTEN 0 1 *:443 *:* users:((\"nginx\",pid=7,fd=6))'\n")
    made: list[Token] = []

    def token() -> Token:
        made.append(TOKEN)
        return TOKEN

    with pytest.raises(Trouble, match=r"443 is taken by nginx \(pid 7\)"):
        rented.deploy(Heard(), token=token)
    assert made == []
    assert list(rented.record.iterdir()) == []


def test_its_own_refusal_is_passed_on(rented: Rented) -> None:
    program(rented, REFUSES)
    with pytest.raises(Trouble, match="cannot join: no reason") as refused:
        rented.deploy(Heard())
    assert 'advises: "try again"' in refused.value.what
    assert refused.value.hint == "mend that there, then run this again: it goes on"
    assert rented.left == []


def test_a_program_that_ends_without_an_answer_is_told_by_its_last_words(rented: Rented) -> None:
    program(rented, BREAKS)
    with pytest.raises(Trouble, match="cannot install python3: apt refused"):
        rented.deploy(Heard())
    assert rented.left == []


def test_a_full_disk_is_told(rented: Rented) -> None:
    rented.has("tar", "#!/bin/sh\necho 'tar: src: No space left on device' >&2\nexit 2\n")
    with pytest.raises(Trouble, match="No space left on device"):
        rented.deploy(Heard())
    assert rented.left == []


def test_ctrl_c_ends_it_there_too_and_nothing_stays(rented: Rented) -> None:
    program(rented, WAITS)

    with interruptible(), pytest.raises(KeyboardInterrupt):
        rented.deploy(Heard(then=lambda: signal.raise_signal(signal.SIGINT)))
    wait_for(lambda: rented.left == [])
    wait_for(lambda: (rented.record / "ended").exists())
    assert not (rented.record / "finished").exists()


def test_what_a_broken_connection_leaves_is_tidied_up_by_the_host(rented: Rented) -> None:
    program(rented, WAITS)
    with pytest.raises(Trouble, match="the connection broke off"):
        rented.deploy(Heard(then=rented.ssh.break_off))
    wait_for(lambda: (rented.record / "finished").exists())
    wait_for(lambda: rented.left == [])


def test_one_that_breaks_before_anything_was_sent_is_told_alike(rented: Rented) -> None:
    heard = Heard(then=rented.ssh.break_off, at="The site file says so")
    with pytest.raises(Trouble, match="the connection broke off"):
        rented.deploy(heard)
    assert list(rented.record.iterdir()) == []


def test_a_token_that_was_cut_is_no_token(rented: Rented) -> None:
    """The archive is counted: what of it is missing is not taken from the token."""
    whole = deployment.archive
    short = Heard()

    def cut(tree: Path) -> bytes:
        return whole(tree)[:-10]

    with pytest.MonkeyPatch.context() as patched, pytest.raises(Trouble):
        patched.setattr(deployment, "archive", cut)
        rented.deploy(short)
    assert rented.left == []
    assert list(rented.record.iterdir()) == []


def test_who_is_not_root_and_has_no_sudo_is_told(rented: Rented) -> None:
    rented.has("id", '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo anna\n')
    rented.has("sudo", "#!/bin/sh\nexit 1\n")
    with pytest.raises(MissingProgram, match="anna is not") as refused:
        rented.deploy(Heard())
    assert f"root@{LOOPBACK}" in refused.value.hint


def test_sudo_does_where_it_asks_nothing(rented: Rented) -> None:
    rented.has("id", '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo anna\n')
    rented.has("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
    assert rented.deploy(Heard()).told["edge"] == "edge1"
    assert rented.ssh.commands[-1].startswith("sudo -n sh -c ")


def test_what_a_cloud_s_root_answers_is_passed_on(rented: Rented) -> None:
    rented.ssh.shell = "echo 'Please login as the user \"debian\".'; exit 1; :"
    with pytest.raises(Trouble, match='says Please login as the user "debian"') as refused:
        rented.deploy(Heard())
    assert f"USER@{LOOPBACK}" in refused.value.hint


def test_a_look_changes_nothing(rented: Rented) -> None:
    access = Access(host_key=rented.ssh.key.get_fingerprint())
    host = deployment.look(rented.target, access, Heard())
    assert host.machine == "x86_64"
    assert list(rented.record.iterdir()) == []


def test_the_archive_is_the_program_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "src/__pycache__").mkdir(parents=True)
    (tmp_path / "src/__pycache__/a.pyc").write_text("")
    (tmp_path / "src/a.py").write_text("")
    (tmp_path / "src/b.py").symlink_to("/etc/passwd")
    (tmp_path / "greygate").write_text("")
    (tmp_path / "greygate").chmod(0o700)
    (tmp_path / "token").write_text("")
    packed = deployment.archive(tmp_path)
    assert packed == deployment.archive(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        modes = {it.name: it.mode for it in tar.getmembers()}
    assert modes == {"greygate": 0o755, "src": 0o755, "src/a.py": 0o644}


def test_our_own_tree_fits_in_a_moment_of_any_line() -> None:
    assert 50_000 < len(deployment.archive(installation.TREE)) < 3_000_000
