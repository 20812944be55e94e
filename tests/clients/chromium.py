"""A Chromium of a test's own, driven through its DevTools protocol, over a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lab.client import Refused
from our_end import WITH_US

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-sync", "--disable-component-update"),
    *("--disable-background-networking", "--remote-debugging-pipe"),
)
READS, WRITES = 3, 4  # the descriptors at which --remote-debugging-pipe is spoken
FREE = 10  # and up: descriptors that are neither


class Browser:
    """One that runs; every page is a stranger to the others but for what a browser shares."""

    def __init__(self, to: BinaryIO, answers: BinaryIO) -> None:
        self._to, self._answers = to, answers
        self._rest, self._last = b"", 0

    def open(self, url: str) -> Page:
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        page = Page(self, attached["sessionId"])
        page.call("Page.enable")
        page.go(url)
        return page

    def call(self, method: str, words: Mapping[str, Any], session: str = "") -> dict[str, Any]:
        """What it answers; events are passed over."""
        self._last += 1
        sent = {"id": self._last, "method": method, "params": words}
        self._to.write(json.dumps(sent | ({"sessionId": session} if session else {})).encode())
        self._to.write(b"\0")
        self._to.flush()
        while (answer := self._next()).get("id") != self._last:
            pass
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, event: str, session: str) -> dict[str, Any]:
        """The next event of that name."""
        while (told := self._next()).get("method") != event or told.get("sessionId") != session:
            pass
        return told

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._answers.fileno(), 1 << 16)
            assert more, "Chromium ended"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told


class Page:
    """One page; where it is a person's, its acts are those of lab/people.py."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **words: Any) -> dict[str, Any]:
        return self._browser.call(method, words, self._session)

    def go(self, url: str) -> None:
        """Open a URL, and wait until it is loaded."""
        told = self.call("Page.navigate", url=url)
        assert "errorText" not in told, (url, told)
        self.waits_for("Page.loadEventFired")

    def waits_for(self, event: str) -> None:
        self._browser.wait(event, self._session)

    def evaluate(self, expression: str, *, gesture: bool = False) -> Any:
        """The value of it, once it is there."""
        told = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=gesture,
        )
        assert "exceptionDetails" not in told, (expression, told)
        return told["result"].get("value")

    def does(self, act: str, **wish: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.evaluate(f"act({json.dumps({'do': act, **wish})})")
        if "refused" in answer:
            raise Refused(f"{act}: {answer['refused']}")
        done: dict[str, Any] = answer["done"]
        return done


@contextmanager
def running(home: Path, *, trusts: Path, flags: Sequence[str] = ()) -> Iterator[Browser]:
    """Chromium with an empty profile below `home`, which trusts that authority too."""
    trust(home, trusts)
    commands, answers = os.pipe(), os.pipe()
    ends = [fcntl.fcntl(it, fcntl.F_DUPFD, FREE) for it in (commands[0], answers[1])]

    def connect() -> None:
        os.dup2(ends[0], READS)
        os.dup2(ends[1], WRITES)

    profile = f"--user-data-dir={home}/profile"
    with subprocess.Popen(
        (*WITH_US, "chromium", *FLAGS, profile, *flags, "about:blank"),
        stdin=subprocess.DEVNULL,
        stderr=(home / "chromium.log").open("wb"),
        env={**os.environ, "HOME": str(home)},
        pass_fds=(READS, WRITES),
        preexec_fn=connect,
        start_new_session=True,
    ) as program:
        for it in (*ends, commands[0], answers[1]):
            os.close(it)
        with os.fdopen(commands[1], "wb") as to, os.fdopen(answers[0], "rb") as heard:
            browser = Browser(to, heard)
            try:
                yield browser
                browser.call("Browser.close", {})
            finally:
                program.terminate()


def trust(home: Path, authority: Path) -> None:
    """Chromium on Linux asks the user's NSS database whom to trust."""
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    certutil = ("certutil", "-d", f"sql:{store}")
    subprocess.run((*certutil, "-N", "--empty-password"), check=True)
    subprocess.run((*certutil, "-A", "-t", "C,,", "-n", "site", "-i", str(authority)), check=True)
