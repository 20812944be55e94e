"""`greygate apply`: bring a changed site file into force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from greygate.apply import files
from greygate.apply.differences import Change, difference
from greygate.cli import edge_hearing, output
from greygate.cli.common import NONE, Common
from greygate.components.catalogue import ALL
from greygate.home import agents, choice, start
from greygate.home.half import Home
from greygate.home.preparation import demand_overlay_stays, prepare
from greygate.identity import authority
from greygate.run import lock
from greygate.run.status import units_behind
from greygate.text import _, listing


def command(
    *,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    dry_run: Annotated[bool, Parameter(help="Show the difference, change nothing.")] = False,
    overwrite: Annotated[
        bool, Parameter(help="Replace rendered files that were edited by hand.")
    ] = False,
    common: Common = NONE,
) -> None:
    """Show what a changed site file changes, and bring it into force where the server runs.

    Each program proves its new configuration before it gets it. HAProxy takes a new one
    without dropping a connection, and Yggdrasil other peers; for what else is changed of
    Yggdrasil's, and of Synapse's, they are restarted.
    Edges are told what is new for them, over the overlay; one that cannot be reached is told by
    the next apply.
    """
    home, steps = common.home(), output.Steps()
    if not dry_run:
        home = common.keyed_home()  # what a new edge's key changes is shown, too
    demand_overlay_stays(home)
    heard: tuple[agents.Heard, ...] = ()
    runs = False
    changes = files.planned(home.site, home.plan, ALL)
    late = units_behind(home.plan, home.units)
    anew = _trust_anew(home)
    _show(home, changes, late, anew=anew)
    if not dry_run:
        if (changes or late) and not yes:
            output.confirm(_("bring this into force?"))
        # Not under the lock: that is an `up`'s for as long as it watches.
        with lock.changing(home.plan.paths, steps):
            standing = choice.look()
            prepared = prepare(
                home.source, home.place, steps, standing=standing, overwrite=overwrite
            )
            runs = start.take_up_here(prepared, steps, still_in=output.agreed_within)
            heard = agents.tell(prepared.home, steps) if runs else ()
            edge_hearing.note(heard)
            if runs:
                start.see_up(prepared.home, steps)
    output.emit(
        {
            "changed": [str(change.path) for change in changes],
            "behind": list(units_behind(home.plan, home.units) if runs else late),
            "applied": not dry_run,
            "running": runs,
            "trust_anew": anew,
            "edges": edge_hearing.told(heard),
        },
        as_json=common.json,
        text=_outcome(len(changes), dry_run=dry_run, runs=runs),
    )


def _show(home: Home, changes: tuple[Change, ...], late: tuple[str, ...], *, anew: bool) -> None:
    """All that will change, before anything does."""
    for change in changes:
        output.note(difference(change))
    if anew:
        output.note(
            _("the certificate authority will be a new one: people must trust it again")
            + _(" (greygate cert export)")
        )
    if keyless := _keyless(home):
        output.note(
            _("without what follows from the key of {edges}, which is not made yet").format(
                edges=listing(keyless)
            )
        )
    if late:
        output.note(_("not yet taken up: {names}").format(names=listing(late)))


def _outcome(count: int, *, dry_run: bool, runs: bool) -> str:
    if dry_run:
        return _("{count} files differ").format(count=count)
    return _("in force") if runs else _("written; it takes effect at the next start: greygate up")


def _keyless(home: Home) -> tuple[str, ...]:
    """Edges of the site file that nothing was made for yet."""
    keyed = {it.edge.id for it in home.plan.edges}
    wanted = home.site.edges if home.site.federation else ()
    return tuple(it.id for it in wanted if it.id not in keyed)


def _trust_anew(home: Home) -> bool:
    """Whether the names of the changed site need another authority than the one people trust."""
    if home.plan.vouched or home.substitute is not None:
        return False
    plan = home.plan
    return authority.outgrown(plan.paths, plan.certificate, now=datetime.now(UTC)) is not None
