"""Rendered files that somebody edited or deleted."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from greygate.apply.differences import digest
from greygate.run import file_drift
from greygate.run.file_drift import directories, drift, look
from greygate.run.seen import Remark

PLACE = Path("/state/rendered")
CFG, YAML = PurePosixPath("haproxy/haproxy.cfg"), PurePosixPath("synapse/homeserver.yaml")
DIGESTS = {CFG: digest("global\n"), YAML: digest("a: b\n")}


def seen(**changes: str) -> tuple[Remark, ...]:
    texts = {CFG: "global\n", YAML: "a: b\n"} | {PurePosixPath(k): v for k, v in changes.items()}
    return tuple(drift(PLACE, texts, DIGESTS))


def test_files_as_they_were_written_are_no_news() -> None:
    assert seen() == ()


def test_an_edited_file_and_a_file_of_others_are_named() -> None:
    (remark,) = seen(**{str(CFG): "global\nnonsense\n", "haproxy/own.lua": "x"})
    assert remark.text == (
        "edited by hand below /state/rendered: haproxy/haproxy.cfg and haproxy/own.lua"
    )
    assert "greygate apply --overwrite" in remark.cure


def test_a_deleted_file_is_named() -> None:
    (remark,) = drift(PLACE, {CFG: "global\n"}, DIGESTS)
    assert remark == Remark(
        "missing below /state/rendered: synapse/homeserver.yaml", "greygate apply"
    )


def test_where_nothing_was_written_nothing_was_edited(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    assert look(tmp_path) == ()
    assert look(tmp_path / "absent") == ()


def test_directories_that_services_cannot_write_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_drift, "not_writable", lambda _services: (PurePosixPath("/m"),))
    (remark,) = directories(())
    assert remark == Remark("services cannot write where they must: /m", "greygate apply")
