"""The program: serves until it is killed."""

from __future__ import annotations

import argparse
import ssl

from .api import Api
from .ledger import Ledger
from .serving import Place, serve_api, serve_names
from .zone import Zone


def main() -> None:
    given = _parser().parse_args()
    ledger = Ledger(given.database)
    api = Api(ledger=ledger, domain=given.domain, registers=not given.disable_registration)
    serve_names(Zone(given.domain, given.record, ledger), given.listen)
    tls = _tls(given.certificate, given.key) if given.certificate else None
    serve_api(api, given.api, client_header=given.client_header, tls=tls)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="acme_dns", description=__doc__, fromfile_prefix_chars="@"
    )
    parser.add_argument("--domain", required=True, help="everything it answers for is below")
    parser.add_argument("--listen", required=True, type=_place, help="DNS, as ADDRESS:PORT")
    parser.add_argument("--api", required=True, type=_place, help="HTTP, as ADDRESS:PORT")
    parser.add_argument("--database", required=True, help="a file; it is made")
    parser.add_argument("--record", action="append", default=[], help="one that is fixed")
    parser.add_argument("--certificate", help="chain, for the API; plain HTTP without")
    parser.add_argument("--key", help="of the certificate")
    parser.add_argument("--disable-registration", action="store_true")
    parser.add_argument("--client-header", help="where a proxy tells who asks")
    return parser


def _place(text: str) -> Place:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _tls(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


if __name__ == "__main__":
    main()
