"""Suppressions: numbers that a workspace sends nothing to, why, and their lifting. For whoever learns of one."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, delete

from linksvc.database import insert_into
from linksvc.models import Suppression

STOP = "stop"


def suppress(
    session: Session, workspace_ids: Collection[int], number: str, occurred_at: datetime, now: datetime
) -> set[int]:
    """Records that the number's owner said STOP; returns the workspaces for which that is new.

    It takes the place of any other reason: what only was undeliverable may come back by itself, a STOP may not.
    """
    if not workspace_ids:
        return set()
    statement = insert_into(session, Suppression).values(
        [
            {"workspace_id": id, "number": number, "reason": STOP, "occurred_at": occurred_at, "recorded_at": now}
            for id in sorted(workspace_ids)
        ]
    )
    given = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "number"],
        set_={"reason": given.reason, "occurred_at": given.occurred_at, "recorded_at": given.recorded_at},
        where=col(Suppression.reason) != STOP,
    ).returning(col(Suppression.workspace_id))
    return set(session.connection().execute(statement).scalars())


def lift_stop(session: Session, workspace_ids: Collection[int], number: str) -> set[int]:
    """Takes back what the number's owner said STOP to, and no suppression for another reason; returns the workspaces that
    may send to it again."""
    if not workspace_ids:
        return set()
    statement = (
        delete(Suppression)
        .where(
            col(Suppression.workspace_id).in_(sorted(workspace_ids)),
            col(Suppression.number) == number,
            col(Suppression.reason) == STOP,
        )
        .returning(col(Suppression.workspace_id))
    )
    return set(session.connection().execute(statement).scalars())
