"""Facts: whoever learns something about a message records it here; the campaign's applier stamps and counts it later.

accepted         The SMSC took a part; `parts` says of how many. Source: n.part.attempt. By the sender.
refused          The SMSC refused a part for good; value: the command status, hex. Source: n.part.attempt. By the sender.
outcome_unknown  A part was handed over and its answer is lost. Source: n.part.attempt. By the sender.
receipt          A part's final receipt; value: DELIVERED, UNKNOWN, EXPIRED, DELETED, UNDELIVERABLE or REJECTED, detail: the
                 error. Source: n.part.attempt. By the sender.
unsent           A queued message that will not leave; value: stopped, left_out, cancelled or expired_unsent.
                 Source: n. By the sender.
held             A message waits; value: quiet_hours, holiday, frequency_cap or scheduled, detail: until when (ISO 8601).
                 Source: n:until. By the sender.
released         What it waited for is over; detail: the end of that hold. Source: n:until. By the worker.
hit              A request for a link and the first verdict on it; value: human, suspect or machine, detail: the reason,
                 rules: their version. Source: segment:position. By the tracker's ingest.
verdict          The hit was judged again, with another result; value, detail and rules as above, and it holds instead.
                 Source: segment:position:the count of such verdicts, from 1. By `linksvc.applier.change_verdicts`, for
                 `tracker.judging`: applied as it is recorded.
interaction      Somebody did on the hit's page what only a person does: the hit is human for good, whatever is or was
                 judged. One is enough, so the first one names the fact. Source: segment:position; detail: the event's id.
                 By `tracker.evidence`, for whoever takes page events; it may come before its hit. Its message is engaged.
participated     Somebody drew a prize or answered a form on their page, and it was stored: their message is engaged, with or
                 without the page's script. It names no hit, so it proves none a person's. Source: draw:n:block or
                 form:n:block; detail: the page and its version. By `linksvc.landing.participated`.
redeemed         A code was used; amount: what was paid after the discount. Source: the redemption's id. By
                 `linksvc.redemptions`.
returned         A part of that was paid back; amount: the part. Source: the id of the ledger's entry. By `linksvc.returns`.
voided           A redemption was undone; amount: what of its payment was not returned before. Source: the redemption's id,
                 and it may be learnt before the redemption is. By `linksvc.returns`.
paid             What a message asked for was paid; amount: what. Source: the payment's id. By `linksvc.payments`, once
                 the provider's signed callback said so.
reply            The recipient answered; value: stop, start, help or text. Source: the inbound's id. By the sender.
opted_out        The recipient said STOP to this message, or pressed it on its page. Source: the inbound's id, by the sender;
                 page:n, with its moment where it was new, detail: the page and its version, by `linksvc.landing.opting_out`.

(campaign, kind, source) names a fact: recording it again changes nothing, so every writer may retry.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, literal, null, select
from sqlmodel import Session

from linksvc.bulk import are_all_new, insert_rows
from linksvc.database import insert_into, is_sqlite
from linksvc.models import Fact


class NewFact(NamedTuple):
    """A fact before it is stored. `occurred_at` is when it happened, UTC; n None names nobody. `cause` is why a part was
    refused or did not arrive; `price_micros` what a part cost, in millionths of the currency's unit."""

    campaign_id: int
    kind: str
    source: str
    n: int | None
    occurred_at: datetime
    value: str = ""
    detail: str = ""
    parts: int = 0
    route_id: int = 0
    amount_minor: int = 0
    currency: str = ""
    rules: int = 0
    cause: str = ""
    price_micros: int = 0


AnyFact = Fact | NewFact
"""A fact, as the ORM tells it or without its cost."""

_COLUMNS = (*NewFact._fields, "recorded_at", "applied_at")


def record(session: Session, facts: Sequence[NewFact], recorded_at: datetime, applied_at: datetime | None = None) -> None:
    """Appends the facts that are not known yet, in the caller's transaction. Whoever moves stamps and counters in the same
    transaction says when they were applied."""
    insert_rows(session, Fact, _COLUMNS, [(*fact, recorded_at, applied_at) for fact in facts])


def record_selected(
    session: Session, told: Mapping[str, Any], rows: Sequence[ColumnElement[bool]], of: Sequence[Mapping[str, Any]]
) -> None:
    """As `record`, for very many facts of what has rows of its own in the database: they are made there. `told` says of the
    columns of a fact what each holds, by columns of such a row; the others are as in a `NewFact` that does not tell them.
    `rows` chooses, with parameters that `of` gives: once for each of it."""
    if not of:
        return
    alike = {name: literal(value) for name, value in NewFact._field_defaults.items()}
    held = alike | {"applied_at": null()} | dict(told)
    statement = insert_into(session, Fact).from_select(list(held), select(*held.values()).where(*rows))
    given = list(of)
    if is_sqlite(session) or not are_all_new(session, lambda connection: connection.execute(statement, given)):
        session.connection().execute(statement.on_conflict_do_nothing(), given)
