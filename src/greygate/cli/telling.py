"""What `up` and `install` say at the start and at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from greygate.home.half import Home
from greygate.home.persons import TRIAL, to_trust
from greygate.home.preparation import Prepared
from greygate.home.start import Started
from greygate.run.runner import runner_here
from greygate.site.doubts import doubts_of
from greygate.site.model import Site
from greygate.text import _, aligned, duration


def opening(home: Home) -> str:
    """What must be known before anything else: a trial, a stand-in for the overlay."""
    lines = [_("server: {name}").format(name=home.site.server_name)]
    if home.site.trial:
        lines.append(TRIAL)
    return "\n".join((*lines, *told_doubts(home.site), *_not_the_overlay(home)))


def told_doubts(site: Site) -> Iterator[str]:
    """What is doubtful about the names, and was no reason to refuse them."""
    for doubt in doubts_of(site):
        yield f"{doubt.text} ({doubt.name}); {doubt.hint}"


def farewell(started: Started) -> str:
    """The last words of an `up` that was interrupted."""
    if runner_here(started.home.plan, started.home.units) is not None:
        return _("it goes on running; `greygate down` stops it")
    lines = [_("stopped; `greygate up` goes on with everything as it was")]
    if started.home.site.trial:
        lines.append(TRIAL)
    return "\n".join((*lines, *_not_the_overlay(started.home)))


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
            "addresses": [str(address) for address in home.plan.addresses],
            "homeserver": home.plan.base_url,
            "homeserver_by_address": home.plan.address_url,
            "authority": None if home.plan.vouched else str(home.plan.paths.ca),
            "authority_sha256": to_trust(home),
            "peers": list(home.site.overlay.peers),
            "identity": str(home.plan.paths.identity),
            "seconds_to_serving": round(self.started.seconds, 2),
            "first_person": None if welcome is None else welcome.told(),
        }

    def text(self) -> str:
        home = self.started.home
        rows = [
            (_("address"), home.plan.address_url),
            *_unless_same(_("client name"), home),
            *self._trusted(),
            (_("overlay peers"), ", ".join(home.site.overlay.peers) or _("none")),
        ]
        parts = [
            self._up(),
            aligned(rows),
            *self._first_person(),
            *self._keep(),
            *self._trust_anew(),
            *_no_peers(home),
            *_not_the_overlay(home),
        ]
        return "\n\n".join(("", *parts, ""))

    def _up(self) -> str:
        name = self.started.home.site.server_name
        if self.started.mended is not None:
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
        if self.prepared.new_authority is None or self.started.welcome is not None:
            return ()
        return (
            _(
                "the certificate authority is a new one: people must trust it again\n"
                "(greygate cert export)"
            ),
        )


def _unless_same(label: str, home: Home) -> tuple[tuple[str, str], ...]:
    """What apps connect to by name, where there is one."""
    if home.plan.base_url == home.plan.address_url:
        return ()
    return ((label, _("{url}   (once the name resolves)").format(url=home.plan.base_url)),)


def _no_peers(home: Home) -> tuple[str, ...]:
    overlay = home.site.overlay
    if home.substitute is not None or overlay.peers or overlay.listen or not home.plan.interface:
        return ()
    return (
        _(
            "no overlay peers yet: nobody can reach this address. Add some under [overlay] in\n"
            '{file}: peers = ["tls://HOST:PORT"], then run greygate up again'
        ).format(file=home.source),
    )


def _not_the_overlay(home: Home) -> tuple[str, ...]:
    """Loopback is not the overlay, and nobody may believe it is."""
    if home.substitute is not None:
        return (
            _("this is NOT the overlay: only this machine reaches {url}").format(
                url=home.plan.address_url
            )
            + "\n"
            + _("missing for it: {why}; cure: {cure}").format(
                why=home.substitute, cure=home.cure or _("none known")
            ),
        )
    if home.plan.interface is None and home.plan.addresses[0].is_loopback:
        return (_('this is NOT the overlay: the site file says node = "loopback"'),)
    return ()
