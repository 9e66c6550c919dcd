"""What became of the fragments handed over: answers and receipts, stored a batch at a time. For `sender.recorder`."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from linksvc import facts, frequency_caps
from linksvc.bulk import update_rows
from linksvc.facts import NewFact
from linksvc.models import Attempt
from linksvc.route_accounts import RouteReading
from sender import strays
from sender.checks import MARKETING
from sender.matching import ReceivedReceipt, keys_of, match
from sender.message_ids import canonical
from sender.messages import ACCEPTED, REFUSED, UNKNOWN, Answer

_FACTS = {ACCEPTED: "accepted", REFUSED: "refused", UNKNOWN: "outcome_unknown"}
"""A refusal for the moment (retry) is no fact yet."""

_USUAL = RouteReading()


def store(
    session: Session,
    route_id: int,
    answers: Sequence[Answer],
    receipts: Sequence[ReceivedReceipt],
    now: datetime,
    reading: RouteReading = _USUAL,
) -> None:
    """Stores answers and receipts, and records what they mean for their messages. `reading`: how the route writes ids."""
    _finish_attempts(session, answers)
    made = [_fact(answer, route_id) for answer in answers if answer.outcome in _FACTS]
    known = [answer for answer in answers if answer.outcome == ACCEPTED and canonical(answer.smsc_id, reading.answer_id)]
    made += match(session, route_id, known, [one for one in receipts if keys_of(one.receipt)], now, reading)
    strays.store(session, route_id, [one for one in receipts if not keys_of(one.receipt)], now)
    # In one order for everybody: two binds of a route may learn the same.
    facts.record(session, sorted(made, key=lambda fact: (fact.campaign_id, fact.kind, fact.source)), now)
    _uncount_refused(session, answers)


def _uncount_refused(session: Session, answers: Sequence[Answer]) -> None:
    """A message that was refused does not count for frequency caps; its first fragment speaks for all of them."""
    refused: dict[tuple[int, datetime], Counter[str]] = defaultdict(Counter)
    for answer in answers:
        message = answer.submission.message
        if answer.outcome == REFUSED and answer.submission.part == 1 and message.campaign.kind == MARKETING:
            day = frequency_caps.day_of(message.counted_at or answer.at)
            refused[message.campaign.workspace_id, day][message.number] += 1
    for (workspace_id, day), numbers in sorted(refused.items()):
        frequency_caps.give_back(session, workspace_id, numbers, day)


def _finish_attempts(session: Session, answers: Sequence[Answer]) -> None:
    rows = [
        (
            answer.submission.message.campaign.id,
            answer.submission.message.n,
            answer.submission.part,
            answer.submission.attempt,
            answer.outcome,
            answer.status,
            answer.smsc_id,
            answer.at,
        )
        for answer in answers
    ]
    update_rows(session, Attempt, _NAMES, ("outcome", "command_status", "smsc_id", "answered_at"), rows)


_NAMES = ("campaign_id", "n", "part", "attempt")


def _fact(answer: Answer, route_id: int) -> NewFact:
    one = answer.submission
    return NewFact(
        campaign_id=one.message.campaign.id,
        kind=_FACTS[answer.outcome],
        source=one.source,
        n=one.message.n,
        occurred_at=answer.at,
        value=f"0x{answer.status:02x}" if answer.outcome == REFUSED else "",
        parts=len(one.message.payloads),
        route_id=route_id,
        cause=answer.cause,
        price_micros=answer.price_micros,
        currency=answer.currency,
    )
