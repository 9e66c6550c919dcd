"""Replies over a real socket: what is stored before it is acknowledged, and the one answer that goes out."""

from collections import Counter

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.models import Attempt, Campaign, Inbound, InboundPart, Message, Suppression
from sender.concatenation import UDHI, Concatenation, add_header
from sender.pdus import Pdu, Status
from tests import factories
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc, until

STOPPED = "Boutique Lumen : vous ne recevrez plus nos SMS. Pour en recevoir à nouveau, répondez START."

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def number_of(campaign_id: int, n: int = 0) -> str:
    return f"+336399{campaign_id % 10}{n:04d}"


async def part(line: Line, number: str, payload: bytes, place: Concatenation) -> int:
    answer = await line.deliver(
        source_addr=number.lstrip("+"),
        source_addr_ton=1,
        destination_addr="36180",
        esm_class=UDHI,
        data_coding=3,
        short_message=add_header(payload, place),
    )
    return answer.status


def answers(smsc: ScriptedSmsc) -> list[str]:
    return [text for text in smsc.texts() if "START" in text]


async def test_a_stop_is_answered_by_a_message_with_attempt_receipt_and_figures(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1, text="Bonjour")
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        assert (await smsc.line.reply(number_of(campaign_id), "Stop")).status == Status.OK
        await until(lambda: len(books.facts("accepted")) == 2)
        (submission,) = [pdu for pdu in smsc.submissions if b"START" in pdu.payload]
        assert "+" + submission.text("destination_addr") == number_of(campaign_id)
        assert submission.text("source_addr") == "36180"
        assert (await smsc.line.receipt("2")).status == Status.OK
    assert answers(smsc) == [STOPPED]
    (row,) = books.rows(Inbound)
    assert isinstance(row, Inbound) and row.answer_campaign_id is not None
    assert books.states(row.answer_campaign_id) == {"delivered": 1}
    with reading(engine) as session:
        attempt = session.exec(select(Attempt).where(Attempt.campaign_id == row.answer_campaign_id)).one()
        assert (attempt.n, attempt.outcome, attempt.smsc_id) == (row.answer_n, "accepted", "00000002")
        assert session.exec(select(Campaign.state).where(Campaign.id == row.answer_campaign_id)).one() == "sending"


async def test_each_part_is_stored_before_it_is_acknowledged(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    number = number_of(campaign_id)
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        assert await part(smsc.line, number, b"beaucoup", Concatenation(5, 2, 2)) == Status.OK
        (kept,) = books.rows(InboundPart)
        assert isinstance(kept, InboundPart)
        assert (kept.number, kept.part, bytes.fromhex(kept.payload)) == (number, 2, b"beaucoup")
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE inbound_part RENAME TO elsewhere"))
        first = Concatenation(5, 2, 1)
        assert await part(smsc.line, number, b"Merci ", first) == Status.TEMPORARY_APPLICATION_ERROR
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE elsewhere RENAME TO inbound_part"))
        assert await part(smsc.line, number, b"Merci ", first) == Status.OK
        (row,) = books.rows(Inbound)
        assert isinstance(row, Inbound) and row.text == "Merci beaucoup"
    assert books.facts("reply") == [(0, "text")]


@on_one_database
async def test_what_comes_again_on_another_connection_is_answered_once(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1, text="Bonjour")
    number = number_of(campaign_id)
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        assert (await smsc.line.reply(number, "STOP")).status == Status.OK
        smsc.line.hang_up()
        await until(lambda: len(smsc.lines) == 2)
        assert (await smsc.line.reply(number, "STOP")).status == Status.OK
        assert (await smsc.line.reply(number, "AIDE")).status == Status.OK
        await until(lambda: len(answers(smsc)) == 2)
    assert len(books.rows(Inbound)) == 2
    assert answers(smsc)[0] == STOPPED and "nous vous écrivons" in answers(smsc)[1]


@on_one_database
async def test_national_numbers_and_codings_are_read_as_the_route_says(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    national = "0" + number_of(campaign_id).removeprefix("+33")
    async with scripted_smsc() as smsc, sending(smsc, number_country="FR", data_codings='{"3": "utf8"}'):
        await until(lambda: books.facts("accepted"))
        fields = {"destination_addr": "36180", "data_coding": 3, "short_message": "Arrêt".encode()}
        assert (await smsc.line.deliver(source_addr=national, **fields)).status == Status.OK
    (row,) = books.rows(Inbound)
    assert isinstance(row, Inbound)
    assert (row.number, row.text, row.kind) == (number_of(campaign_id), "Arrêt", "stop")
    assert len(books.rows(Suppression)) == 1


async def test_after_a_stop_nothing_leaves_for_its_number_but_the_answer(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    """Two campaigns to the same people, the second in the other order: who got the first is still to get the second."""
    people, window, stopping = 80, 20, 10
    first = factories.produced_campaign(engine, workspace_id, people, text="Bonjour")
    second = _the_other_way_round(engine, workspace_id, first, people)
    held: list[Pdu] = []
    acknowledged: dict[str, int] = {}

    async def hold(_: Line, pdu: Pdu) -> None:
        held.append(pdu)

    async with scripted_smsc(submitted=hold) as smsc, sending(smsc, rate_per_s=400, window_size=window):
        await until(lambda: len(held) == window)
        for number in [pdu.text("destination_addr") for pdu in held[:stopping]]:
            assert (await smsc.line.reply(number, "STOP")).status == Status.OK
            acknowledged[number] = len(smsc.submissions)
        smsc.submitted = None
        for pdu in held:
            smsc.accept(smsc.line, pdu)
        await until(lambda: len(smsc.submissions) == 2 * people)
    later = [
        text
        for position, (pdu, text) in enumerate(zip(smsc.submissions, smsc.texts(), strict=True))
        if position >= acknowledged.get(pdu.text("destination_addr"), 2 * people)
    ]
    assert later == [STOPPED] * stopping
    stopped = books.facts("unsent")
    assert [value for _, value in stopped] == ["stopped"] * stopping
    assert Counter(books.states(first)) + Counter(books.states(second)) == {
        "submitted": 2 * people - stopping,
        "stopped": stopping,
    }


def _the_other_way_round(engine: Engine, workspace_id: int, campaign_id: int, people: int) -> int:
    again = factories.produced_campaign(engine, workspace_id, people, text="Bonsoir")
    with writing(engine) as session:
        for message in session.exec(select(Message).where(Message.campaign_id == again)):
            message.number = number_of(campaign_id, people - 1 - message.n)
            session.add(message)
    return again
