"""What an SMSC's answer or receipt means on a route: whether a part is tried again, when, and why not.

For `sender.exchange`, which acts on it, and `sender.outcomes`, which stores the cause.
"""

from dataclasses import dataclass, field

from linksvc.delivery_causes import (
    CAUSES,
    GIVEN_UP,
    QUEUE_FULL,
    ROUTE_ERROR,
    TEMPORARY_STATUSES,
    THROTTLED,
    cause_of_state,
    cause_of_status,
)
from linksvc.route_accounts import NewRoute
from linksvc.route_errors import RECEIPT, SUBMIT, ErrorMeaning, Meanings, normal_code
from sender.messages import ACCEPTED, REFUSED, RETRY
from sender.pdus import Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `outcome`: accepted, refused, or retry: to be handed over again, after `wait_s` seconds, or 0
    for the usual pause. `cause`: a name of `linksvc.delivery_causes`, empty when accepted. `slows`: the bind was too fast,
    or the SMSC has too much to do. `ends_session`: the SMSC does not take the session for bound; it must bind again."""

    outcome: str
    cause: str = ""
    wait_s: float = 0.0
    slows: bool = False
    ends_session: bool = False


_ACCEPTED = Verdict(ACCEPTED)
_OF_TOO_MUCH = frozenset((THROTTLED, QUEUE_FULL, ROUTE_ERROR))


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges by the route's limits and by what was told of its codes, `overrides`."""

    max_tries: int = 10
    max_age_s: float = 86_400
    overrides: Meanings = field(default_factory=dict)

    @classmethod
    def of(cls, route: NewRoute, overrides: Meanings | None = None) -> "Judge":
        return cls(route.max_tries, route.max_age_s, overrides or {})

    def of_answer(self, status: int, tries: int, age_s: float) -> Verdict:
        """What a command status means for a part that was handed over `tries` times, the first `age_s` seconds ago."""
        if status == Status.OK:
            return _ACCEPTED
        told, cause = self._meaning(status), self.cause_of(status)
        again = told.temporary if told else status in TEMPORARY_STATUSES
        if not again:
            return Verdict(REFUSED, cause)
        slows, ends = cause in _OF_TOO_MUCH, status == Status.INVALID_BIND_STATUS
        most = (told.max_tries if told else 0) or self.max_tries
        wait_s = float(told.wait_s if told else 0)
        # What a session that is not bound refused was never tried: only its age counts.
        if (tries >= most and not ends) or age_s + wait_s >= self.max_age_s:
            return Verdict(REFUSED, GIVEN_UP, slows=slows, ends_session=ends)
        return Verdict(RETRY, cause, wait_s, slows, ends)

    def cause_of(self, status: int) -> str:
        """Why a part was refused by this status; empty if it was not."""
        told = self._meaning(status)
        return told.cause if told else cause_of_status(status)

    def of_receipt(self, err: str, state: str, network_error: tuple[int, int] | None = None) -> str:
        """The cause that a receipt tells; empty when its state is no failure. `network_error`: its type and code."""
        usual = cause_of_state(state, network_error)
        told = self.overrides.get((RECEIPT, normal_code(RECEIPT, err)))
        return told.cause if usual and told else usual

    def _meaning(self, status: int) -> ErrorMeaning | None:
        return self.overrides.get((SUBMIT, f"0x{status:02x}")) if self.overrides else None


def is_of_route(cause: str) -> bool:
    """Whether a refusal tells that the route does badly, and not that a recipient or a text is wrong."""
    return cause in CAUSES and CAUSES[cause].of_route
