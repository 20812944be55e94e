"""People of this server, as the commands need them: done over the socket, told as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from greygate.home.half import Home
from greygate.identity import authority
from greygate.people import admin, invitations
from greygate.people.admin import Admission, Person
from greygate.people.invitation import Invitation
from greygate.people.session import session
from greygate.secret import Secret
from greygate.spec.certificate import fingerprint
from greygate.text import _, aligned

TRIAL = _("This is a trial: accounts made in it do not carry over, and it can never federate.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """A person and a new password, with the address to use it at.

    One that we made is shown once; one that somebody typed is not shown at all.
    """

    admission: Admission
    home: Home

    def told(self) -> dict[str, Any]:
        return {
            "user_id": self.admission.person.user_id,
            "password": None if self.admission.typed else self._password,
            "homeserver": self.home.plan.address_url,
            "homeserver_by_address": self.home.plan.address_url,
            "homeserver_by_name": self.home.plan.base_url,
            "trial": self.home.site.trial,
        }

    def text(self) -> str:
        shown = _("{password}   (shown once)").format(password=self._password)
        return aligned(
            (
                (_("user id"), self.admission.person.user_id),
                (_("password"), _("as you typed it") if self.admission.typed else shown),
                (_("homeserver"), self.home.plan.address_url),
            )
        )

    @property
    def _password(self) -> str:
        return self.admission.password.reveal()


def add(home: Home, localpart: str, password: Secret | None) -> Welcome:
    """A new person of this server."""
    with session(home.plan.paths) as server:
        return Welcome(admission=admin.add(server, localpart, password), home=home)


def first(home: Home) -> Welcome | None:
    """The first person, where there is nobody yet."""
    with session(home.plan.paths) as server:
        if admin.people(server):
            return None
        return Welcome(admission=admin.add(server, home.site.first_person), home=home)


def to_trust(home: Home) -> str | None:
    """SHA-256 of the authority that people must be told to trust; None where devices do already."""
    if home.plan.vouched:
        return None
    return fingerprint(authority.authority_certificate(home.plan.paths))


def told(person: Person) -> dict[str, Any]:
    return {
        "user_id": person.user_id,
        "display_name": person.display_name,
        "admin": person.admin,
        "state": state(person),
        "created": person.created.isoformat(timespec="seconds"),
    }


def state(person: Person) -> str:
    return _("closed") if person.deactivated else _("active")


def everyone(home: Home) -> tuple[Person, ...]:
    """Everybody, closed accounts too."""
    with session(home.plan.paths) as server:
        return admin.people(server)


def new_password(home: Home, localpart: str, password: Secret | None) -> Welcome:
    """A new password for a person."""
    with session(home.plan.paths) as server:
        return Welcome(admission=admin.set_password(server, localpart, password), home=home)


def deactivate(home: Home, localpart: str, *, erase: bool) -> str:
    """The user id of the account that was closed."""
    with session(home.plan.paths) as server:
        return admin.deactivate(server, localpart, erase=erase).user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An invitation, ready to be told."""

    invitation: Invitation
    uses: int
    expires: datetime

    def told(self) -> dict[str, Any]:
        return {
            "server_name": self.invitation.server_name,
            "homeserver": self.invitation.client_url,
            "homeserver_by_name": self.invitation.named_url or self.invitation.client_url,
            "token": self.invitation.token.reveal(),
            "link": self.invitation.link,
            "peers": list(self.invitation.peers),
            "authority_sha256": self.invitation.authority,
            "trial": self.invitation.trial,
            "uses": self.uses,
            "expires": self.expires.isoformat(timespec="seconds"),
        }

    def text(self, *, encoding: str, terminal: bool) -> str:
        return "\n\n".join(
            (
                self.invitation.text(),
                self.invitation.qr(encoding=encoding, terminal=terminal),
                _("Good for {people}, until {until} UTC. Send it by a way you trust.").format(
                    people=_("one person")
                    if self.uses == 1
                    else _("{uses} people").format(uses=self.uses),
                    until=self.expires.strftime("%Y-%m-%d %H:%M"),
                ),
            )
        )


def invite(home: Home, *, uses: int, days: int) -> Letter:
    """A new invitation; the address stands in for the client name where no DNS is published."""
    with session(home.plan.paths) as server:
        token = invitations.new(server, now=datetime.now(UTC), uses=uses, days=days)
    assert token.expires is not None, "we asked for an end"
    return Letter(
        invitation=Invitation(
            server_name=str(home.site.server_name),
            client_url=home.plan.address_url,
            named_url=home.plan.base_url if home.plan.base_url != home.plan.address_url else None,
            token=token.token,
            peers=home.site.overlay.peers,
            authority=to_trust(home),
            trial=home.site.trial,
        ),
        uses=uses,
        expires=token.expires,
    )
