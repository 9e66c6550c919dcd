"""Visits, redemptions and payments go where their message goes: what was counted of them stands under the message's route,
its hour, its device and its window. Called by `linksvc.movements` when one of these changed after something was counted,
which is rare: they come with the submission and the first click.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.first_redemptions import INDEXED
from linksvc.hit_verdicts import COUNTED, Change, source_of
from linksvc.message_hits import of_messages
from linksvc.models import Fact, Hit
from linksvc.stamps import Stamps
from linksvc.tallies import Tally, place_of


def take_along(
    session: Session,
    campaign_id: int,
    stamped: Sequence[tuple[Stamps, Stamps]],
    changes: Sequence[Change],
    tally: Tally,
) -> None:
    """Counts what was counted before this movement under the stamps as they will be. `changes`: verdicts that the hits' rows
    bear already, and the counters do not."""
    moved = {before.n: (before, after) for before, after in stamped if before.has_occurrences and _is_moved(before, after)}
    if not moved:
        return
    counted_as = {change.hit.source: (change.hit.verdict, change.hit.reason) for change in changes}
    columns = (Hit.n, Hit.segment, Hit.position, Hit.verdict, Hit.reason, Hit.occurred_at)
    for n, segment, position, verdict, reason, occurred_at in session.exec(
        select(*columns).where(  # type: ignore[call-overload]
            of_messages(session, campaign_id, moved.keys()), COUNTED
        )
    ):
        before, after = moved[n]
        verdict, reason = counted_as.get(source_of(segment, position), (verdict, reason))
        tally.add_hit(verdict, reason, occurred_at, before, -1)
        tally.add_hit(verdict, reason, occurred_at, after)
    for n, kind, occurred_at, amount, currency in session.exec(
        select(Fact.n, Fact.kind, Fact.occurred_at, Fact.amount_minor, Fact.currency).where(  # type: ignore[call-overload]
            Fact.campaign_id == campaign_id,
            among(session, col(Fact.n), moved.keys()),
            INDEXED,
            col(Fact.applied_at).is_not(None),
        )
    ):
        before, after = moved[n]
        tally.add_money(kind, occurred_at, amount, currency, before, -1)
        tally.add_money(kind, occurred_at, amount, currency, after)


def _is_moved(before: Stamps, after: Stamps) -> bool:
    return before.window_ends_at != after.window_ends_at or place_of(before) != place_of(after)
