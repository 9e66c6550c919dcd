"""How routes fare: what the holder of each bind tells, and what it means for the route. Told by `sender.route_sender`; read
by the sender, which fails over by it, and by whoever asks why messages wait."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from linksvc.database import insert_into
from linksvc.models import Bind, Route
from linksvc.routes import BOUND, FAILING, IDLE, REFUSED, UNREACHABLE

FRESH_FOR = timedelta(seconds=12)
"""A bind whose holder has said nothing for longer is not served."""

STARTING_FOR = timedelta(seconds=5)
"""A bind that is idle for no longer is just being made, or made anew after a change: nothing is wrong with it."""

_WORST_LAST = (BOUND, FAILING, REFUSED, UNREACHABLE, IDLE)


@dataclass(frozen=True, slots=True)
class Vitals:
    """A bind's figures: the pace that throttling left it, in parts in 1,000 s; then what became of what it was handed in
    the last five minutes, and how long answers took."""

    present_rate_milli: int = 0
    accepted: int = 0
    refused: int = 0
    retried: int = 0
    unanswered: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class BindView:
    """A session of a route as its holder tells it."""

    route_id: int
    number: int
    state: str
    error: str
    state_at: datetime | None
    vitals: Vitals
    updated_at: datetime | None

    def is_told_of(self, now: datetime) -> bool:
        """Whether its holder is alive, for all we know."""
        return self.updated_at is not None and now - self.updated_at <= FRESH_FOR

    def works(self, now: datetime) -> bool:
        """Whether messages may be left to it."""
        if not self.is_told_of(now):
            return False
        if self.state == IDLE:
            return self.state_at is not None and now - self.state_at <= STARTING_FOR
        return self.state == BOUND


def tell_state(session: Session, route_id: int, number: int, state: str, error: str, now: datetime) -> None:
    """Notes the state of a bind, and what it means for its route; `error` is read by people."""
    _store(session, route_id, number, {"state": state, "error": error, "state_at": now, "updated_at": now})
    sum_up(session, route_id, now)


def tell_vitals(session: Session, route_id: int, number: int, vitals: Vitals, now: datetime) -> None:
    """Notes the figures of a bind; it also says that its holder is alive."""
    _store(session, route_id, number, {**asdict(vitals), "updated_at": now})
    sum_up(session, route_id, now)


def retry(session: Session, route_id: int, now: datetime) -> int:
    """Lets binds that were refused for good be tried again. Returns how many."""
    refused = select(Bind.number).where(Bind.route_id == route_id, Bind.state == REFUSED)
    numbers = list(session.exec(refused))
    for number in numbers:
        tell_state(session, route_id, number, IDLE, "", now)
    return len(numbers)


def forget_bind(session: Session, route_id: int, number: int, now: datetime) -> None:
    """Forgets a bind that nobody serves any more, and says what is left of its route."""
    session.exec(delete(Bind).where(col(Bind.route_id) == route_id, col(Bind.number) == number))
    sum_up(session, route_id, now)


def state_of(session: Session, route_id: int, number: int) -> str:
    """The state of a bind as it was told last; empty: nothing was."""
    return session.exec(select(Bind.state).where(Bind.route_id == route_id, Bind.number == number)).first() or ""


def read_binds(session: Session) -> list[BindView]:
    """Every bind of which something was told, by route and number."""
    return [_view(row) for row in session.exec(select(Bind).order_by(col(Bind.route_id), col(Bind.number)))]


def sum_up(session: Session, route_id: int, now: datetime) -> None:
    """Writes what the states of its binds mean for a route, once it changes: it is as good as the best of them."""
    rows = session.exec(select(Bind).where(Bind.route_id == route_id).order_by(col(Bind.number)))
    binds = map(_view, rows)
    state, error = _best((bind.state, bind.error) if bind.is_told_of(now) else (IDLE, "") for bind in binds)
    route = col(Route.id) == route_id
    changed = (col(Route.state) != state) | (col(Route.error) != error)
    session.exec(update(Route).where(route, changed).values(state=state, error=error, state_at=now))


def _best(binds: Iterable[tuple[str, str]]) -> tuple[str, str]:
    return min(binds, key=lambda bind: _WORST_LAST.index(bind[0]), default=(IDLE, ""))


def _store(session: Session, route_id: int, number: int, values: dict[str, object]) -> None:
    usual = asdict(Vitals()) | {"state": IDLE, "error": ""}
    statement = insert_into(session, Bind).values(route_id=route_id, number=number, **(usual | values))
    statement = statement.on_conflict_do_update(index_elements=["route_id", "number"], set_=values)
    session.connection().execute(statement)


def _view(row: Bind) -> BindView:
    vitals = Vitals(row.present_rate_milli, row.accepted, row.refused, row.retried, row.unanswered, row.latency_ms)
    return BindView(row.route_id, row.number, row.state, row.error, row.state_at, vitals, row.updated_at)
