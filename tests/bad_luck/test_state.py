"""What may be wrong with the state directory: each is said with its cure, and the cure works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bad_luck.machine import Machine

pytestmark = [pytest.mark.programs, pytest.mark.engine, pytest.mark.lab]


@pytest.fixture
def server(home: Machine) -> Machine:
    """A machine whose server was up once."""
    home.up()
    home.down()
    return home


def elsewhere(home: Machine, state: str) -> Machine:
    return replace(home, state=Path(state))


def test_keys_that_are_lost_or_damaged_are_put_back_as_told(server: Machine) -> None:
    for member in ("keys/signing.key", "keys/overlay.pem", "keys/ca.key", "certs/ca.pem"):
        file = server.state / member
        server.shell(f"rm {file}")
        lost = server.refused("up", "--detach")
        assert f"{file} is gone" in lost.what
        server.shell(f"echo rubbish >{file}")
        damaged = server.refused("up", "--detach")
        assert f"{file}: it is damaged" in damaged.what
        server.shell(damaged.command)
    server.up()


@pytest.mark.parametrize("spoil", ["rm {file}", "echo rubbish >{file}"])
def test_without_its_overlay_key_a_server_is_looked_at_and_stopped(
    home: Machine, spoil: str
) -> None:
    home.up()
    file = home.state / "keys/overlay.pem"
    home.shell(spoil.format(file=file))
    told = home.greygate("status")
    assert str(file) in told.out and "tar -xf" in told.out and "haproxy  " in told.out
    assert home.greygate("logs", "haproxy").code == 0
    unsaved = home.refused("backup", "identity", "/run/copy.tar")
    assert "tar -xf" in unsaved.hint
    home.down()
    home.shell(unsaved.command)
    home.up()


def test_who_names_two_servers_stops_and_removes_neither(home: Machine) -> None:
    home.up()
    home.shell(
        f"sed 's/^server_name = .*/server_name = \"trial-aaaaaaaa.internal\"/'"
        f" {home.state}/site.toml >/run/other.toml"
    )
    for words in (("down",), ("status",), ("logs",), ("uninstall", "--yes")):
        other = home.refused(*words, "--site", "/run/other.toml")
        assert "it holds the server trial-" in other.what
    assert home.greygate("status").out.count("  up  ") > 1
    home.down()


def test_a_damaged_admin_credential_is_made_anew(server: Machine) -> None:
    server.shell(f"echo rubbish >{server.state}/keys/admin.json")
    server.up()
    assert server.greygate("user", "list").code == 0


def test_the_state_of_another_server_is_not_taken(home: Machine) -> None:
    server = home
    assert server.greygate("up", "a.example", "--detach").code == 0
    server.down()
    other = server.refused("up", "b.example", "--detach", code=2)
    assert "is the site of a.example" in other.what
    server.shell(f"mv {server.state}/site.toml /run/site.toml")
    gone = server.refused("up", "--detach")
    assert "whose site file is gone" in gone.what
    server.shell(gone.hint.partition(": ")[2].partition(";")[0])
    server.up()


def test_a_named_state_has_a_site_of_its_own(server: Machine) -> None:
    server.shell(f"mkdir /etc/greygate && cp {server.state}/site.toml /etc/greygate")
    other = elsewhere(server, "/run/other")
    other.shell(f"mkdir -p {other.state}/engines")
    written = other.greygate("init", "b.example", "--yes", "--json")
    assert written.json["site"] == "/run/other/site.toml"


def test_an_edited_file_is_shown_and_not_replaced_silently(server: Machine) -> None:
    server.shell(f"echo '# mine' >>{server.state}/rendered/haproxy/haproxy.cfg")
    refused = server.refused("up", "--detach")
    assert "+# mine" in refused.what and "--overwrite" in refused.hint
    assert server.greygate("apply", "--overwrite", "--yes").code == 0
    assert "# mine" in server.shell(f"cat {server.state}/rendered/haproxy/haproxy.cfg.edited")
    server.up()


def test_without_a_usable_site_file_it_can_be_looked_at_and_stopped(home: Machine) -> None:
    home.up()
    file = home.state / "site.toml"
    other = f"sed -i 's/^server_name = .*/server_name = \"trial-aaaaaaaa.internal\"/' {file}"
    for spoil, words, code in (
        (f"echo 'nod = 1' >>{file}", "there is no key ", 2),
        (f"rm {file}", "it is not there", 3),
        (other, "it holds the server trial-", 3),
    ):
        home.shell(f"cp {file} /run/site.toml; {spoil}")
        told = home.greygate("status")
        assert words in told.err and "in force" in told.err and "haproxy" in told.out
        assert home.greygate("status", "--json").json["in_force_because"]
        assert home.greygate("logs", "haproxy").code == 0
        home.refused("user", "list", code=code)  # for all else it is needed
        home.down()
        home.refused("up", "--detach", code=code)
        home.shell(f"mv /run/site.toml {file}")
        home.up()


def test_a_place_that_the_services_cannot_reach_is_refused_beforehand(home: Machine) -> None:
    closed = elsewhere(home, "/run/closed/state")
    closed.shell("mkdir -m 700 /run/closed")
    refused = closed.refused("up", "--detach")
    assert "may not pass through /run/closed" in refused.what
    assert closed.shell("ls -A /run/closed") == ""
    closed.shell(refused.command)
    assert "pass" not in closed.refused("up", "--detach").what  # it goes on, to too small a disk


def test_a_read_only_state_is_named_and_the_server_can_be_stopped(server: Machine) -> None:
    server.up()
    server.shell(f"mount --bind {server.state} {server.state}")
    server.shell(f"mount -o remount,ro,bind {server.state}")
    server.down()
    assert "read-only" in server.refused("up", "--detach").what
    server.shell(f"umount {server.state}")
    server.up()


def test_the_server_of_another_user_is_left_to_him(server: Machine) -> None:
    as_nobody = server.refused("down", as_user="nobody")
    assert "run it as root" in as_nobody.hint
    server.shell(f"chown nobody {server.state}/server-name")
    as_root = server.refused("up", "--detach")
    assert "a server of nobody, and you are root" in as_root.what
    assert as_root.hint.startswith("run it as nobody")


def test_what_is_no_directory_is_named(home: Machine) -> None:
    home.shell("touch /run/file")
    for state in ("/run/file", "/run/file/below"):
        assert "/run/file is not a directory" in elsewhere(home, state).refused("up").what


def test_letters_that_the_terminal_lacks_stop_nothing(home: Machine) -> None:
    odd = elsewhere(home, "/run/дом")
    settings = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"}
    said = odd.greygate("status", "--json", env=settings)
    assert said.code == 3 and "/run/дом" in said.json["error"]["hint"]
    odd = elsewhere(home, "/run/\udcff")
    assert "not UTF-8" in odd.refused("status").what


def test_neither_home_nor_sbin_is_needed_by_root(home: Machine) -> None:
    bare = ("env", "-u", "HOME", "PATH=/usr/bin:/bin")
    said = home.run(*bare, *home.command(("up", "--detach")))
    assert said.code == 0, said.err


@pytest.mark.parametrize("room", ["20k", "3m"])
def test_a_full_disk_is_told_before_the_start(home: Machine, room: str) -> None:
    small = elsewhere(home, "/run/small")
    small.shell(f"mkdir /run/small && mount -t tmpfs -o mode=755,size={room} none /run/small")
    refused = small.refused("up", "--detach")
    assert "free in /run/small" in refused.what or "disk of /run/small is full" in refused.what
    assert "make room" in refused.hint
    assert small.leftovers() == ()


def test_a_disk_that_fills_up_ends_nothing(home: Machine) -> None:
    home.up()
    home.shell(f"mount -t tmpfs -o size=64k none {home.state}/logs")
    home.down()
    home.shell(f"umount {home.state}/logs && mount -t tmpfs -o size=64k none {home.state}/logs")
    home.shell(f"head -c 60k /dev/zero >{home.state}/logs/blob")
    home.up()
    home.shell(f"cat /dev/zero >>{home.state}/logs/blob || true")
    assert home.greygate("user", "add", "anna").code == 0
    assert len(home.greygate("status", "--json").json["services"]) == 3
    home.down()


def test_an_unfinished_database_is_made_anew_and_a_used_one_never(server: Machine) -> None:
    database = server.state / "synapse/homeserver.db"
    server.shell(f"rm {server.state}/keys/admin.json")
    server.up()
    assert server.greygate("user", "list", "--json").out.count("owner") > 0
    server.down()
    server.shell(f"rm {database}* {server.state}/keys/admin.json")
    half = "import sqlite3; sqlite3.connect('{}').execute('CREATE TABLE background_updates (x)')"
    server.shell(f'python3 -c "{half.format(database)}"; chown greygate-synapse: {database}')
    assert server.up()["first_person"] is not None


def test_a_bad_file_of_the_operators_is_told_before_anything_starts(server: Machine) -> None:
    file = server.state / "synapse.d/own.yaml"
    server.shell(f"printf 'presence: [1\\nb: 2\\n' >{file}")
    for words in (("up", "--detach"), ("apply", "--yes")):
        refused = server.refused(*words)
        assert f'in "{file}", line 2' in refused.what and "expected ',' or ']'" in refused.what
        assert str(file.parent) in refused.hint
        assert server.run("sh", "-c", refused.command).code != 0
    assert server.leftovers() == ()
    server.shell(f"echo 'presence: {{enabled: false}}' >{file}")
    server.up()
