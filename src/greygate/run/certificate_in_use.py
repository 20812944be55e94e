"""The certificate that a running HAProxy serves, exchanged without a reload, by its admin socket.

A reload loses no request either, but it ends kept connections: those that are idle at once
(HAProxy 2.6 and 3.0). Here nobody notices: new handshakes have the new certificate.
"""

from __future__ import annotations

import logging
import socket
from pathlib import Path, PurePosixPath

from greygate.plan.paths import Paths
from greygate.run.runner import Runner

PATIENCE = 5.0  # seconds
ANSWER = 65_536  # octets, more than it ever says
DONE = "Success!"

log = logging.getLogger(__name__)


def serve(runner: Runner, paths: Paths) -> None:
    """Have HAProxy serve the certificate that is in place now."""
    if not exchange(paths.haproxy_admin_socket, paths.certificate):
        runner.reload("haproxy")


def exchange(admin: PurePosixPath, certificate: PurePosixPath) -> bool:
    """Whether HAProxy now serves what is in that file; where not, it must be reloaded."""
    # An empty line ends what is sent after <<.
    pem = "\n".join(line for line in Path(certificate).read_text("ascii").splitlines() if line)
    name = str(certificate).replace(" ", "\\ ")
    try:
        taken = _said(admin, f"set ssl cert {name} <<\n{pem}\n\n")
        told = _said(admin, f"commit ssl cert {name}\n")
    except OSError as problem:
        log.info("Cannot exchange HAProxy's certificate in place: %s", problem)
        return False
    if DONE not in told:
        log.info("HAProxy did not exchange its certificate: %s %s", taken, told)
    return DONE in told


def _said(admin: PurePosixPath, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(PATIENCE)
        channel.connect(str(admin))
        channel.sendall(command.encode("ascii"))
        said = b""
        while len(said) < ANSWER and (part := channel.recv(ANSWER)):
            said += part
        return said.decode("utf-8", "replace").strip()
