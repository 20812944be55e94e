"""CAA record sets, judged and changed by what they let authorities do (RFC 8659, RFC 8657).

Others share such a set: who is to be told of misuse, what holds for wildcards and for mail, and the
issuer of a website beside us are not ours to take away.
"""

from __future__ import annotations

from dataclasses import replace

from greygate.plan.changes import Change
from greygate.plan.published import State, Verdict
from greygate.plan.records import Need, RecordSet
from greygate.plan.seal import is_guarded
from greygate.spec.caa import (
    CRITICAL,
    ISSUE,
    ISSUE_WILD,
    Issuer,
    Order,
    Relevant,
    Untold,
    issuer,
    property_of,
    refusal,
)
from greygate.text import _, listing

# Let's Encrypt (Boulder, va/caa.go) takes flag 1 for the critical one too, as many zones do.
HEEDED = CRITICAL | 1

Found = Relevant | Untold | None  # what counts for a name, its own or inherited


def judge_caa(records: RecordSet, server: str, found: Found) -> Verdict:
    """What follows for the name; records that bar our own authority are more than bad advice."""
    match found:
        case Untold(answer=silence):
            return Verdict(records, server, State.UNTOLD, str(silence))
        case Relevant() if is_barred(records, found):
            needed, seen = replace(records, need=Need.MUST), _spelled(records, found)
            return Verdict(needed, server, State.WRONG, seen, warning=_barrier(found))
        case _ if records.need is Need.UNBARRED:
            return Verdict(records, server, State.RIGHT, "")
        case Relevant() if is_guarded(found, _wanted(records)):
            return Verdict(records, server, State.RIGHT, "")
        case Relevant() if found.issuers() is not None:
            state, seen = State.WRONG, _spelled(records, found)
        case _:
            state, seen = State.MISSING, _("nobody is kept from issuing")
    warning = shut_out(records.name, records.values, found)
    return Verdict(records, server, state, seen, warning=warning)


def is_barred(records: RecordSet, found: Relevant) -> bool:
    """Whether our own authority may not issue for the name."""
    ours = issuer(property_of(_wanted(records)).value)
    order = Order(name=records.name, authorities=(ours.domain,), account=ours.account)
    issuers = found.issuers()
    if _barriers(found) or issuers is None:
        return bool(_barriers(found))
    if ours.account is None:  # not known yet: whether it is ours nobody can say
        issuers = tuple(replace(it, account=None) for it in issuers)
    return all(refusal(it, order) for it in issuers)


def change_caa(
    records: RecordSet, own: tuple[str, ...], found: Relevant | None, *, replace_others: bool
) -> Change | None:
    """What must become of the set; None where it is right, or others' that do not bar us.

    `own`: the records of that very name; `found` may be of a name above, which it will shadow.
    """
    if judge_caa(records, "", found).state is State.RIGHT:
        return None
    barred = found is not None and is_barred(records, found)
    before = own or _inherited(found)
    if replace_others or records.need is Need.MUST:
        kept = tuple(it for it in before if not _may_issue_besides(it, records))
    elif barred or found is None or found.issuers() is None:
        kept = tuple(it for it in before if not _bars_everybody(it))
    else:
        return None
    values = (*kept, *(it for it in records.values if it not in kept))
    changed = replace(records, values=values, need=Need.MUST if barred else records.need)
    return Change(changed, own, warning=shut_out(records.name, values, found))


def shut_out(name: str, values: tuple[str, ...], found: Relevant | None) -> str:
    """Whom these values would keep from issuing for the name and all below it, who now may."""
    after = Relevant(name, tuple(map(property_of, values))).issuers() or ()
    before = None if found is None else found.issuers()
    if before is None:
        told = _("only {who} may issue then for {name} and every name below it, websites included")
        return told.format(who=listing(map(_who, after)), name=name)
    gone = [_who(it) for it in before if it not in after and it.domain]
    if not gone:
        return ""
    told = _("{who} may not issue any more for {name} and the names below it")
    return told.format(who=listing(dict.fromkeys(gone)), name=name)


def _may_issue_besides(text: str, records: RecordSet) -> bool:
    """Whether the record lets somebody issue who is not ours, or lets nobody as nobody knows it."""
    record = property_of(text)
    if record.tag == ISSUE:
        return True
    wild = record.tag == ISSUE_WILD and not is_guarded(
        Relevant("", (record, property_of(_wanted(records)))), _wanted(records)
    )
    return wild or _bars_everybody(text)


def _bars_everybody(text: str) -> bool:
    """Whether no authority issues as long as the record is there, whoever else may."""
    return bool(_barriers(Relevant("", (property_of(text),))))


def _barriers(found: Relevant) -> tuple[str, ...]:
    """The tags that keep every authority from issuing; one is enough that some give way to."""
    return tuple(it.tag for it in found.properties if it.flags & HEEDED and it.is_unknown)


def _barrier(found: Relevant) -> str:
    """What to take away first, where another issuer beside it would not help."""
    if not (barriers := _barriers(found)):
        return ""
    told = _("no authority may issue while {tags} is there, critical and unknown: take it away")
    return told.format(tags=listing(barriers))


def _inherited(found: Relevant | None) -> tuple[str, ...]:
    """What the name goes on obeying when records of its own take the place of those above."""
    if found is None:
        return ()
    return tuple(f'{it.flags} {it.tag} "{_escaped(it.value)}"' for it in found.properties)


def _escaped(value: str) -> str:
    """As zone files write it (RFC 1035, 5.1)."""
    return "".join(
        f"\\{it}" if it in '"\\' else it if " " <= it <= "~" else f"\\{ord(it):03}" for it in value
    )


def _who(it: Issuer) -> str:
    if it.account is None:
        return it.domain
    return _("{domain} for the account {account}").format(domain=it.domain, account=it.account)


def _wanted(records: RecordSet) -> str:
    (wanted,) = records.values
    return wanted


def _spelled(records: RecordSet, found: Relevant) -> str:
    seen = listing(f'{it.flags} {it.tag} "{it.value}"' for it in found.properties)
    if found.where == records.name:
        return seen
    return _("{records} (of {name})").format(records=seen, name=found.where)
