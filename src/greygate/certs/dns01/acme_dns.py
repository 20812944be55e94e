"""acme-dns (https://github.com/joohoi/acme-dns): a name server for challenges alone, one TXT name
for each registration. The CNAME from our name to it is the operator's to publish, once.

Its credentials are kept, as losing them means another CNAME. It keeps the last two values of a
name and takes none away, so nothing is withdrawn.
"""

from __future__ import annotations

import json
import ssl
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import httpx

from greygate.certs.dns01.registrations import PARTS, Registration, load
from greygate.errors import Trouble
from greygate.identity import keys
from greygate.machine.files import Owner, directory, replace
from greygate.plan.paths import Paths
from greygate.probe import connection
from greygate.progress import Progress
from greygate.site.model import Zone
from greygate.spec.dns import bare
from greygate.text import _

PATIENCE = 60.0  # seconds; its TXT records live for one
ONE_REQUEST = 15.0  # seconds


class AcmeDns:
    """A Solver: registers each name once, and updates it over HTTPS."""

    patience = PATIENCE

    def __init__(self, server: str, kept: PurePosixPath, progress: Progress) -> None:
        self._server = server.rstrip("/")
        self._kept = kept
        self._progress = progress

    def alias(self, name: str) -> str | None:
        """The name that a registration was given; it is made at the first question."""
        found = self.registrations().get(bare(name)) or self._register(bare(name))
        return bare(found["fulldomain"])

    def publish(self, place: str, value: str) -> None:
        found = self._owner_of(place)
        answer = self._ask(
            "/update",
            {"subdomain": found["subdomain"], "txt": value},
            {"X-Api-User": found["username"], "X-Api-Key": found["password"]},
        )
        if answer.status_code != httpx.codes.OK:
            raise self._refused(_("update {place}").format(place=place), answer)

    def withdraw(self, place: str, value: str) -> None:
        return None

    def _owner_of(self, place: str) -> Registration:
        for found in self.registrations().values():
            if bare(found["fulldomain"]) == bare(place):
                return found
        raise Trouble(
            _("cannot write at {place}: its credentials are not in {kept}").format(
                place=place, kept=self._kept
            ),
            _("put that file back from a backup; or let the CNAME lead where cert issue says"),
        )

    def _register(self, name: str) -> Registration:
        with self._progress.step(
            _("registering {name} at {server}").format(name=name, server=self._server)
        ):
            answer = self._ask("/register", {}, {})
        if answer.status_code != httpx.codes.CREATED:
            raise self._refused(_("register {name}").format(name=name), answer)
        try:
            told = answer.json()
            made = {part: str(told[part]) for part in PARTS}
        except (ValueError, KeyError, TypeError) as broken:
            raise self._refused(_("register {name}").format(name=name), answer) from broken
        self._keep({**self.registrations(), name: made})
        return made

    def registrations(self) -> dict[str, Registration]:
        """By our name; of this server alone."""
        return load(self._kept).get(self._server, {})

    def _keep(self, registrations: dict[str, Registration]) -> None:
        directory(self._kept.parent, mode=keys.TRAVERSED)
        content = json.dumps({**load(self._kept), self._server: registrations}, indent=2)
        replace(self._kept, content.encode(), owner=Owner.ourselves(), mode=0o600)

    def _ask(self, path: str, body: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        try:
            return httpx.post(
                f"{self._server}{path}",
                json=body,
                headers=headers,
                timeout=ONE_REQUEST,
                verify=ssl.create_default_context(),
            )
        except httpx.HTTPError as problem:
            raise Trouble(
                _("cannot reach acme-dns at {server}: {why}").format(
                    server=self._server, why=self._why(problem)
                ),
                _("see whether it is up, and whether this machine may reach it"),
            ) from problem

    def _why(self, problem: httpx.HTTPError) -> str:
        if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout):
            at = httpx.URL(self._server)
            found = connection.why_not(at.host, at.port or (443 if at.scheme == "https" else 80))
            if found is not None:
                return found
        return str(problem) or type(problem).__name__

    def _refused(self, act: str, answer: httpx.Response) -> Trouble:
        words: Any = answer.text[:200]
        with suppress(ValueError, KeyError, TypeError):
            words = answer.json()["error"]
        what = _("cannot {act} at {server}: it says {status} {words}").format(
            act=act, server=self._server, status=answer.status_code, words=words
        )
        hint = _HINTS.get(answer.status_code, _("see acme_dns in the site file"))
        return Trouble(what, hint.format(kept=self._kept))


_HINTS = {
    401: _(
        "it does not know these credentials, or not from this machine's address (allowfrom); "
        "if it has lost them: mv {kept} {kept}.old, and cert issue tells the new CNAMEs"
    ),
    404: _("it takes no new registrations, or that is no acme-dns: see acme_dns in the site file"),
}


def solver(zone: Zone, paths: Paths, progress: Progress) -> AcmeDns:
    assert zone.acme_dns is not None, "the parser demands it"
    return AcmeDns(zone.acme_dns, paths.acme_dns, progress)
