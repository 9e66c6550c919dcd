"""What must hold after a round of sending, whatever happened in it: the SMSC's ledger beside the database."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc.database import reading
from linksvc.models import Attempt, Campaign, Fact, Message, SendBatch, SmscId, StrayReceipt
from sender.pdus import Status
from sender.simulator.ledger import Ledger
from sender.simulator.reports import UNKNOWN_ID
from tests.rounds.report import Report

STATES = {
    "DELIVERED": "delivered",
    "UNDELIVERABLE": "failed",
    "REJECTED": "failed",
    "DELETED": "failed",
    "EXPIRED": "expired",
    "UNKNOWN": "unknown",
    "PENDING": "submitted",
}
"""What the ledger calls a message, and what we do."""


@dataclass(frozen=True)
class Stored:
    """What the database says of a campaign. Numbers are without their plus sign where a receipt told them."""

    produced: int
    states: Mapping[str, str]
    """By number."""
    receipts: Mapping[str, set[str]]
    """The states that receipts told, by number."""
    strays: Set[str]
    """The numbers of receipts that name no message."""


def read_stored(engine: Engine, campaign_id: int) -> Stored:
    """Raises NoResultFound where there is no such campaign."""
    with reading(engine) as session:
        produced = session.exec(select(Campaign.produced).where(Campaign.id == campaign_id)).one()
        messages = session.exec(select(Message.n, Message.number, Message.state).where(Message.campaign_id == campaign_id))
        rows = list(messages)
        numbers = {n: number for n, number, _ in rows}
        receipts: dict[str, set[str]] = {}
        for n, number, state in session.exec(select(SmscId.n, SmscId.number, SmscId.state).where(SmscId.state != "")):
            told = number if n is None else numbers[n]
            receipts.setdefault(told.lstrip("+"), set()).add(state)
        strays = {number.lstrip("+") for number in session.exec(select(StrayReceipt.number))}
    return Stored(produced, {number: state for _, number, state in rows}, receipts, strays)


def is_settled(engine: Engine, campaign_id: int, ledger: Path) -> bool:
    """Whether nothing is left to leave, every receipt that is owed came, and every fact was applied."""
    with reading(engine) as session:
        queued = session.exec(select(func.count()).select_from(SendBatch).where(SendBatch.campaign_id == campaign_id)).one()
        waits = col(Attempt.outcome).in_(("marked", "retry"))
        if queued or session.exec(select(func.count()).select_from(Attempt).where(waits)).one():
            return False
    if not is_reported(Ledger.read(ledger)):
        return False
    with reading(engine) as session:
        return not session.exec(select(func.count()).select_from(Fact).where(col(Fact.applied_at).is_(None))).one()


def is_reported(ledger: Ledger) -> bool:
    """Whether each part that was taken has its final receipt, or the unreadable one that came instead."""
    odd = {entry.number for entry in ledger.odd_receipts if entry.oddity != UNKNOWN_ID}
    records = {number: ledger.messages(number) for number in ledger.numbers()}
    return all(
        number in odd or all(len(record.receipts) == len(record.accepted) for record in records[number])
        for number in records
    )


def compare(report: Report, engine: Engine, campaign_id: int, ledger: Ledger, unknown_at_most: int) -> None:
    """Holds each law, and tells how often what happened."""
    stored = read_stored(engine, campaign_id)
    records = {number: ledger.messages(number) for number in ledger.numbers()}
    twice = [
        number
        for number, messages in records.items()
        if len(messages) > 1 or any(times > 1 for message in messages for times in message.accepted.values())
    ]
    unknown = {number for number, state in stored.states.items() if state == "outcome_unknown"}
    refused = {number for number, state in stored.states.items() if state == "refused"}
    report.tell(produced=stored.produced, taken=len(records), twice=len(twice), unknown=len(unknown), refused=len(refused))
    report.tell(arrived_though_unknown=len(unknown & records.keys()), cuts=len(ledger.disconnects))
    report.promise("each message is submitted once at most", not twice)
    report.promise("at most a window is unknown for each session that was lost", len(unknown) <= unknown_at_most)
    report.promise("the states add up to what was produced", len(stored.states) == stored.produced)
    report.promise("nobody is sent to who was not to be", records.keys() <= stored.states.keys())
    report.promise("what is not known to have left was refused", stored.states.keys() - records.keys() <= refused | unknown)
    report.promise("what was refused did not leave", not refused & records.keys())
    compare_receipts(report, stored, ledger)
    odd = {entry.number for entry in ledger.odd_receipts if entry.oddity != UNKNOWN_ID}
    heard = records.keys() - unknown - odd - set(twice)
    told = {number: STATES[records[number][0].state] for number in heard}
    differing = {number for number in heard if stored.states[number] != told[number]}
    report.tell(differing=len(differing))
    report.promise("each state is what the last receipt told", not differing)


def compare_receipts(report: Report, stored: Stored, ledger: Ledger) -> None:
    """Each receipt that was acknowledged is stored: with its message, parked for an answer that is lost, or as a stray."""
    acknowledged = lost = 0
    for number in ledger.numbers():
        for record in ledger.messages(number):
            for state in record.receipts.values():
                acknowledged += 1
                lost += state not in stored.receipts.get(number.lstrip("+"), ())
    for entry in ledger.odd_receipts:
        if entry.status == Status.OK:
            acknowledged += 1
            number = entry.number.lstrip("+")
            lost += number not in stored.strays and number not in stored.receipts
    report.tell(receipts_acknowledged=acknowledged, receipts_lost=lost)
    report.promise("each receipt that was acknowledged is stored", not lost)
