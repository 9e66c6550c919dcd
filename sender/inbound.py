"""Replies: stored before they are acknowledged, matched to the last message the person got, obeyed if they say STOP.

For `sender.recorder`, and for the background work, which stores what never became whole (`store_lapsed`). A message from a
number that nobody here wrote to belongs to no workspace.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from linksvc import routes
from linksvc.clock import Clock
from linksvc.database import reading as looking
from linksvc.database import writing
from linksvc.models import Route
from linksvc.number_locks import lock_to_stop
from linksvc.route_accounts import RouteReading
from sender import inbound_turns
from sender.inbound_messages import Received, read
from sender.inbound_parts import Joined, PartKey, add_part, content_of, lapsed_keys, take_lapsed
from sender.words import is_stop

__all__ = ["Received", "read", "store", "store_lapsed"]

LAPSED_AT_ONCE = 100
"""Messages whose parts are given up in one transaction."""


def store(session: Session, route_id: int, received: Sequence[Received], now: datetime) -> None:
    """Stores inbound messages and what follows from them. A redelivered one changes nothing."""
    # Two binds may hear of one number at once: its parts and its words are dealt with one after the other.
    lock_to_stop(session, (one.number for one in received))
    wholes = [(route_id, whole) for one in received for whole in _wholes(session, route_id, one, now)]
    inbound_turns.take(session, wholes, now)


def store_lapsed(engine: Engine, clock: Clock) -> bool:
    """Stores messages whose missing parts are waited for no longer; True while there are more."""
    with looking(engine) as session:
        keys = lapsed_keys(session, clock(), LAPSED_AT_ONCE)
    if not keys:
        return False
    with writing(engine) as session:
        now = clock()
        lock_to_stop(session, (key.number for key in keys))
        taken = [(key, take_lapsed(session, key, _reading(session, key.route_id), now)) for key in keys]
        inbound_turns.take(session, [(key.route_id, _whole(joined)) for key, joined in taken if joined], now)
    return len(keys) == LAPSED_AT_ONCE


def _wholes(session: Session, route_id: int, one: Received, now: datetime) -> Iterator[Received]:
    """What is to be stored as a message now that this came: nothing, if it is a part that waits for others."""
    if one.part is None:
        yield one
        return
    place = one.part.place
    key = PartKey(route_id, one.number, one.to, place.reference, place.parts)
    joined = list(add_part(session, key, one.part, _reading(session, route_id), now))
    if place.part == 1 and not (joined and joined[-1].complete) and is_stop(one.text):
        # A person who says STOP is not kept waiting for the rest of what they say.
        joined.append(Joined(key, one.text, content_of(key, one.part), complete=False, at=one.at))
    yield from (_whole(message) for message in joined)


def _whole(joined: Joined) -> Received:
    key = joined.key
    return Received(
        key.number, key.sender, joined.text, joined.content, joined.at, parts=key.parts, complete=joined.complete
    )


def _reading(session: Session, route_id: int) -> RouteReading:
    route = session.get(Route, route_id)
    return routes.view(route).reading if route else RouteReading()
