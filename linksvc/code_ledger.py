"""The ledger of codes: an entry for each step of a code's life, failed attempts too, never changed afterwards.

Called by whatever uses, holds or gives back codes, in the transaction of the step itself. Of each code the steps add up to
`promo_code.used` and `promo_code.held`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlmodel import Session

from linksvc.bulk import NewRows, append_to_all
from linksvc.models import LedgerEntry
from linksvc.random_digits import draw_digits

Action = Literal["held", "released", "expired", "redeemed", "returned", "voided", "refused"]


class Step(NamedTuple):
    """One step. `amount_minor` is what a return or a void took from the revenue; `used_step` and `held_step` what the step
    added to the code's counts."""

    workspace_id: int
    code: str
    action: Action
    shop_id: int | None
    key_id: int
    occurred_at: datetime
    reason: str = ""
    redemption_id: str = ""
    hold_id: str = ""
    order_ref: str = ""
    order_minor: int = 0
    discount_minor: int = 0
    amount_minor: int = 0
    currency: str = ""
    used_step: int = 0
    held_step: int = 0


_COLUMNS = ("id", "recorded_at", *Step._fields)


def append(session: Session, steps: Sequence[Step], recorded_at: datetime) -> list[str]:
    """Appends the steps; returns the ids of their entries."""
    entries = entries_of(steps, recorded_at)
    append_to_all(session, [entries])
    return [str(row[0]) for row in entries[2]]


def entries_of(steps: Sequence[Step], recorded_at: datetime) -> NewRows:
    """The entries of steps, for who appends them together with other rows."""
    return LedgerEntry, _COLUMNS, [(f"ent_{draw_digits()}", recorded_at, *step) for step in steps]
