"""GET over TLS from a given address, with the name in SNI and Host set apart from it."""

from __future__ import annotations

import ssl
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath

from greygate.probe.answers import Distrusted, HttpAnswer, NoAnswer, Refused, Reply

PATIENCE = 5.0  # seconds for connecting and for each part of the answer


def get(
    address: IPv4Address | IPv6Address,
    port: int,
    target: str,
    *,
    authority: PurePath | None,
    host: str | None = None,
    patience: float = PATIENCE,
) -> HttpAnswer:
    """What `https://address:port/target` answers; `authority` is the one CA that is trusted,
    None for those of this machine's store.

    With `host` the certificate must be for that name, without it for the address.
    """
    import httpx  # slow to import, and who is not asked waits for nothing

    literal = f"[{address}]" if address.version == 6 else str(address)
    try:
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
    except OSError as error:
        return NoAnswer(f"{authority}: {error.strerror}")
    try:
        with httpx.Client(verify=context, timeout=patience, trust_env=False) as client:
            answer = client.get(
                f"https://{literal}:{port}{target}",
                headers={"Host": host} if host else {},
                extensions={"sni_hostname": host} if host else {},
            )
            return Reply(answer.status_code, answer.content)
    except httpx.HTTPError as error:
        return _told(error)


def _told(error: Exception) -> HttpAnswer:
    causes = _causes(error)
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return Distrusted(cause.verify_message)
            case ConnectionRefusedError():
                return Refused()
    return NoAnswer(str(error) or type(error).__name__)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that it came from: httpx wraps httpcore wraps the system."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found
