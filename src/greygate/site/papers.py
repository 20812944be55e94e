"""The section [certificates]: who vouches for our names."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.site.file_path import PATH_HINT, path_problem
from greygate.site.model import Certificates, Source
from greygate.site.near_name import host_hint
from greygate.site.proving import meaningless, ordered
from greygate.site.reading import Reading
from greygate.spec.host_name import host_name_problem
from greygate.spec.web_address import url_problem
from greygate.text import _


def certificates(reading: Reading, *, federation: bool) -> Certificates:
    """Where certificates come from; what does not go together is noted."""
    source = reading.choice("certificates.source", Source, Source.OWN)
    known = not reading.unreadable("certificates.source")
    chain, key = (_path(reading, f"certificates.{name}", source) for name in ("chain", "key"))
    if federation and source is Source.OWN and known:
        reading.wrong(
            "certificates.source",
            _("other servers trust public authorities only, and none is named here"),
            _(
                'write source = "acme" below [certificates]; or source = "files", with the chain '
                "and the key that certbot, acme.sh or lego keep for you (by DNS-01)"
            ),
        )
    return Certificates(
        source=source,
        chain=chain,
        key=key,
        issuer=_issuer(reading),
        account=_account(reading, source),
        **ordered(reading, source),
    )


def _path(reading: Reading, key: str, source: Source) -> PurePosixPath | None:
    text, name = reading.text(key), key.rpartition(".")[2]
    if source is not Source.FILES and not reading.unreadable("certificates.source"):
        meaningless(reading, key, source, wanted=Source.FILES)
        return None
    if text is None:
        if source is Source.FILES and not reading.has(key):
            reading.wrong(
                key,
                _('source = "files" needs the {name}').format(name=name),
                _('write {name} = "/path/of/the/file.pem" below [certificates]').format(name=name),
            )
        return None
    if why := path_problem(text):
        reading.wrong(key, why, PATH_HINT)
        return None
    return PurePosixPath(text)


def _issuer(reading: Reading) -> str | None:
    text = reading.text("certificates.issuer")
    if text is not None and (why := host_name_problem(text)):
        reading.wrong(
            "certificates.issuer",
            _("this is no authority's name in CAA records: {why}").format(why=why),
            host_hint(text, _('write it as the authority documents it, like "letsencrypt.org"')),
        )
    return text


def _account(reading: Reading, source: Source) -> str | None:
    text = reading.text("certificates.account")
    if text is None:
        return None
    ends = _("; ends a parameter in CAA") if ";" in text else None  # RFC 8657, 3
    why = url_problem(text) or ends
    if why is not None:
        reading.wrong(
            "certificates.account",
            _("{text!r} is no ACME account's address: {why}").format(text=text, why=why),
            _("write the https address of the account, as `certbot show_account` tells it"),
        )
    ordered_here = source is Source.ACME or reading.unreadable("certificates.source")
    if not ordered_here and not reading.has("certificates.issuer"):
        reading.wrong(
            "certificates.issuer",
            _("an account is somebody's: the authority's name is missing"),
            _('write issuer = "letsencrypt.org", or whose account it is'),
        )
    return text
