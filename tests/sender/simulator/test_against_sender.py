"""The sender's own process against the simulator with nearly every knob turned: the ledger and the database agree."""

import asyncio
from collections import Counter
from dataclasses import replace

from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc.applier import apply_batch
from linksvc.clock import now
from linksvc.database import reading
from linksvc.models import Message, SmscId, StrayReceipt
from linksvc.settings import Settings
from sender.pdus import Status
from sender.simulator.delays import Delay
from sender.simulator.reports import UNKNOWN_ID
from sender.simulator.scenario import Scenario
from sender.simulator.settings import Mix
from sender.simulator.simulator import Simulator
from tests import factories
from tests.sender.simulator.running import QUICK, until
from tests.sender.test_killed import start

SIZE, WINDOW = 90, 10
TROUBLED = replace(
    QUICK,
    answer_delay=Delay.parse("uniform:0.001:0.03"),
    errors=Mix((("0x08", 0.05), ("0x0B", 0.05))),
    throttled=0.03,
    failed=0.1,
    early_receipts=0.2,
    late_receipts=0.1,
    late_delay=Delay.parse("0.5"),
    duplicate_receipts=0.2,
    en_route_receipts=0.2,
    malformed_receipts=0.05,
    unknown_id_receipts=0.05,
    malformed_pdus=0.1,
    receipt_forms=Mix((("payload", 0.2), ("ucs2", 0.1), ("nul", 0.1), ("shuffled", 0.1), ("data_sm", 0.1))),
    inbound_per_s=20.0,
    inbound_count=20,
    inbound_stops=0.0,
    duplicate_inbound=0.2,
)
CUT = '[[step]]\nafter = 40\nact = "disconnect"'


async def test_ledger_and_database_agree_whatever_goes_wrong(engine: Engine, settings: Settings, database_url: str) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, SIZE, rate_per_s=500, text="Bonjour {{ stop }}")
    running = Simulator((), TROUBLED, scenario=Scenario.parse(CUT))
    factories.route(engine, port=await running.start(), window_size=WINDOW, rate_per_s=500)
    process = await start(settings, database_url)
    try:
        await until(lambda: running.submitted >= SIZE, 60)
        await until(lambda: settled(engine, campaign_id) and running.idle(), 60)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 60)
        await running.stop()
    ledger, found = running.ledger, rows(engine, campaign_id)
    records = {number: ledger.messages(number) for number in found}
    # At most once; unknown is what the client never heard of, and what the cut took with it: a window at most.
    assert all(len(record) <= 1 and set(record[0].accepted.values()) <= {1} for record in records.values() if record)
    unheard = {number for number, record in records.items() if record and record[0].lost_answers}
    unknown = {number for number, state in found.items() if state == "outcome_unknown"}
    assert unheard <= unknown
    assert len(unknown) <= WINDOW
    # Whatever was refused for good was so for the database, and the other way round.
    refused = {entry.number for entry in ledger.refusals if entry.status == Status.INVALID_DESTINATION}
    assert {number for number, state in found.items() if state == "refused"} == refused - unknown
    # Each receipt that was acknowledged is stored: with its message, or as one that names none.
    heard = [number for number in found if number not in refused | unknown]
    told = {"DELIVERED": "delivered", "UNDELIVERABLE": "failed", "REJECTED": "failed", "PENDING": "submitted"}
    assert {number: found[number] for number in heard} == {number: told[records[number][0].state] for number in heard}
    with reading(engine) as session:
        strays = session.exec(select(func.count()).select_from(StrayReceipt)).one()
        parked = session.exec(select(func.count()).select_from(SmscId).where(col(SmscId.campaign_id).is_(None))).one()
    odd = Counter(entry.oddity == UNKNOWN_ID for entry in ledger.odd_receipts)
    assert {entry.status for entry in ledger.odd_receipts} <= {Status.OK}
    assert strays <= odd[False]
    assert odd[True] <= parked <= odd[True] + len(unknown)
    assert not ledger.anomalies
    assert len(ledger.inbound) >= 20


def rows(engine: Engine, campaign_id: int) -> dict[str, str]:
    while apply_batch(engine, campaign_id, "test", now):
        pass
    with reading(engine) as session:
        statement = select(Message.number, Message.state).where(Message.campaign_id == campaign_id)
        return dict(session.exec(statement).all())


def settled(engine: Engine, campaign_id: int) -> bool:
    """Whether nothing is left to leave."""
    return "queued" not in rows(engine, campaign_id).values()
