"""The certificate that a running HAProxy serves, exchanged without a reload, by its admin socket.

A reload loses no request either, but it ends kept connections: those that are idle at once
(HAProxy 2.6 and 3.0). Here nobody notices: new handshakes have the new certificate.
"""

from __future__ import annotations

import logging
import re
import socket
from pathlib import Path, PurePosixPath

from cryptography import x509
from cryptography.hazmat.primitives import hashes

PATIENCE = 5.0  # seconds
ANSWER = 65_536  # octets, more than it ever says
DONE = "Success!"
FINGERPRINT = re.compile(r"^SHA1 FingerPrint: ([0-9A-F]{40})$", re.MULTILINE)

log = logging.getLogger(__name__)


def exchange(admin: PurePosixPath, certificate: PurePosixPath) -> bool:
    """Whether HAProxy now serves what is in that file; where not, it must be reloaded."""
    # An empty line ends what is sent after <<.
    pem = "\n".join(line for line in Path(certificate).read_text("ascii").splitlines() if line)
    name = _named(certificate)
    try:
        taken = _said(admin, f"set ssl cert {name} <<\n{pem}\n\n")
        told = _said(admin, f"commit ssl cert {name}\n")
    except OSError as problem:
        log.info("Cannot exchange HAProxy's certificate in place: %s", problem)
        return False
    if DONE not in told:
        log.info("HAProxy did not exchange its certificate: %s %s", taken, told)
    return DONE in told


def is_old(admin: PurePosixPath, certificate: PurePosixPath) -> bool:
    """Whether HAProxy serves another certificate than that file's; not where nobody can tell."""
    try:
        told = _said(admin, f"show ssl cert {_named(certificate)}\n")
        wanted = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    except (OSError, ValueError):
        return False
    found = FINGERPRINT.search(told)
    return found is not None and found[1] != wanted.fingerprint(hashes.SHA1()).hex().upper()


def _named(certificate: PurePosixPath) -> str:
    return str(certificate).replace(" ", "\\ ")


def _said(admin: PurePosixPath, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(PATIENCE)
        channel.connect(str(admin))
        channel.sendall(command.encode("ascii"))
        said = b""
        while len(said) < ANSWER and (part := channel.recv(ANSWER)):
            said += part
        return said.decode("utf-8", "replace").strip()
