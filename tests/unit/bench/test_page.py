"""The page of results: what was not measured anew stays as it is."""

from __future__ import annotations

from bench.page import HEAD, replaced, table

ORDER = ("start", "holes")


def test_a_section_is_put_in_its_place() -> None:
    once = replaced("", "holes", "of today\n", ORDER)
    assert once == f"{HEAD}\n## holes\n\nof today\n"
    both = replaced(once, "start", "soon", ORDER)
    assert both == f"{HEAD}\n## start\n\nsoon\n\n## holes\n\nof today\n"


def test_only_the_section_that_is_written_changes() -> None:
    page = replaced(replaced("", "start", "old", ORDER), "holes", "old", ORDER)
    assert replaced(page, "holes", "new", ORDER).count("old") == 1
    assert replaced(page, "holes", "old", ORDER) == page


def test_a_table_has_a_line_for_each_row() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
