"""Claims, marks and answers as a bind makes them, without a socket. For the tests of what may leave."""

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import select

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.models import Fact
from sender import inbound, outcomes, recovery
from sender.binds import Bind, worker_name
from sender.claims import claim_batches, open_campaigns
from sender.long_forms import Part
from sender.marks import mark
from sender.matching import ReceivedReceipt
from sender.messages import Answer, OpenCampaign, Outgoing, Submission
from sender.pdus import Pdu
from sender.receipts import Receipt
from tests.factories import NOW


def held_bind(engine: Engine, route_id: int, number: int = 0) -> Bind:
    taken = recovery.seize(engine, route_id, worker_name(route_id), now, number)
    assert taken is not None
    return taken


def the_open_campaign(engine: Engine) -> OpenCampaign:
    with reading(engine) as session:
        (found,) = open_campaigns(session, NOW)
    return found


def claim(engine: Engine, campaign: OpenCampaign, worker: str, limit: int, at: datetime = NOW) -> list[int]:
    with writing(engine) as session:
        return [claim.n for claim in claim_batches(session, campaign.id, worker, limit, at)]


def claimed(engine: Engine, campaign: OpenCampaign, bind: Bind, limit: int, parts: int = 1) -> list[Outgoing]:
    with writing(engine) as session:
        found = claim_batches(session, campaign.id, bind.worker, limit, NOW)
    return [Outgoing(campaign, one.n, one.contact_id, one.number, 0, (Part(b"x"),) * parts) for one in found]


def marked(
    engine: Engine, bind: Bind, campaign: OpenCampaign, messages: list[Outgoing], at: datetime = NOW
) -> list[Submission]:
    with writing(engine) as session:
        return mark(session, bind, campaign, messages, at)


def answer(engine: Engine, bind: Bind, submission: Submission, outcome: str, status: int = 0, id: str = "") -> None:
    with writing(engine) as session:
        outcomes.store(session, bind.route_id, [Answer(submission, outcome, status, id, NOW)], [], NOW)


def receive(engine: Engine, bind: Bind, id: str, state: str = "DELIVERED", number: str = "") -> None:
    with writing(engine) as session:
        receipt = ReceivedReceipt(Receipt((id,), state, None, None, number=number), NOW)
        outcomes.store(session, bind.route_id, [], [receipt], NOW)


def facts(engine: Engine, kind: str) -> list[tuple[int | None, str]]:
    with reading(engine) as session:
        return sorted(session.exec(select(Fact.n, Fact.source).where(Fact.kind == kind)).all())


def stop(engine: Engine, bind: Bind, number: str) -> None:
    with writing(engine) as session:
        inbound.store(session, bind.route_id, [said_stop(number)], NOW)


def said_stop(number: str) -> inbound.Received:
    fields: dict[str, str | int | bytes] = {"source_addr": number.lstrip("+"), "destination_addr": "36180", "data_coding": 3}
    fields["short_message"] = b"STOP"
    return inbound.read(Pdu("deliver_sm", 1, 0, fields), NOW)
