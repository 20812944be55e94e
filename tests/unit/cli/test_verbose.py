"""What -v tells of the programs that are run."""

from __future__ import annotations

import logging

import pytest

from greygate.cli.verbose import _heard


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["nft", "-f", "a file"], "Running nft -f 'a file'"),
        ([b"nft", "list"], "Running nft list"),
        ("true", "Running true"),
    ],
)
def test_a_program_is_told_with_its_words(
    caplog: pytest.LogCaptureFixture, argv: object, told: str
) -> None:
    with caplog.at_level(logging.DEBUG, "greygate"):
        _heard("subprocess.Popen", ("nft", argv, None, None))
    assert caplog.messages == [told]


def test_other_events_are_nobodys_business(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "greygate"):
        _heard("open", ("/etc/shadow", "r", 0))
    assert not caplog.messages
