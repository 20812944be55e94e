"""The people of this server: who there is, and what an owner does for them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from greygate.errors import Trouble, WrongUsage
from greygate.people.password import new_password
from greygate.people.session import Refused, Session
from greygate.secret import Secret
from greygate.site.model import ADMIN
from greygate.spec.user_id import localpart_problem
from greygate.text import _

PAGE = 500
SHORTEST = 10  # characters; Synapse asks as many of those who register


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account of a human."""

    user_id: str
    display_name: str | None
    admin: bool
    deactivated: bool
    created: datetime

    @property
    def localpart(self) -> str:
        return self.user_id[1:].partition(":")[0]


@dataclass(frozen=True, slots=True)
class Admission:
    """A person and the password that opens the account: shown once, kept nowhere."""

    person: Person
    password: Secret
    typed: bool = False  # by the owner, who knows it


def add(server: Session, localpart: str, password: Secret | None = None) -> Admission:
    """A new person; Trouble where the name is taken or cannot be one."""
    _check_name(localpart)
    chosen = _chosen(password)
    with _told(localpart):
        # PUT changes an account that is there; asking first keeps it from that.
        server.get("/_synapse/admin/v1/username_available", {"username": localpart})
        made = server.put(
            f"/_synapse/admin/v2/users/{_quoted(server, localpart)}",
            {"password": chosen.reveal(), "admin": False},
        )
    return Admission(_person(made), chosen, typed=password is not None)


def people(server: Session) -> tuple[Person, ...]:
    """Everybody, closed accounts too; Greygate's own admin is nobody."""
    found: list[Person] = []
    query: dict[str, str | int] = {"limit": PAGE, "guests": "false", "deactivated": "true"}
    while True:
        answer = server.get("/_synapse/admin/v2/users", query)
        found.extend(map(_person, answer["users"]))
        if "next_token" not in answer:
            return tuple(it for it in found if not it.localpart.startswith(ADMIN))
        query["from"] = answer["next_token"]


def set_password(server: Session, localpart: str, password: Secret | None = None) -> Admission:
    """A new password for a person; every device of theirs is logged out."""
    person = _existing(server, localpart)
    chosen = _chosen(password)
    with _told(localpart):
        server.post(
            f"/_synapse/admin/v1/reset_password/{_quoted(server, localpart)}",
            {"new_password": chosen.reveal(), "logout_devices": True},
        )
    return Admission(person, chosen, typed=password is not None)


def deactivate(server: Session, localpart: str, *, erase: bool = False) -> Person:
    """Close an account for good; `erase` also hides its messages from those who join later."""
    person = _existing(server, localpart)
    with _told(localpart):
        server.post(f"/_synapse/admin/v1/deactivate/{_quoted(server, localpart)}", {"erase": erase})
    return person


def _existing(server: Session, localpart: str) -> Person:
    _check_name(localpart)
    with _told(localpart):
        found = _person(server.get(f"/_synapse/admin/v2/users/{_quoted(server, localpart)}"))
    if found.deactivated:
        raise Trouble(
            _("cannot change {user_id}: the account is closed").format(user_id=found.user_id),
            _("a closed account stays closed; make another: greygate user add NAME"),
        )
    return found


def _chosen(password: Secret | None) -> Secret:
    """What the owner typed, or one that we make."""
    if password is None:
        return new_password(secrets.choice)
    if len(password.reveal()) < SHORTEST:
        raise WrongUsage(
            _("cannot use this password: it is shorter than {least}").format(least=SHORTEST),
            _("leave it out, and a good one is made"),
        )
    return password


def _check_name(localpart: str) -> None:
    problem = localpart_problem(localpart)
    if problem is not None:
        whole_id = localpart.startswith("@") and ":" in localpart
        near = localpart[1:].partition(":")[0] if whole_id else localpart.lower()
        usable = localpart_problem(near) is None
        hint = _("did you mean {near}?").format(near=near) if usable else _("choose another name")
        raise WrongUsage(*_unusable(localpart, problem, hint))
    if localpart.startswith(ADMIN):
        raise WrongUsage(
            _("cannot use {name}: such names are Greygate's own").format(name=localpart),
            _("choose another name"),
        )


@contextmanager
def _told(localpart: str) -> Iterator[None]:
    """Synapse's refusals of a name, as a person can act on them."""
    try:
        yield
    except Refused as refused:
        match refused.code:
            case "M_USER_IN_USE":
                why = _("the name is taken, or was by an account that is closed now")
                hint = _("choose another name; see who there is: greygate user list")
            case "M_INVALID_USERNAME":
                another = _unusable(localpart, refused.said, _("choose another name"))
                raise WrongUsage(*another) from refused
            case "M_EXCLUSIVE":
                why = _("the name is kept for an application service")
                hint = _("choose another name")
            case "M_NOT_FOUND":
                why = _("there is nobody of this name")
                hint = _("see who there is: greygate user list")
            case _:
                raise
        raise Trouble(*_unusable(localpart, why, hint)) from refused


def _unusable(localpart: str, why: str, hint: str) -> tuple[str, str]:
    """What cannot be done, and what to do instead."""
    return _("cannot use the name {name}: {why}").format(name=localpart, why=why), hint


def _quoted(server: Session, localpart: str) -> str:
    """The user id as one segment of a path; a localpart may hold slashes."""
    return quote(f"@{localpart}:{server.server_name}", safe="@:")


def _person(told: dict[str, Any]) -> Person:
    """From Synapse's User Admin API; v2 tells created in milliseconds."""
    return Person(
        user_id=str(told["name"]),
        display_name=told.get("displayname"),
        admin=bool(told["admin"]),
        deactivated=bool(told["deactivated"]),
        created=datetime.fromtimestamp(told["creation_ts"] / 1000, UTC),
    )
