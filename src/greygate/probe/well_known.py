"""GET of /.well-known/matrix/server, as another homeserver would do it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address

import httpx

from greygate import __version__
from greygate.spec.delegation import (
    LONGEST_READ,
    SERVER_PATH,
    Fetched,
    Unfetched,
    WellKnownAnswer,
    kept_for,
)
from greygate.spec.dns import Absent, Address, AddressAnswer, Addresses, Unanswered
from greygate.text import _

REDIRECTS = frozenset((301, 302, 303, 307, 308))
MOST_REDIRECTS = 20  # as Synapse; a loop is noticed before
PATIENCE = 10.0  # seconds for connecting to one address
WHOLE_PATIENCE = 60.0  # seconds for all of it: nobody waits longer (Synapse, for a whole request)
HTTPS, HTTP = 443, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches the document; names are looked up by `addresses`, not by the system."""

    addresses: Callable[[str], AddressAnswer]
    trust: ssl.SSLContext
    now: Callable[[], datetime]
    port: int = HTTPS
    patience: float = PATIENCE
    whole_patience: float = WHOLE_PATIENCE

    def fetch(self, host: str) -> WellKnownAnswer:
        """The answer at the end of all redirects."""
        began = time.monotonic()
        try:
            url = httpx.URL(scheme="https", host=host, port=self.port, path=SERVER_PATH)
            assert url.host  # read here: httpx knows IDNA 2008 alone, and says so only now
        except (httpx.InvalidURL, ValueError):
            return Unfetched(_("{host} is no name that a URL can have").format(host=host))
        answer = self._followed(url, until=began + self.whole_patience)
        if isinstance(answer, Fetched):
            return replace(answer, seconds=time.monotonic() - began)
        return answer

    def _followed(self, url: httpx.URL, *, until: float) -> WellKnownAnswer:
        passed: list[str] = []
        failed: list[str] = []
        while True:
            answer = self._get(url, failed, until)
            if isinstance(answer, Unfetched):
                return replace(answer, failed=tuple(failed))
            if answer.response.status_code not in REDIRECTS:
                return self._fetched(answer, tuple(passed), tuple(failed))
            passed.append(str(url))
            onward = _onward(url, answer.response, passed)
            if isinstance(onward, str):
                return Unfetched(onward, tuple(failed))
            url = onward

    def _fetched(
        self, answer: _Page, passed: tuple[str, ...], failed: tuple[str, ...]
    ) -> WellKnownAnswer:
        return Fetched(
            status=answer.response.status_code,
            body=answer.body,
            kept=kept_for(answer.response.headers, now=self.now()),
            redirects=passed,
            address=answer.address,
            failed=failed,
        )

    def _get(self, url: httpx.URL, failed: list[str], until: float) -> _Page | Unfetched:
        """The page from the first address that gives one, or why there is none."""
        match _literal(url.host) or self.addresses(url.host):
            case Addresses(addresses):
                pass
            case Absent(how):
                told = _("{host} has no address: {how}")
                return Unfetched(told.format(host=url.host, how=how.value))
            case Unanswered() as silence:
                told = _("cannot look up {host}: {why}")
                return Unfetched(told.format(host=url.host, why=silence))
        why, late = "", False
        for address in addresses:
            try:
                return self._page(url, address, until)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                why = _why(error)
                late = late or isinstance(error, httpx.TimeoutException)
                failed.append(f"{address}: {why}")
        return Unfetched(why, late=late)

    def _page(self, url: httpx.URL, address: Address, until: float) -> _Page:
        at = f"[{address}]" if address.version == 6 else str(address)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"greygate/{__version__}",
            "Accept-Encoding": "identity",  # the limit is for what was sent
        }
        left = max(until - time.monotonic(), 0.001)
        patience = httpx.Timeout(left, connect=min(left, self.patience))
        with (
            httpx.Client(verify=self.trust, timeout=patience, trust_env=False) as client,
            client.stream(
                "GET",
                f"{url.scheme}://{at}:{url.port or _usual_port(url)}{url.raw_path.decode('ascii')}",
                headers=headers,
                extensions={"sni_hostname": url.host} if _literal(url.host) is None else {},
            ) as response,
        ):
            return _Page(response, _body(response, until), address)


@dataclass(frozen=True, slots=True)
class _Page:
    response: httpx.Response
    body: bytes
    address: Address


def _body(response: httpx.Response, until: float) -> bytes:
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) >= LONGEST_READ:
            break
        if time.monotonic() > until:
            raise httpx.ReadTimeout(_("not done in time"))
    return body[:LONGEST_READ]


def _onward(url: httpx.URL, response: httpx.Response, passed: list[str]) -> httpx.URL | str:
    """Where a redirect leads, or why it leads nowhere."""
    location = response.headers.get("location")
    if location is None:
        return _("a redirect without Location")
    try:
        onward = url.join(location)
        onward_host = onward.host
    except (httpx.InvalidURL, ValueError):
        return _("a redirect to what is no address")
    if onward.scheme not in ("https", "http") or not onward_host:
        return _("a redirect to {url}").format(url=onward)
    if str(onward) in passed:
        return _("redirects in a circle, back to {url}").format(url=onward)
    if len(passed) > MOST_REDIRECTS:
        return _("more than {most} redirects").format(most=MOST_REDIRECTS)
    return onward


def _literal(host: str) -> Addresses | None:
    try:
        return Addresses((ip_address(host),))
    except ValueError:
        return None


def _usual_port(url: httpx.URL) -> int:
    return HTTPS if url.scheme == "https" else HTTP


def _why(error: BaseException) -> str:
    """The deepest thing that is known: httpx wraps httpcore wraps the system."""
    if isinstance(error, httpx.TimeoutException):
        return _("no answer in time")
    told = str(error)
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return _("its certificate is not to be trusted: {why}").format(why=link.verify_message)
        if isinstance(link, OSError) and link.strerror:
            told = link.strerror
        link = link.__cause__ or link.__context__
    return told or type(error).__name__
