"""The state tree without accounts; with them the lab's hosts have it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from greygate.apply.directories import prepare
from greygate.components.component import Answering, Service
from greygate.plan.paths import Paths


def test_everything_is_closed_to_others_and_mended(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    service = Service(
        name="synapse",
        description="",
        argv=(),
        proof=(),
        ready=Answering(paths.client_socket, "/"),
        account="greygate-synapse",
        writes=(paths.synapse,),
        runtime=paths.client_socket.parent,
    )
    before = os.umask(0o027)
    try:
        prepare(paths, (service,), accounts=False)
        Path(paths.keys).chmod(0o755)
        prepare(paths, (service,), accounts=False)
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(made) == 8
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in made)
