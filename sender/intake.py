"""What a bind may claim: its route's lanes, and while it fails, a little now and then to show whether it still does.

Asked by `sender.feed` before it looks and claims.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from sender.health import Health
from sender.messages import Outgoing
from sender.route_book import RouteTerms


@dataclass(frozen=True, slots=True)
class Scope:
    """`within` is a condition on `send_batch`. `most`: about how many messages may be claimed; 1: a single batch."""

    within: ColumnElement[bool]
    most: int
    is_probe: bool = False


class Intake:
    """`clock` is the event loop's time."""

    def __init__(self, terms: RouteTerms, health: Health, clock: Callable[[], float], probe_s: float) -> None:
        self._probe_s = probe_s
        self._terms = terms
        self._health = health
        self._clock = clock
        self._next_probe = 0.0

    @property
    def is_relieved(self) -> bool:
        """Whether the bind fails while another route works: then what it holds is better given back."""
        return self._health.failing and bool(self._terms.shares.working - {self._terms.route.id})

    def is_relieved_of(self, message: Outgoing) -> bool:
        """The same of a message that waits here to be tried again."""
        others = self._terms.shares.has_others(self._terms.route.id, message.country, message.network)
        return self._health.failing and others

    def scope(self, most: int) -> Scope:
        """What may be claimed now, `most` messages at a time if all is well."""
        shares, route_id = self._terms.shares, self._terms.route.id
        if not self._health.failing:
            return Scope(shares.condition(shares.of_route(route_id)), most)
        needed = shares.condition(shares.of_failing(route_id))
        if self._clock() < self._next_probe:
            return Scope(needed, most)
        return Scope(or_(needed, shares.condition(shares.of_probe(route_id))), 1, is_probe=True)

    def claimed(self, scope: Scope) -> None:
        """Something was claimed by this scope."""
        if scope.is_probe:
            self._next_probe = self._clock() + self._probe_s
