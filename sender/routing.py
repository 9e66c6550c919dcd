"""Which messages go by which route: weights and failover as arithmetic over lanes, the same in every process.

Each batch of messages has a lane, drawn by lot (`linksvc.send_batches`). For each place that coverage names, the routes
that may be used there divide the lanes among them, and a bind claims the batches in its route's lanes (`sender.feed`).
When a route fails, its lanes are divided among the others; nothing is rewritten.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlmodel import col

from linksvc.models import SendBatch
from linksvc.route_coverage import EVERYWHERE, Coverage, weight_for
from linksvc.send_batches import LANES

Place = tuple[str, str]
"""A country and a network in it; an empty one stands for those that have no place of their own."""

_ANY: Place = ("", "")


@dataclass(frozen=True, slots=True)
class LaneRange:
    """Lanes [first, end) of the recipients in a place."""

    country: str
    network: str
    first: int
    end: int


@dataclass(frozen=True)
class Shares:
    """Who carries what. Equal for equal routes, coverage and health, so it need not be agreed upon."""

    routes: tuple[int, ...]
    coverage: Mapping[int, Sequence[Coverage]]
    working: frozenset[int]

    @classmethod
    def of(cls, routes: Iterable[int], coverage: Mapping[int, Sequence[Coverage]], working: Collection[int]) -> "Shares":
        """`routes`: those that are enabled; `working`: those of them that are neither down nor failing."""
        enabled = tuple(sorted(routes))
        return cls(enabled, {id: coverage.get(id) or EVERYWHERE for id in enabled}, frozenset(enabled).intersection(working))

    @cached_property
    def places(self) -> frozenset[Place]:
        told = {(line.country, line.network) for lines in self.coverage.values() for line in lines}
        # Recipients of a country without a network of their own are a place too.
        return frozenset(told | {(country, "") for country, _ in told} | {_ANY})

    def of_route(self, route_id: int) -> tuple[LaneRange, ...]:
        """What the route carries as things stand."""
        return tuple(self._ranges(route_id, self.working))

    def of_failing(self, route_id: int) -> tuple[LaneRange, ...]:
        """What the route carries although it fails, whatever was known of that: what nobody else can."""
        return tuple(self._ranges(route_id, self.working - {route_id}))

    def of_probe(self, route_id: int) -> tuple[LaneRange, ...]:
        """What a failing route may try itself on, to show that it works again: what it would carry if it did; and if that
        is nothing, all that it covers."""
        if would := tuple(self._ranges(route_id, self.working | {route_id})):
            return would
        return tuple(LaneRange(*place, 0, LANES) for place in self._covered(route_id))

    def has_others(self, route_id: int, country: str, network: str) -> bool:
        """Whether another route that works may carry messages for there."""
        return any(id != route_id and weight_for(self.coverage[id], country, network) is not None for id in self.working)

    def covers(self, country: str, network: str) -> bool:
        """Whether any route may carry messages for there."""
        return any(weight_for(lines, country, network) is not None for lines in self.coverage.values())

    def condition(self, ranges: Sequence[LaneRange]) -> ColumnElement[bool]:
        """What makes a row of `send_batch` lie in one of the ranges."""
        if not ranges:
            return false()
        return or_(*(self._lies_in(one) for one in ranges))

    def _ranges(self, route_id: int, working: frozenset[int]) -> Iterator[LaneRange]:
        for place in self._covered(route_id):
            weights = self._weights(place, working)
            total = sum(weights.values())
            before = sum(weight for id, weight in weights.items() if id < route_id)
            first, end = (LANES * at // total for at in (before, before + weights.get(route_id, 0)))
            if first < end:
                yield LaneRange(*place, first, end)

    def _covered(self, route_id: int) -> list[Place]:
        lines = self.coverage.get(route_id, ())
        return [place for place in sorted(self.places) if weight_for(lines, *place) is not None]

    def _weights(self, place: Place, working: frozenset[int]) -> dict[int, int]:
        """The weights of the routes that share a place: of those that work; of the spare ones, if all others fail; and if
        none works at all, of those that were meant to, for somebody has to try."""
        told = {id: weight for id in self.routes if (weight := weight_for(self.coverage[id], *place)) is not None}
        usual = {id: weight for id, weight in told.items() if weight}
        spare = {id: 1 for id, weight in told.items() if not weight}
        candidates = ({id: weight for id, weight in among.items() if id in working} for among in (usual, spare))
        return next((some for some in candidates if some), usual or spare)

    def _lies_in(self, one: LaneRange) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = []
        countries = sorted({country for country, _ in self.places if country})
        networks = sorted(network for country, network in self.places if country == one.country and network)
        if one.country:
            conditions.append(col(SendBatch.country) == one.country)
        elif countries:
            conditions.append(col(SendBatch.country).not_in(countries))
        if one.network:
            conditions.append(col(SendBatch.network) == one.network)
        elif networks:
            conditions.append(col(SendBatch.network).not_in(networks))
        if one.first > 0:
            conditions.append(col(SendBatch.lane) >= one.first)
        if one.end < LANES:
            conditions.append(col(SendBatch.lane) < one.end)
        return and_(*conditions) if conditions else true()
