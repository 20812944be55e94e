"""What edges tell of themselves."""

from __future__ import annotations

from greygate import __version__
from greygate.plan.edge_state import EdgeState, PortTold, ServiceTold


def state(
    *,
    serial: int = 3,
    digest: str = "0123456789abcdef",
    version: str = __version__,
    host: str = "a" * 16,
    at: float = 1_795_000_100.0,
    free: int = 5_000_000_000,
    down: tuple[str, ...] = (),
    closed: tuple[int, ...] = (),
) -> EdgeState:
    """An edge that is well, but for what is named."""
    return EdgeState(
        serial=serial,
        digest=digest,
        version=version,
        versions={"haproxy": "2.6.12", "yggdrasil": "0.5.12", "system": "Debian 12"},
        host=host,
        at=at,
        booted=1_795_000_000.0,
        free=free,
        links=2,
        services=tuple(
            ServiceTold(name, None if name in down else 1_795_000_000.0)
            for name in ("haproxy", "yggdrasil")
        ),
        ports=tuple(PortTold(port, port not in closed) for port in (443, 8448)),
        barriers=(),
    )
