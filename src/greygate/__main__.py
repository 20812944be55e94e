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
    try:
        from greygate.cli.main import main
    except KeyboardInterrupt:  # nothing has begun that could be tidied up
        return 130
    return main()


def done(code: int) -> None:
    """The verdict stands: whoever presses Ctrl-C now gets it, whatever is still being awaited."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os._exit(code))
    sys.exit(code)


if __name__ == "__main__":
    done(run())
