"""The state tree without accounts; with them the lab's hosts have it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from greygate.apply.directories import not_writable, prepare, prepare_runtime
from greygate.components.component import Answering, Service
from greygate.errors import CannotApply
from greygate.plan.paths import Paths


def _synapse(paths: Paths, account: str) -> Service:
    return Service(
        name="synapse",
        description="",
        argv=(),
        proof=(),
        ready=Answering(paths.client_socket, "/"),
        account=account,
        writes=(paths.synapse, paths.synapse / "media"),
        runtime=paths.client_socket.parent,
        extra_config=paths.synapse_settings,
    )


def test_everything_is_closed_to_others_and_mended(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    service = _synapse(paths, "greygate-synapse")
    before = os.umask(0o027)
    try:
        prepare(paths, (service,), accounts=False)
        prepare_runtime((service,), accounts=False, owners={service.name: service.account})
        Path(paths.keys).chmod(0o755)
        prepare(paths, (service,), accounts=False)
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(made) == 10
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_a_link_that_an_account_made_gives_nothing_away(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    service = _synapse(paths, "daemon")
    prepare(paths, (service,), accounts=True)
    ours = tmp_path / "ours"
    ours.mkdir(mode=0o755)
    media = Path(paths.synapse / "media")
    media.rmdir()
    media.symlink_to(ours)
    with pytest.raises(CannotApply, match="or a link to one"):
        prepare(paths, (service,), accounts=True)
    assert (ours.stat().st_uid, ours.stat().st_mode & 0o777) == (os.geteuid(), 0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_a_directory_that_is_not_its_accounts_is_named(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    service = _synapse(paths, "daemon")
    prepare(paths, (service,), accounts=True)
    assert not_writable((service,)) == ()
    media = paths.synapse / "media"
    Path(media).chmod(0o500)
    assert not_writable((service,)) == (media,)
    prepare(paths, (service,), accounts=True)
    os.chown(paths.synapse, 0, 0)
    assert not_writable((service,)) == (paths.synapse,)
    Path(media).rmdir()
    assert not_writable((service,)) == (paths.synapse, media)
    assert not_writable((_synapse(paths, "nobody-of-that-name"),)) == (media,)
