"""identity.tar brings the same server back, and says so when it cannot."""

from __future__ import annotations

import io
import stat
import subprocess
import tarfile
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.identity import archive, authority, keys
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames

SITE = 'server_name = "home.example"\n'
NAMES = CertificateNames(("home.example",), (IPv6Address("200::1"),))


def _paths(below: Path) -> Paths:
    return Paths.below(PurePosixPath(below / "state"), PurePosixPath(below / "run"))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = _paths(tmp_path)
    keys.claim(paths, "home.example")
    keys.ensure_keys(paths, accounts=False)
    authority.ensure_certificate(paths, NAMES, accounts=False, now=datetime.now(UTC))
    return paths


def test_it_is_written_once_and_when_something_changed(paths: Paths) -> None:
    assert archive.ensure_archive(paths, site=SITE)
    assert not archive.ensure_archive(paths, site=SITE)
    assert archive.ensure_archive(paths, site=SITE + "federation = false\n")
    assert stat.S_IMODE(Path(paths.identity).stat().st_mode) == 0o600


def test_a_round_trip_gives_the_same_server(paths: Paths, tmp_path: Path) -> None:
    archive.ensure_archive(paths, site=SITE)
    other = _paths(tmp_path / "other")
    identity = archive.read(Path(paths.identity).read_bytes())
    archive.restore_into(other, identity, accounts=False)
    assert archive.gathered(other, site=SITE) == archive.gathered(paths, site=SITE)
    assert keys.overlay_address(other) == keys.overlay_address(paths)
    assert (identity.server_name, identity.site) == ("home.example", SITE)


def test_accounts_at_authorities_come_back(paths: Paths, tmp_path: Path) -> None:
    for path in (paths.acme_accounts, paths.acme_dns):
        Path(path).write_text(f'{{"{path.name}": {{}}}}')
    archive.ensure_archive(paths, site=SITE)
    other = _paths(tmp_path / "other")
    identity = archive.read(Path(paths.identity).read_bytes())
    archive.restore_into(other, identity, accounts=False)
    for path in (other.acme_accounts, other.acme_dns):
        assert Path(path).read_text() == f'{{"{path.name}": {{}}}}'
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_a_restore_that_was_killed_can_be_run_again(paths: Paths, tmp_path: Path) -> None:
    identity = archive.gathered(paths, site=None)
    other = _paths(tmp_path / "other")
    archive.restore_into(other, identity, accounts=False)
    Path(other.signing_key).unlink()
    with pytest.raises(Trouble, match="gone"):
        keys.ensure_keys(other, accounts=False)
    archive.restore_into(other, identity, accounts=False)
    assert archive.gathered(other, site=None) == identity


def test_it_is_not_restored_over_another_server(paths: Paths, tmp_path: Path) -> None:
    other = _paths(tmp_path / "other")
    keys.ensure_keys(other, accounts=False)
    with pytest.raises(Trouble, match="another server is there"):
        archive.restore_into(other, archive.gathered(paths, site=None), accounts=False)


def test_it_unpacks_by_hand_into_the_state(paths: Paths, tmp_path: Path) -> None:
    archive.ensure_archive(paths, site=SITE)
    other = _paths(tmp_path / "other")
    Path(other.state).mkdir(parents=True)
    subprocess.run(("tar", "-xf", paths.identity, "-C", other.state), check=True)
    keys.ensure_keys(other, accounts=False)
    assert archive.gathered(other, site=None) == archive.gathered(paths, site=None)


@pytest.mark.parametrize("cut", [0, 100, 3000, -11000])
def test_half_an_archive_is_refused(paths: Paths, cut: int) -> None:
    whole = archive.gathered(paths, site=SITE).packed()
    with pytest.raises(Trouble, match="cannot use this archive"):
        archive.read(whole[:cut])


def test_a_changed_member_is_named(paths: Paths) -> None:
    whole = archive.gathered(paths, site=SITE).packed()
    changed = whole.replace(b'server_name = "home', b'server_name = "away')
    with pytest.raises(Trouble, match=r"site\.toml changed"):
        archive.read(changed)


def test_an_archive_of_something_else_is_refused() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as other:
        other.addfile(tarfile.TarInfo("../escaped"))
    with pytest.raises(Trouble, match="not a whole"):
        archive.read(stream.getvalue())


def test_a_whole_archive_is_not_replaced_by_a_damaged_key(paths: Paths) -> None:
    archive.ensure_archive(paths, site=SITE)
    whole = Path(paths.identity).read_bytes()
    Path(paths.signing_key).chmod(0o600)
    Path(paths.signing_key).write_bytes(b"")
    with pytest.raises(Trouble, match="damaged") as met:
        archive.ensure_archive(paths, site=SITE)
    assert f"tar -xf {paths.identity}" in met.value.hint
    assert Path(paths.identity).read_bytes() == whole


def test_a_damaged_archive_is_replaced(paths: Paths) -> None:
    archive.ensure_archive(paths, site=SITE)
    whole = Path(paths.identity).read_bytes()
    Path(paths.identity).write_bytes(whole[:3000])
    assert archive.ensure_archive(paths, site=SITE)
    assert Path(paths.identity).read_bytes() == whole


def test_keys_lost_while_the_archive_is_elsewhere_are_not_replaced(paths: Paths) -> None:
    for key in keys.keys_of(paths):
        Path(key.path).unlink()
    with pytest.raises(Trouble, match="another server"):
        keys.ensure_keys(paths, accounts=False)


def test_what_an_operator_wrote_comes_back(paths: Paths, tmp_path: Path) -> None:
    settings = Path(paths.synapse_settings)
    (settings / "more").mkdir(parents=True)
    (settings / "10-own.yaml").write_text("max_upload_size: 10M\n")
    (settings / "more" / ("a" * 120)).write_text("\u00e4\n")
    (settings / "large.yaml").write_bytes(b"#" * (archive.LARGEST + 1))
    (settings / "link.yaml").symlink_to("10-own.yaml")
    archive.ensure_archive(paths, site=SITE)
    assert archive.left_out(paths) == (str(settings / "large.yaml"),)
    other = _paths(tmp_path / "other")
    archive.restore_into(other, archive.read(Path(paths.identity).read_bytes()), accounts=False)
    back = Path(other.synapse_settings)
    assert (back / "10-own.yaml").read_text() == "max_upload_size: 10M\n"
    assert (back / "more" / ("a" * 120)).read_text() == "\u00e4\n"
    assert stat.S_IMODE((back / "10-own.yaml").stat().st_mode) == 0o640
    assert (back / "link.yaml").read_text() == "max_upload_size: 10M\n"
    assert not (back / "large.yaml").exists()


def test_nothing_in_it_leads_out_of_the_state(paths: Paths, tmp_path: Path) -> None:
    whole = archive.gathered(paths, site=SITE)
    odd = archive.Identity({**whole.members, "synapse.d/../../evil": b"", "other/file": b""})
    other = _paths(tmp_path / "other")
    archive.restore_into(other, archive.read(odd.packed()), accounts=False)
    assert not (tmp_path / "other/evil").exists()
    assert not (tmp_path / "other/state/other").exists()


def test_a_key_that_is_not_the_first_starts_is_told(paths: Paths) -> None:
    assert archive.key_trouble(paths) is None  # there is no archive to say so
    archive.ensure_archive(paths, site=SITE)
    assert archive.key_trouble(paths) is None
    signing = Path(paths.signing_key)
    whole = signing.read_bytes()
    signing.chmod(0o600)
    for content in (b"nonsense", whole.replace(b"ed25519 a_", b"ed25519 a_x", 1)):
        signing.write_bytes(content)
        found = archive.key_trouble(paths)
        assert found is not None
        assert str(paths.signing_key) in found.what
        assert f"tar -xf {paths.identity}" in found.hint
    signing.write_bytes(whole)
    Path(paths.overlay_key).unlink()
    found = archive.key_trouble(paths)
    assert found is not None
    assert "is gone" in found.what
