"""Our account at an authority: opened once, kept, its key exchanged (RFC 8555, 7.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from acme import client, errors, messages
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.interfaces import JSONDeSerializable
from josepy.json_util import encode_b64jose
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from greygate.certs.kept import Account, Kept
from greygate.certs.network import Network
from greygate.certs.refusal import UNKNOWN_ACCOUNT, AuthorityRefused, account_closed, told
from greygate.errors import Trouble
from greygate.progress import Progress
from greygate.secret import Secret
from greygate.text import _

Found = tuple[client.ClientV2, Account]


def opened(authority: str, kept: Kept, progress: Progress, *, email: str | None) -> Found:
    """A client that signs as our account, which is opened where there is none."""
    account = _settled(authority, kept, kept.account() or _new(kept))
    acme = _client(authority, account.key)
    with _judging_closed(account, authority, kept):
        uri = _existing(acme, authority) or _open(acme, authority, email, progress)
        acme.net.account = _resource(uri)
        _demand_open(acme, uri, authority)
    if account.uri not in (None, uri):
        progress.note(
            _("the authority did not know our account any more: it is {uri} now").format(uri=uri)
        )
    current = replace(account, uri=uri, identities=_identities(acme))
    if current != account:
        kept.keep_account(current)
    return acme, current


def known(authority: str, kept: Kept) -> tuple[client.ClientV2, str | None]:
    """A client, and the address of our account there where it has one; nothing is opened or kept.

    Without an account it is a stranger's, and may read what everybody may.
    """
    account = kept.account()
    for key in () if account is None else (account.coming, account.key):
        acme = None if key is None else _client(authority, key)
        uri = None if acme is None else _existing(acme, authority)
        if acme is not None and uri is not None:
            acme.net.account = _resource(uri)
            return acme, uri
    return stranger(authority), None


def stranger(authority: str) -> client.ClientV2:
    """A client without an account: what everybody may read needs none."""
    return _client(authority, None)


def rekeyed(authority: str, kept: Kept) -> Account:
    """The account with another key; its address stays, and so does what CAA says of it."""
    found = kept.account()
    account = None if found is None else _settled(authority, kept, found)
    acme = None if account is None else _client(authority, account.key)
    uri = None if acme is None else _existing(acme, authority)
    if account is None or acme is None or uri is None:
        raise Trouble(
            _("cannot exchange the account's key: {authority} knows no account of ours").format(
                authority=authority
            ),
            _("open one: greygate cert register"),
        )
    acme.net.account = _resource(uri)
    coming = _new_key()
    kept.keep_account(replace(account, uri=uri, coming=coming))  # a kill must lose neither
    with told(_("exchange the account's key"), authority):
        _exchange(acme, uri, old=account.key, new=coming)
    done = replace(account, uri=uri, key=coming)
    kept.keep_account(done)
    return done


def _identities(acme: client.ClientV2) -> tuple[str, ...]:
    return tuple(acme.directory.meta.caa_identities or ())


def _settled(authority: str, kept: Kept, account: Account) -> Account:
    """After an exchange that was cut short: the account with the key that the authority knows."""
    if account.coming is None:
        return account
    known = _existing(_client(authority, account.coming), authority)
    key = account.coming if known is not None else account.key
    settled = replace(account, uri=known or account.uri, key=key, coming=None)
    kept.keep_account(settled)
    return settled


def _new(kept: Kept) -> Account:
    made = Account(uri=None, key=_new_key())
    kept.keep_account(made)  # before the authority knows it: an answer may get lost
    return made


def _new_key() -> Secret:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Secret(pem.decode("ascii"))


def _jwk(key: Secret) -> JWKEC:
    loaded = serialization.load_pem_private_key(key.reveal().encode(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey), "we make no others"
    return JWKEC(key=loaded)


def _client(authority: str, key: Secret | None) -> client.ClientV2:
    network = Network(None if key is None else _jwk(key))
    with told(_("read the authority's directory"), authority):
        return client.ClientV2(client.ClientV2.get_directory(authority, network), network)


def _existing(acme: client.ClientV2, authority: str) -> str | None:
    """The address of the account that this key has; None where it has none there."""
    asked = messages.NewRegistration.from_data(only_return_existing=True)
    try:
        with told(_("look for our account"), authority):
            try:
                acme.new_account(asked)
            except errors.ConflictError as found:
                return _address(found.location)
    except AuthorityRefused as refused:
        if refused.code != UNKNOWN_ACCOUNT:
            raise
    return None


def _address(location: str | None) -> str:
    """Where the account is, which an authority must say (RFC 8555, 7.3)."""
    if not location:
        raise errors.ClientError(_("an account without its address"))
    return str(location)


@contextmanager
def _judging_closed(account: Account, authority: str, kept: Kept) -> Iterator[None]:
    """AuthorityRefused with what helps where the account is closed: DNS and waiting do not."""
    try:
        yield
    except AuthorityRefused as refused:
        if refused.code != "unauthorized":
            raise
        host = urlsplit(authority).netloc
        raise account_closed(host, account.uri or "", kept.accounts) from refused


def _demand_open(acme: client.ClientV2, uri: str, authority: str) -> None:
    """Some say that it is closed only when an order is placed."""
    with told(_("look at our account"), authority):
        body = messages.Registration.from_json(acme._post_as_get(uri).json())
        if body.status in ("deactivated", "revoked"):
            raise messages.Error.with_code("unauthorized", detail=str(body.status))


def _open(acme: client.ClientV2, authority: str, email: str | None, progress: Progress) -> str:
    wanted = messages.NewRegistration.from_data(email=email, terms_of_service_agreed=True)
    with told(_("open an account"), authority):
        if acme.external_account_required():
            raise AuthorityRefused(
                _("cannot open an account: {authority} wants one made beforehand").format(
                    authority=authority
                ),
                _("take another authority: directory under [certificates] in the site file"),
            )
        terms = acme.directory.meta.terms_of_service
        progress.note(_("opening an account, agreeing to {terms}").format(terms=terms or authority))
        return _address(acme.new_account(wanted).uri)


def _resource(uri: str) -> messages.RegistrationResource:
    return messages.RegistrationResource(body=messages.Registration(), uri=uri)


class _Signed(JSONDeSerializable):
    """What was signed already, as the payload of another signature."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = dict(content)

    def to_partial_json(self) -> dict[str, Any]:
        return self._content

    @classmethod
    def from_json(cls, jobj: Any) -> _Signed:
        return cls(jobj)


def _exchange(acme: client.ClientV2, uri: str, *, old: Secret, new: Secret) -> None:
    """RFC 8555, 7.3.5: the new key signs that it takes over, the old one sends it."""
    url, key = str(acme.directory["keyChange"]), _jwk(new)
    header = {"alg": "ES256", "jwk": _public(key), "url": url}
    payload = {"account": uri, "oldKey": _public(_jwk(old))}
    protected, body = (_encoded(it) for it in (header, payload))
    signature = ES256.sign(key.key, f"{protected}.{body}".encode())
    inner = {
        "protected": protected,
        "payload": body,
        "signature": encode_b64jose(signature),
    }
    acme.net.post(url, _Signed(inner), new_nonce_url=acme.directory["newNonce"])


def _public(key: JWKEC) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(key.public_key().json_dumps()))


def _encoded(it: Mapping[str, Any]) -> str:
    return encode_b64jose(json.dumps(it).encode())
