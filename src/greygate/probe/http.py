"""GET over TLS from a given address, with the name in SNI and Host set apart from it."""

from __future__ import annotations

import ssl
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath

from greygate.probe.answers import Distrusted, HttpAnswer, NoAnswer, NotTls, Refused, Reply, Stalled
from greygate.text import _

# OpenSSL's reasons, of several versions, where what came back is no record of TLS.
PLAIN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
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
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return Distrusted(cause.verify_message)
            case ssl.SSLError(reason=reason) if reason in PLAIN:
                return NotTls()
            case ssl.SSLError(reason=None):
                return NoAnswer(_("the connection ended within TLS"))
            case ssl.SSLError(reason=reason):
                return NoAnswer(_("no TLS: {reason}").format(reason=reason))
            case ConnectionRefusedError():
                return Refused()
            case TimeoutError() if "handshake" in str(cause):
                return Stalled(_("time-out within TLS"))
    return NoAnswer(str(error) or type(error).__name__)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that it came from: httpx wraps httpcore wraps the system."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found
