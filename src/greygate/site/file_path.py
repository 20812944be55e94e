"""Paths of files that the operator keeps, as the site file names them."""

from __future__ import annotations

from greygate.text import _

PATH_HINT = _("write the whole path of a file, from / on: services start elsewhere than you")

LONGEST_PATH, LONGEST_NAME = 4095, 255  # octets; linux/limits.h, without the final zero


def path_problem(text: str) -> str | None:
    """Why no file can be at `text`; None where one can."""
    if not text.startswith("/"):
        return _("{text!r} is no path from the root").format(text=text)
    if odd := next((it for it in text if it < " " or it == "\x7f"), None):
        return _("{odd!a} cannot be in a path here").format(odd=odd)
    octets = text.encode("utf-8", "surrogatepass")
    if len(octets) > LONGEST_PATH or max(map(len, octets.split(b"/"))) > LONGEST_NAME:
        return _("it is longer than a path can be")
    return _("it is a directory") if text.rpartition("/")[2] in ("", ".", "..") else None
