"""Where Debian comes from: this machine's own mirror, trust and proxies, and debootstrap."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab.topology import Debian
from greygate.text import _

LOCAL_TRUST = Path("/usr/local/share/ca-certificates")  # update-ca-certificates(8)
BUNDLE = "/root/lab/pip-trust.pem"  # inside, while a disk is made
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Where this machine's apt finds Debian."""

    main: str
    security: str | None

    def sources(self, debian: Debian) -> str:
        """The apt sources of a machine with that release, in deb822 style."""
        suites = f"{debian.value} {debian.value}-updates"
        stanzas = [_stanza(self.main, suites)]
        if self.security:
            stanzas.append(_stanza(self.security, f"{debian.value}-security"))
        return "\n".join(stanzas)


def mirrors(environ: Mapping[str, str]) -> Mirrors:
    """This machine's own; $GREYGATE_LAB_MIRROR where it is not a Debian."""
    named = environ.get("GREYGATE_LAB_MIRROR")
    if named:
        return Mirrors(named.rstrip("/"), None)
    by_label = {label: uri.rstrip("/") for uri, label in _targets()}
    if "Debian" not in by_label:
        raise Trouble(
            _("cannot make a Debian for the lab: apt knows no Debian mirror here"),
            _("apt-get update, or name one: GREYGATE_LAB_MIRROR=URL"),
        )
    return Mirrors(by_label["Debian"], by_label.get("Debian-Security"))


def network_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs inside need to reach the package registries as this machine does."""
    kept = {
        key: value
        for key, value in environ.items()
        if key.startswith("PIP_") or key.lower().endswith("_proxy")
    }
    inside = {key: value for key, value in kept.items() if not value.startswith("/")}
    # The file comes along: what it vouches for may be trusted nowhere else on this machine.
    return inside | ({"PIP_CERT": BUNDLE} if "PIP_CERT" in kept else {})


def bootstrap_command(
    root: Path, debian: Debian, *, packages: tuple[str, ...], mirror: str
) -> tuple[str, ...]:
    """The command line that makes a minimal Debian in `root`."""
    keyring = (f"--keyring={KEYRING}",) if KEYRING.exists() else ()
    include = f"--include={','.join(packages)}"
    return ("debootstrap", "--variant=minbase", include, *keyring, debian.value, str(root), mirror)


def settle(root: Path, debian: Debian, *, found: Mirrors) -> None:
    """Give a fresh Debian its apt sources, and trust in what this machine trusts."""
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(found.sources(debian))
    trust = root / LOCAL_TRUST.relative_to("/")
    trust.mkdir(parents=True, exist_ok=True)
    for certificate in LOCAL_TRUST.glob("*.crt"):  # read when ca-certificates is installed
        (trust / certificate.name).write_bytes(certificate.read_bytes())


def _targets() -> list[tuple[str, str]]:
    """Every package index of apt's, as (URI, label)."""
    asked = subprocess.run(
        ("apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"),
        capture_output=True,
        text=True,
        check=False,
    )
    pairs = (line.split(" ", 1) for line in asked.stdout.splitlines())
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def _stanza(uri: str, suites: str) -> str:
    signed = f"Signed-By: {KEYRING}\n"
    return f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n{signed}"
