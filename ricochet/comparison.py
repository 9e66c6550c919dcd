"""Holding the funnel against what truly happened: the demonstration's verdict on the whole path.

The simulator's ledger and the product's funnel know nothing of each other; they meet only here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from linksvc.database import reading
from linksvc.funnel import Funnel
from linksvc.models import Hit, Inbound, Message, Reply
from linksvc.stages import STAGES
from sender.simulator.ledger import HitKey, Ledger
from sender.simulator.population import Person

_PURPOSE_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")


@dataclass(frozen=True)
class Comparison:
    """`truth` and `funnel` hold the same names. Messages that only a machine in disguise opened stand in `confusion`.

    `outcome_unknown`: messages whose answer was lost with a sender; the truth knows what became of them, we never will.
    """

    truth: Mapping[str, int]
    funnel: Mapping[str, int]
    confusion: Mapping[str, Any]
    outcome_unknown: int = 0
    answers: int = 0
    """How many automatic answers stand in the figures from `submitted` on: they are messages, but none of the campaign's."""

    @property
    def equal(self) -> bool:
        return self.truth == self.funnel


def compare(engine: Engine, funnel: Funnel, ledger: Ledger, people: tuple[Person, ...]) -> Comparison:
    """Compares one campaign's funnel, and the answers to the STOPs it got, with the ledger of a simulator that met nothing
    else."""
    disguise = ledger.disguised(people)
    with reading(engine) as session:
        deceived = _clicked_among(session, funnel.campaign_id, disguise.numbers)
        answers = _answers(session, funnel.campaign_id)
        table = ledger.confusion(_judged_hits(session, funnel.campaign_id))
    figures = {
        "produced": funnel["produced"],
        "submitted": funnel["submitted"] + answers["submitted"],
        "delivered": funnel["delivered"] + answers["delivered"],
        "failed": funnel["failed"] + funnel["expired"] + answers["failed"] + answers["expired"],
        "unknown": funnel["unknown"] + answers["unknown"],
        "clicked": funnel["clicked"] - deceived,
        "engaged": funnel["engaged"],
        "machine_hits": funnel["hit_machine"],
        "redeemed": funnel["redeemed"],
        "revenue_minor": sum(money.amount_minor for money in funnel.revenue),
        "opted_out": funnel["opted_out"],
    }
    confusion = {
        "verdicts_by_true_kind": table,
        "disguised_machine_hits": disguise.hits,
        "messages_only_a_disguised_machine_opened": deceived,
        "clicked_as_the_funnel_shows_it": funnel["clicked"],
    }
    return Comparison(ledger.truth(people), figures, confusion, funnel["outcome_unknown"], answers["submitted"])


def _answers(session: Session, campaign_id: int) -> dict[str, int]:
    """How many of the answers to what people replied to this campaign stand at each stage of sending."""
    answer = (col(Message.campaign_id) == col(Inbound.answer_campaign_id)) & (col(Message.n) == col(Inbound.answer_n))
    answers = (
        select(func.count())
        .select_from(Reply)
        .join(Inbound, col(Inbound.id) == col(Reply.inbound_id))
        .join(Message, answer)
        .where(Reply.campaign_id == campaign_id)
    )
    stages = ("submitted", "delivered", "failed", "expired", "unknown")
    return {stage: session.exec(answers.where(STAGES[stage].where)).one() for stage in stages}


def _clicked_among(session: Session, campaign_id: int, numbers: frozenset[str]) -> int:
    statement = select(func.count()).where(
        Message.campaign_id == campaign_id, col(Message.clicked_at).is_not(None), col(Message.number).in_(numbers)
    )
    return session.exec(statement).one()


def _judged_hits(session: Session, campaign_id: int) -> Iterator[tuple[HitKey, str]]:
    for hit in session.exec(select(Hit).where(Hit.campaign_id == campaign_id)):
        headers = {name.lower(): value for name, value in orjson.loads(hit.headers).items()}
        purpose = next((headers[name] for name in _PURPOSE_HEADERS if headers.get(name)), "")
        yield HitKey(hit.network, hit.user_agent, hit.method, purpose), hit.verdict
