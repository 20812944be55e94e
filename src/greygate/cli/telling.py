"""What `up` and `install` say at the start and at the end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from greygate.cli import output
from greygate.home.choice import Standing
from greygate.home.half import Home, why_loopback
from greygate.home.installation import PROGRAM
from greygate.home.persons import TRIAL, to_trust
from greygate.home.place import Place
from greygate.home.preparation import Prepared
from greygate.home.start import Started
from greygate.run.foreground import Foreground
from greygate.run.runner import runner_here
from greygate.site.doubts import doubts_of
from greygate.site.model import Node, Site
from greygate.text import _, aligned, duration


def opening(site: Site, standing: Standing) -> str:
    """What must be known before anything is done: a trial, a stand-in for the overlay."""
    why = why_loopback(site, standing)
    return "\n".join(
        (
            _("server: {name}").format(name=site.server_name),
            *_trial(site),
            *told_doubts(site),
            *_not_the_overlay(site, _("the server"), why, standing.cure),
        )
    )


def told_doubts(site: Site) -> Iterator[str]:
    """What is doubtful about the names, and was no reason to refuse them."""
    for doubt in doubts_of(site):
        yield f"{doubt.text} ({doubt.name}); {doubt.hint}"


def _unbounded(started: Started) -> tuple[str, ...]:
    """supervisord has no control groups."""
    if started.was_up or not isinstance(started.runner, Foreground):
        return ()
    return (
        _("here nothing bounds the memory of the services; under systemd each has its limit: ")
        + "greygate install",
    )


def farewell(started: Started, place: Place) -> str:
    """The last words of an `up` that was interrupted."""
    if runner_here(started.home.plan, started.home.units) is not None:
        return left_running(place)
    stopped = _("stopped; `greygate up{where}` goes on with everything as it was")
    return "\n".join((stopped.format(where=_where(place)), *_last(started.home)))


def left_running(place: Place) -> str:
    """What is running when the command is over, and how to end it."""
    told = _(
        "it goes on running; `greygate status{where}` tells how it is, "
        "`greygate down{where}` stops it"
    )
    return told.format(where=_where(place))


def _where(place: Place) -> str:
    """The flag by which commands find a server that is not in the usual place."""
    return f" --state {shlex.quote(str(place.paths.state))}" if place.named else ""


def installed(started: Started) -> str:
    """What `install` has done, and what to do next."""
    rows = [
        (_("installed"), _("{name} runs under systemd, and starts at every boot")),
        (_("program"), _("{program}, called as `greygate`: this clone may go")),
        (_("next"), _("greygate status   (is it up, can people reach it)")),
        ("", _("greygate invite, or greygate user add NAME   (let people in)")),
        ("", _("greygate backup identity FILE   (keep it off this machine)")),
    ]
    name = started.home.site.server_name
    return aligned([(left, it.format(name=name, program=PROGRAM)) for left, it in rows])


@contextmanager
def trial_told(home: Home) -> Iterator[None]:
    """What accounts of a trial are worth is said before they are made and after."""
    for words in _trial(home.site):
        output.note(words)
    yield
    for words in _trial(home.site):
        output.note(words)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Where the server is and how people connect; the first password, once."""

    started: Started
    prepared: Prepared

    def told(self) -> dict[str, Any]:
        home, welcome = self.started.home, self.started.welcome
        return {
            "server_name": str(home.site.server_name),
            "trial": home.site.trial,
            "overlay": home.substitute is None and home.plan.interface is not None,
            "missing": home.substitute,
            "cure": None if home.substitute is None else home.cure,
            "addresses": [str(address) for address in home.plan.addresses],
            "homeserver": home.plan.address_url,
            "homeserver_by_address": home.plan.address_url,
            "homeserver_by_name": home.plan.base_url,
            "authority": None if home.plan.vouched else str(home.plan.paths.ca),
            "authority_sha256": to_trust(home),
            "peers": list(home.site.overlay.peers),
            "trust_anew": bool(self._trust_anew()),
            "identity": str(home.plan.paths.identity),
            "keep_identity": bool(self._keep()),
            "seconds_to_serving": round(self.started.seconds, 2),
            "first_person": None if welcome is None else welcome.told(),
        }

    def text(self) -> str:
        home = self.started.home
        rows = [
            (_("address"), home.plan.address_url),
            *_unless_same(_("client name"), home),
            *self._trusted(),
            (_("overlay peers"), _peers(home.site)),
        ]
        parts = [
            self._up(),
            aligned(rows),
            *self._first_person(),
            *self._keep(),
            *self._trust_anew(),
            *_no_peers(home),
            *_unbounded(self.started),
            *_last(home),
        ]
        return "\n\n".join(("", *parts, ""))

    def _up(self) -> str:
        name = self.started.home.site.server_name
        if self.started.was_up:
            return _("{name} was up already").format(name=name)
        return _("{name} is up after {time}").format(name=name, time=duration(self.started.seconds))

    def _trusted(self) -> tuple[tuple[str, str], ...]:
        home, known = self.started.home, to_trust(self.started.home)
        if known is None:
            return ()
        return ((_("trust"), str(home.plan.paths.ca)), (_("  SHA-256"), known))

    def _first_person(self) -> tuple[str, ...]:
        if self.started.welcome is None:
            return ()
        return (_("the first person:") + "\n" + self.started.welcome.text(),)

    def _keep(self) -> tuple[str, ...]:
        if not self.prepared.kept_anew or self.started.home.site.trial:
            return ()
        return (
            _(
                "keep {file} off this machine, and secret: "
                "without it nothing brings this server back"
            ).format(file=self.started.home.plan.paths.identity),
        )

    def _trust_anew(self) -> tuple[str, ...]:
        """Names or addresses are others: the authority that people trust does not cover them."""
        stand_in = self.started.home.substitute is not None  # with an authority of its own
        if self.prepared.new_authority is None or self.started.welcome is not None or stand_in:
            return ()
        return (
            _(
                "the certificate authority is a new one: people must trust it again\n"
                "(greygate cert export)"
            ),
        )


def _peers(site: Site) -> str:
    if site.overlay.node is Node.SYSTEM and not site.overlay.peers:
        return _("those of this machine's Yggdrasil")
    return ", ".join(site.overlay.peers) or _("none")


def _unless_same(label: str, home: Home) -> tuple[tuple[str, str], ...]:
    """What apps connect to by name, where there is one."""
    if home.plan.base_url == home.plan.address_url:
        return ()
    return ((label, _("{url}   (once the name resolves)").format(url=home.plan.base_url)),)


def _no_peers(home: Home) -> tuple[str, ...]:
    overlay = home.site.overlay
    ours = overlay.node is Node.MANAGED and home.substitute is None
    if not ours or overlay.peers or overlay.listen:
        return ()
    return (
        _(
            "no overlay peers yet: nobody can reach this address. Add some under [overlay] in\n"
            '{file}: peers = ["tls://HOST:PORT"], then: greygate apply'
        ).format(file=home.source),
    )


def _trial(site: Site) -> tuple[str, ...]:
    return (TRIAL,) if site.trial else ()


def _last(home: Home) -> tuple[str, ...]:
    """What was said first, said again where it is read."""
    reaching, cure = home.plan.address_url, home.cure
    return (*_not_the_overlay(home.site, reaching, home.substitute, cure), *_trial(home.site))


def _not_the_overlay(
    site: Site, reaching: str, why: str | None, cure: str | None
) -> tuple[str, ...]:
    """Loopback is not the overlay, and nobody may believe it is."""
    if why is not None:
        return (
            _("this is NOT the overlay: only this machine reaches {it}").format(it=reaching)
            + "\n"
            + _("missing for it: {why}; cure: {cure}").format(
                why=why, cure=cure or _("none known")
            ),
        )
    if site.overlay.node is Node.LOOPBACK:
        return (_('this is NOT the overlay: the site file says node = "loopback"'),)
    return ()
