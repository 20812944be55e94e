"""What is said before a start of the certificate that serves until another is there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from greygate.home.preparation import note_other_certificate
from greygate.spec.acme import Life
from greygate.spec.certificate import Due
from greygate.spec.renewal import Outlook
from some_orders import Watching

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CA = "https://ca.example/dir"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Due.OTHER_ISSUER, f"does not come from {CA}"),
        (Due.OTHER_NAMES, "covers other names"),
        (Due.OLD, None),
        (Due.ADVISED, None),
    ],
)
def test_a_certificate_that_is_not_the_one_asked_for_is_told(why: Due, words: str | None) -> None:
    watching = Watching()
    ahead = Outlook(life=Life.SERVING, at=NOW, why=why, failure=None)
    note_other_certificate(ahead, CA, watching)
    told = "\n".join(watching.heard)
    assert told == "" if words is None else words in told and "greygate cert issue" in told
