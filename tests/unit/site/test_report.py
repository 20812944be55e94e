from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Golden
from greygate.errors import SiteRefused
from greygate.site.parse import parse
from greygate.site.report import report

BROKEN = Path(__file__).parents[2] / "golden" / "site" / "broken.toml"


def test_the_whole_report_of_a_broken_site_file(golden: Golden) -> None:
    golden("site/broken.txt", _report(BROKEN.read_text("utf-8")))


def test_a_line_cannot_move_the_cursor() -> None:
    assert "\x1b" not in _report('server_name = "\x1b[2J"\n')


def test_lines_are_counted_as_toml_counts_them() -> None:
    assert '2 | trial = "x"' in _report('# one\u2028line\ntrial = "x"\n')


def test_a_mistake_in_an_empty_file_has_no_line_to_show() -> None:
    assert "server_name is missing" in _report("")


def _report(text: str) -> str:
    with pytest.raises(SiteRefused) as caught:
        parse(text)
    return report(caught.value, text)
