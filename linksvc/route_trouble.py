"""Why messages wait: routes that cannot be used, in words. Told with a campaign, because a campaign is what is late."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from linksvc.funnel import Funnel
from linksvc.models import SendBatch
from linksvc.route_coverage import EVERYWHERE, read_coverage, weight_for
from linksvc.routes import FAILING, REFUSED, UNREACHABLE, RouteView, list_routes

MISSING, UNCOVERED = "missing", "uncovered"


@dataclass(frozen=True, slots=True)
class RouteTrouble:
    """A route that takes nothing. `state`: refused, failing, unreachable; without a route: missing when there is none at
    all, uncovered when none may be used for some of the recipients."""

    route: str
    state: str
    message: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Messages to a country and a network (empty: unknown) that no route may carry."""

    country: str
    network: str
    messages: int

    @property
    def place(self) -> str:
        return " ".join(filter(None, (self.country, self.network)))


_NO_ROUTE = RouteTrouble("", MISSING, "There is no route to send by. The operator adds one: ricochet route add.", None)


def is_waiting(funnel: Funnel) -> bool:
    """Whether messages of a released campaign wait for a route."""
    return funnel.status in ("producing", "sending") and funnel["queued"] > 0


def find_trouble(session: Session, campaign_id: int) -> tuple[RouteTrouble, ...]:
    """The enabled routes in trouble, and what no route may carry; messages stay queued and go out as soon as one can."""
    enabled = [route for route in list_routes(session) if route.enabled]
    if not enabled:
        return (_NO_ROUTE,)
    troubled = [
        RouteTrouble(route.name, route.state, route.error or f"The route is {route.state}.", route.state_at)
        for route in enabled
        if route.state in (REFUSED, FAILING, UNREACHABLE)
    ]
    return (*troubled, *(_untold(one) for one in find_uncovered(session, campaign_id, enabled)))


def find_uncovered(session: Session, campaign_id: int, enabled: list[RouteView]) -> list[Uncovered]:
    """What of a campaign's queue no enabled route may carry; nothing while there is no route at all."""
    told = read_coverage(session)
    coverage = [told.get(route.id) or EVERYWHERE for route in enabled]
    if not enabled or EVERYWHERE in coverage:
        return []
    places = (col(SendBatch.country), col(SendBatch.network))
    statement = select(*places, func.sum(SendBatch.size)).where(SendBatch.campaign_id == campaign_id)
    return [
        Uncovered(country, network, int(messages))
        for country, network, messages in session.exec(statement.group_by(*places).order_by(*places))
        if all(weight_for(lines, country, network) is None for lines in coverage)
    ]


def _untold(one: Uncovered) -> RouteTrouble:
    place = one.place or "an unknown country"
    message = f"No route covers {place}: {one.messages:,} messages wait. The operator tells one to: ricochet route cover."
    return RouteTrouble("", UNCOVERED, message, None)
