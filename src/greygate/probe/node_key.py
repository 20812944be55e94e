"""Which Yggdrasil node is behind a public port: its certificate holds its key (0.5)."""

from __future__ import annotations

import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PATIENCE = 3.0  # seconds


def key_at(address: str, port: int, name: str) -> str | None:
    """The key, hexadecimal, of the node that is asked for by that name; None where none answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the key is what is asked
    try:
        with (
            socket.create_connection((address, port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=name) as shown,
        ):
            der = shown.getpeercert(binary_form=True) or b""
        key = x509.load_der_x509_certificate(der).public_key()
    except (OSError, ValueError):
        return None
    return key.public_bytes_raw().hex() if isinstance(key, Ed25519PublicKey) else None
