"""`python -m greygate`: the command line."""

import os
import sys


def run() -> int:
    """One command; a version is told without waiting for anything else to be imported."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        from greygate import __version__

        try:
            os.write(sys.stdout.fileno(), f"{__version__}\n".encode())
            return 0
        except OSError:
            pass  # told below, as all that cannot be written
    from greygate.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
