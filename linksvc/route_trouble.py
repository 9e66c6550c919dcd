"""Why messages wait: routes that cannot be used, in words. Told with a campaign, because a campaign is what is late."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from linksvc.funnel import Funnel
from linksvc.routes import REFUSED, UNREACHABLE, list_routes

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class RouteTrouble:
    """A route that takes nothing. `state`: refused, unreachable, or missing when there is no route at all."""

    route: str
    state: str
    message: str
    since: datetime | None


_NO_ROUTE = RouteTrouble("", MISSING, "There is no route to send by. The operator adds one: ricochet route add.", None)


def is_waiting(funnel: Funnel) -> bool:
    """Whether messages of a released campaign wait for a route."""
    return funnel.status in ("producing", "sending") and funnel["queued"] > 0


def find_trouble(session: Session) -> tuple[RouteTrouble, ...]:
    """The enabled routes in trouble; messages stay queued and go out as soon as one works."""
    enabled = [route for route in list_routes(session) if route.enabled]
    if not enabled:
        return (_NO_ROUTE,)
    return tuple(
        RouteTrouble(route.name, route.state, route.error or f"The route is {route.state}.", route.state_at)
        for route in enabled
        if route.state in (REFUSED, UNREACHABLE)
    )
