"""How an operator who keeps his certbot proves two zones: each its own way, none of our code.

certbot runs it for each name, with CERTBOT_DOMAIN and CERTBOT_VALIDATION set. Names in a zone with
a TSIG key beside this file are written by signed updates, all others at acme-dns, whose
registrations are in acme-dns.json by name. With the argument `clean` what was written by updates
is taken away.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from pathlib import Path

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update

HERE = Path(__file__).parent
PRIMARY = "203.0.113.54"
ACME_DNS = "https://auth.acme-dns.example"


def main() -> None:
    domain, value = os.environ["CERTBOT_DOMAIN"], os.environ["CERTBOT_VALIDATION"]
    key = HERE / f"{domain.partition('.')[2]}.tsig"
    clean = "clean" in sys.argv
    if key.exists():
        _write(key, domain, value, clean=clean)
    elif not clean:
        _tell(domain, value)


def _write(key: Path, domain: str, value: str, *, clean: bool) -> None:
    zone = key.stem
    found = re.search('secret "(.*)"', key.read_text())
    assert found is not None
    ring = dns.tsigkeyring.from_text({zone: found[1]})
    update = dns.update.UpdateMessage(zone, keyring=ring, keyalgorithm="hmac-sha256")
    if clean:
        update.delete(f"_acme-challenge.{domain}.", "TXT")
    else:
        update.replace(f"_acme-challenge.{domain}.", 1, "TXT", value)
    reply = dns.query.tcp(update, PRIMARY, timeout=5)
    assert reply.rcode() == dns.rcode.NOERROR, reply


def _tell(domain: str, value: str) -> None:
    registered = json.loads((HERE / "acme-dns.json").read_text())[domain]
    asked = urllib.request.Request(
        f"{ACME_DNS}/update",
        data=json.dumps({"subdomain": registered["subdomain"], "txt": value}).encode(),
        headers={"X-Api-User": registered["username"], "X-Api-Key": registered["password"]},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert json.load(answer) == {"txt": value}


if __name__ == "__main__":
    main()
