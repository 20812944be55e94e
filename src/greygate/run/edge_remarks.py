"""What is worth saying of an edge beyond whether the federation comes in: each with its cure."""

from __future__ import annotations

from collections.abc import Iterator

from greygate import __version__
from greygate.plan.edge_state import EdgeState
from greygate.plan.orders import Reason, Refused, cause_of, cure_of
from greygate.plan.plan import INTERFACE
from greygate.probe.answers import NoAnswer
from greygate.run import barrier_words
from greygate.run.seen import EdgeTold, Remark
from greygate.run.unit_text import TARGET
from greygate.text import _, duration, listing, size

CLOCK = 30.0  # seconds: more than a slow line, less than what harms
ROOM = 200_000_000  # octets; logs of a week, an update of the system


def remarks(edge: str, told: EdgeTold | None) -> tuple[Remark, ...]:
    """What of the edge's own account is not as it should be, the worst first.

    That it follows an older plan is not among it: what comes of that is told with the federation.
    """
    match told:
        case None:
            return ()
        case EdgeTold(made_up=int(serial)):
            return (of_made_up(edge, serial),)
        case EdgeTold(state=NoAnswer(why)):
            text = _("its agent does not answer: {why}").format(why=why)
            cure = _(
                "on {edge}: systemctl restart greygate-agent.socket; "
                "if that does not help: greygate edge deploy {edge} root@HOST"
            ).format(edge=edge)
            return (Remark(text, cure),)
        case EdgeTold(state=Refused() as refused):
            return () if refused.reason is Reason.OLDER else (_refusal(edge, refused),)
        case EdgeTold(state=EdgeState() as state):
            return tuple(_of_state(edge, told, state))
    raise AssertionError(told)


def down(told: EdgeTold | None) -> tuple[str, ...]:
    """The services of the edge that do not run, by its own account."""
    if told is None or not isinstance(told.state, EdgeState):
        return ()
    return tuple(it.name for it in told.state.services if it.since is None)


def restart(edge: str, names: tuple[str, ...]) -> str:
    """What is to be typed there."""
    units = " ".join(f"greygate-{name}" for name in names)
    return _("on {edge}: systemctl restart {units}; what they say: journalctl -u {first}").format(
        edge=edge, units=units, first=units.split()[0]
    )


def of_made_up(edge: str, serial: int) -> Remark:
    """What is said of an edge that claims to follow what nobody gave it."""
    text = _("it claims to follow plan {serial}, which no copy of this home has made")
    cure = _("somebody else may have it: greygate edge rotate {edge}").format(edge=edge)
    return Remark(text.format(serial=serial), cure)


def _refusal(edge: str, refused: Refused) -> Remark:
    text = _("it does not obey: {cause}").format(cause=cause_of(refused))
    return Remark(text, cure_of(edge, refused))


def _of_state(edge: str, told: EdgeTold, state: EdgeState) -> Iterator[Remark]:
    if told.twice:
        yield Remark(
            _("two hosts are {edge}, in turns: its token is on both").format(edge=edge),
            _("on the one that is too many: greygate edge leave; if it is nobody's of yours: ")
            + f"greygate edge rotate {edge}",
        )
    if names := down(told):
        yield Remark(_("not running: {names}").format(names=listing(names)), restart(edge, names))
    closed = [str(it.port) for it in state.ports if not it.listens]
    if closed and not names:
        yield Remark(
            _("it does not listen on {ports}").format(ports=listing(closed)),
            restart(edge, ("haproxy",)),
        )
    yield from _of_filters(edge, state)
    if state.version != __version__:
        yield Remark(
            _("greygate {there} runs there, and {here} here").format(
                there=state.version, here=__version__
            ),
            _(
                "greygate edge deploy {edge} root@HOST; or there, in a clone of this version: "
                "./greygate edge join < FILE, with the same token"
            ).format(edge=edge),
        )
    yield from _of_units(edge, state)
    yield from _of_host(edge, told, state)


def _of_units(edge: str, state: EdgeState) -> Iterator[Remark]:
    on = _("on {edge}: {cure}")
    if state.enabled is False:
        text = _("{name} is not enabled there: nothing starts at the next boot").format(name=TARGET)
        yield Remark(text, on.format(edge=edge, cure=f"systemctl enable {TARGET}"))
    if state.takes_orders is False:
        yield Remark(
            _("it takes no orders: what changes here does not come to it"),
            on.format(edge=edge, cure="systemctl restart greygate-orders.socket"),
        )


def _of_filters(edge: str, state: EdgeState) -> Iterator[Remark]:
    on = _("on {edge}: {cure}")
    if state.barriers is None and state.version == __version__:
        cure = "systemctl restart greygate-firewall-check.timer"
        yield Remark(_("its firewall is not known"), on.format(edge=edge, cure=cure))
    for barrier in state.barriers or ():
        cure = barrier_words.cure(barrier, INTERFACE)
        yield Remark(barrier_words.cause(barrier), on.format(edge=edge, cure=cure))


def _of_host(edge: str, told: EdgeTold, state: EdgeState) -> Iterator[Remark]:
    if abs(told.ahead) > CLOCK:
        text = _("its clock is {time} ahead") if told.ahead > 0 else _("its clock is {time} behind")
        yield Remark(
            text.format(time=duration(abs(told.ahead))),
            _("see which of the two is right; there: timedatectl set-ntp true"),
        )
    if state.free < ROOM:
        yield Remark(
            _("its disk has {free} left").format(free=size(state.free)),
            _("on {edge}: df -h, journalctl --vacuum-size=100M").format(edge=edge),
        )
