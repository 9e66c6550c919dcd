"""All that is told of routes, read anew every second: what changes without a new bind. For `sender.worker`, which reads it,
and for whatever works for a route meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from linksvc import route_coverage, route_errors, route_health, route_prices, routes
from linksvc.route_errors import Meanings
from linksvc.route_health import BindView
from linksvc.route_prices import Price, PriceTable
from linksvc.routes import RouteView
from sender.judge import Judge
from sender.messages import Outgoing
from sender.routing import Shares

_NOBODY = Shares.of((), {}, ())
_NOTHING: Meanings = {}


@dataclass(frozen=True)
class RouteBook:
    """The routes as they stood at one moment."""

    routes: tuple[RouteView, ...] = ()
    shares: Shares = _NOBODY
    prices: PriceTable = field(default_factory=dict)
    meanings: Mapping[int, Meanings] = field(default_factory=dict)
    binds: tuple[BindView, ...] = ()


@dataclass
class Books:
    """The newest book."""

    newest: RouteBook = RouteBook()


def read_book(session: Session, now: datetime) -> RouteBook:
    """The routes as they stand."""
    present = tuple(routes.list_routes(session))
    binds = tuple(route_health.read_binds(session))
    working = {bind.route_id for bind in binds if bind.works(now)}
    enabled = [route.id for route in present if route.enabled]
    shares = Shares.of(enabled, route_coverage.read_coverage(session), working)
    return RouteBook(present, shares, route_prices.read_prices(session), route_errors.read_meanings(session), binds)


class RouteTerms:
    """What a bind of a route works by: the settings it was bound with, and what the newest book says."""

    def __init__(self, route: RouteView, books: Books) -> None:
        self.route = route
        self._books = books
        self._judge_of: RouteBook | None = None
        self._judge = Judge.of(route)

    @property
    def shares(self) -> Shares:
        return self._books.newest.shares

    @property
    def judge(self) -> Judge:
        newest = self._books.newest
        if newest is not self._judge_of:
            self._judge_of, self._judge = newest, Judge.of(self.route, newest.meanings.get(self.route.id, _NOTHING))
        return self._judge

    def price_of(self, message: Outgoing, part: int, at: datetime) -> Price | None:
        """What a part costs that is accepted then: an SMSC that cuts a long text itself charges for each piece."""
        price = route_prices.price_of(self._books.newest.prices, self.route.id, message.country, message.network, at)
        return Price(price.micros * message.payloads[part - 1].fragments, price.currency) if price else None
