"""The first line of every file we write: which site and which version it comes from."""

from __future__ import annotations

from greygate import __version__
from greygate.site.model import Site


def heading(site: Site) -> str:
    """One line without comment sign, the same in every file of a deployment."""
    return f"{site.server_name}: written by greygate {__version__} from the site file; edit that"
