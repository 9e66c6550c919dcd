"""Where a route may be used, and how much of it: its weights by country and network. For `ricochet route cover`, and for
`sender.routing`, which shares messages out by them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, delete, select

from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.models import RouteCoverage
from linksvc.phone_numbers import COUNTRIES

USUAL_WEIGHT = 100
_MOST_WEIGHT = 10_000
_LONGEST_NETWORK = 40


@dataclass(frozen=True, slots=True)
class Coverage:
    """A route's weight for a country and a network in it; empty: any. The most exact one holds. Of two routes with 70 and 30
    the first gets 70 % of the messages; one with 0 is used only while all others fail."""

    country: str = ""
    network: str = ""
    weight: int = USUAL_WEIGHT


EVERYWHERE = (Coverage(),)
"""What a route covers of which nothing was told."""


def cover(session: Session, route_id: int, coverage: Coverage) -> None:
    """Lets a route be used for these recipients, by that weight. Raises InvalidRequest (coverage_invalid)."""
    check_place(coverage.country, coverage.network, "coverage_invalid")
    if not 0 <= coverage.weight <= _MOST_WEIGHT:
        message = f"A number from 0 to {_MOST_WEIGHT}; with 0 the route is used only while all others fail."
        raise InvalidRequest(f"weight: {message}", code="coverage_invalid", errors=(FieldError("weight", message),))
    key = (route_id, coverage.country, coverage.network)
    row = session.get(RouteCoverage, key) or RouteCoverage(
        route_id=route_id, country=coverage.country, network=coverage.network
    )
    row.weight = coverage.weight
    session.add(row)


def uncover(session: Session, route_id: int, country: str, network: str) -> None:
    """Takes a line of a route's coverage back; without any it is used everywhere. Raises NotFound (coverage_not_found)."""
    row = session.get(RouteCoverage, (route_id, country, network))
    if row is None:
        raise NotFound("Nothing was told of this country and network.", code="coverage_not_found")
    session.delete(row)
    session.flush()


def uncover_all(session: Session, route_id: int) -> None:
    """Lets a route be used everywhere again."""
    session.exec(delete(RouteCoverage).where(col(RouteCoverage.route_id) == route_id))


def coverage_of(session: Session, route_id: int) -> list[Coverage]:
    """What was told of where a route may be used; nothing: everywhere."""
    return read_coverage(session).get(route_id, [])


def read_coverage(session: Session) -> dict[int, list[Coverage]]:
    """What was told of where routes may be used, by route."""
    told: dict[int, list[Coverage]] = {}
    places = (col(RouteCoverage.country), col(RouteCoverage.network))
    for row in session.exec(select(RouteCoverage).order_by(col(RouteCoverage.route_id), *places)):
        told.setdefault(row.route_id, []).append(Coverage(row.country, row.network, row.weight))
    return told


def weight_for(coverage: Iterable[Coverage], country: str, network: str) -> int | None:
    """The weight for a recipient by the most exact line; None: not covered."""
    weights = {(one.country, one.network): one.weight for one in coverage}
    for place in ((country, network), (country, ""), ("", "")):
        if place in weights:
            return weights[place]
    return None


def check_place(country: str, network: str, code: str) -> None:
    """Raises InvalidRequest with that code unless the country is one, and the network in one."""
    if country and country not in COUNTRIES:
        message = "A country's two capitals (ISO 3166), such as FR; or nothing, for any."
        raise InvalidRequest(f"country: {message}", code=code, errors=(FieldError("country", message),))
    if network and (not country or len(network) > _LONGEST_NETWORK or any(map(str.isspace, network))):
        message = "A network's name as contacts have it, of up to 40 characters without spaces, together with its country."
        raise InvalidRequest(f"network: {message}", code=code, errors=(FieldError("network", message),))
