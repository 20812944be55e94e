"""A zone at one of the providers that dns-lexicon knows, written by the provider's interface."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.records import TTL
from greygate.plan.spelling import dotted
from greygate.secret import Secret
from greygate.site.model import Zone
from greygate.site.providers import CANNOT_WRITE
from greygate.text import _, listing
from greygate.zones.secret_file import secret_text

ONE_ORDER = 120.0  # seconds; some providers take several for each record
PATIENCE = 300.0  # seconds until every server of the provider tells it
CHALLENGE_TTL = 60  # seconds; hardly any provider takes less
OFTEN_REFUSED = ("SRV", "CAA")  # whose parts many interfaces want one by one
NOT_THE_VALUE = (401, 403, 404, 429)  # refusals that are not of what was to be written
MODULE = "greygate.zones.lexicon_worker"

Act = dict[str, Any]

_LINE = re.compile(r"line \d+")


class Provider:
    """A Writer: orders a process that has the credentials and nothing else."""

    patience = PATIENCE

    def __init__(
        self,
        zone: str,
        provider: str,
        credentials: dict[str, Secret],
        *,
        within: float = ONE_ORDER,
    ) -> None:
        self._zone = zone
        self._provider = provider
        self._credentials = credentials
        self._within = within

    def size(self) -> int | None:
        """As the provider counts; some list no whole zone."""
        try:
            found = self._ask({"count": True, "ttl": TTL})
        except Trouble:
            return None
        return found.get("sets")

    def write(self, changes: Sequence[Change]) -> None:
        """Aliases go first: nothing may stand beside them; then what is refused most often, so
        that it is known before anything else is written."""
        self._demand_possible(changes)
        gone = [_act("set", it.records.name, "CNAME", ()) for it in changes if it.alias]
        sets = [_act("set", it.records.name, it.records.type, it.records.values) for it in changes]
        acts = [*gone, *sorted(sets, key=lambda it: it["type"] not in OFTEN_REFUSED)]
        self._have_done_soon(acts, min(it.records.ttl for it in changes))

    def add_text(self, name: str, value: str) -> None:
        self._have_done_soon([_act("add", name, "TXT", (value,))], CHALLENGE_TTL)

    def take_text(self, name: str, value: str) -> None:
        self._have_done([_act("take", name, "TXT", (value,))], CHALLENGE_TTL)

    def _demand_possible(self, changes: Sequence[Change]) -> None:
        cannot = CANNOT_WRITE.get(self._provider, ())
        kinds = sorted({it.records.type for it in changes if it.records.type in cannot})
        if kinds:
            raise self._trouble(
                _("its interface takes no {types}").format(types=listing(kinds)),
                _("type the {types} records by hand; then: greygate dns apply").format(
                    types=listing(kinds)
                ),
            )

    def _have_done_soon(self, acts: list[Act], ttl: int) -> None:
        """With a short TTL; with the usual one where the provider takes none so short."""
        told = self._ask({"acts": acts, "ttl": ttl})
        if ttl < TTL and "why" in told and _may_be_for_its_ttl(told):
            self._have_done(acts, TTL, ttls=(ttl, TTL))
        else:
            self._demand_done(acts, told, ttls=(ttl,))

    def _have_done(self, acts: list[Act], ttl: int, *, ttls: tuple[int, ...] = ()) -> None:
        self._demand_done(acts, self._ask({"acts": acts, "ttl": ttl}), ttls=ttls or (ttl,))

    def _demand_done(self, acts: list[Act], told: dict[str, Any], *, ttls: tuple[int, ...]) -> None:
        if "why" not in told:
            return
        done = told["done"]
        part = _(" ({done} of {all} done)").format(done=done, all=len(acts)) if done else ""
        refused = acts[min(done, len(acts) - 1)]
        raise self._trouble(f"{told['why']}{part}", self._hint(told, refused, ttls))

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        whole = {
            **order,
            "provider": self._provider,
            "zone": self._zone,
            "credentials": {name: it.reveal() for name, it in self._credentials.items()},
        }
        again = _("run it again: what is done already is left as it is")
        try:
            done = subprocess.run(
                (sys.executable, "-P", "-m", MODULE),
                input=json.dumps(whole).encode(),
                capture_output=True,
                timeout=self._within,
                check=False,
            )
        except subprocess.TimeoutExpired as problem:
            raise self._trouble(_("no answer"), again) from problem
        try:
            found: dict[str, Any] = json.loads(done.stdout)
        except ValueError as problem:
            raise self._trouble(
                _("dns-lexicon ended: code {code}").format(code=done.returncode), again
            ) from problem
        return found

    def _hint(self, told: dict[str, Any], act: Act, ttls: tuple[int, ...]) -> str:
        """Credentials are blamed where the provider does; else what can have been meant."""
        named = {"provider": self._provider, "zone": self._zone, "type": act["type"]}
        strange = set(self._credentials) - set(told["options"])
        if told["status"] in (401, 403) or (told["status"] is None and strange):
            known = listing(told["options"])
            hint = _("see the credentials: {provider} knows {options}")
            return hint.format(**named, options=known)
        if "ttl" in told["why"].lower():
            hint = _("{provider} refuses a TTL of {ttls} s: take another challenge for {zone}")
            return hint.format(**named, ttls=listing(map(str, ttls)))
        return _hint_of(told).format(**named)

    def _trouble(self, why: str, hint: str) -> Trouble:
        return Trouble(
            _("cannot write {zone} at {provider}: {why}").format(
                zone=self._zone, provider=self._provider, why=why
            ),
            hint,
        )


def _may_be_for_its_ttl(told: dict[str, Any]) -> bool:
    """Providers with a least TTL word that in as many ways; others are not asked twice."""
    refused = told["status"] is not None and 400 <= told["status"] < 500
    return (refused and told["status"] not in NOT_THE_VALUE) or "ttl" in told["why"].lower()


def _hint_of(told: dict[str, Any]) -> str:
    match told:
        case {"status": 429}:
            return _("{provider} has had too many requests: wait, and run it again")
        case {"status": int(status)} if status >= 500:
            return _("{provider} has trouble of its own: run it again later")
        case {"unreadable": True}:
            return _("{provider} has trouble of its own: run it again later")
        case {"account": True} | {"status": 404}:
            return _("is {zone} in that account at {provider}, by this name?")
        case {"silent": True}:
            return _("see whether this machine is online, and run it again")
        case {"done": done} if done:
            return _("run it again: what is done already is left as it is")
        case _:
            return _("type the {type} record by hand at {provider}; then: greygate dns check")


def _act(do: str, name: str, kind: str, values: tuple[str, ...]) -> Act:
    # SRV and NS with their dot: an interface that speaks of zone files takes others for relative.
    # CNAME without, as lexicon documents it.
    spelled = list(values) if kind == "CNAME" else dotted(kind, values)
    return {"do": do, "name": name, "type": kind, "values": spelled}


def writer(zone: Zone) -> Provider:
    """The writer of a zone that the site file says so of."""
    assert zone.provider is not None and zone.credentials is not None, "the parser demands it"
    return Provider(zone.name, zone.provider, _credentials(zone.credentials, zone.provider))


def _credentials(file: PurePath, provider: str) -> dict[str, Secret]:
    text = secret_text(file, _("the credentials"))
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        line = _LINE.search(str(problem))
        raise Trouble(
            _("cannot read the credentials in {file}: not TOML, {where}").format(
                file=file, where=line[0] if line else _("at its end")
            ),
            _('write one on a line: auth_token = "..."'),
        ) from None  # which would repeat what stands there
    nested = [name for name, it in found.items() if isinstance(it, dict | list)]
    if nested or not found:
        raise Trouble(
            _("cannot use the credentials in {file}: there must be names with values").format(
                file=file
            ),
            _('write one on a line, without sections: auth_token = "..."'),
        )
    return {name: Secret(str(it)) for name, it in found.items()}
