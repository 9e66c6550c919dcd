"""What a route says of its SMSC's ways holds on the socket, in both directions."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.database import reading
from linksvc.models import Attempt, Fact, SmscId
from sender.pdus import Pdu, Status
from tests import factories
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import Line, scripted_smsc, until

LONG = "Été € " + "0123456789" * 20
ENDS_AT = datetime(2030, 11, 27, 21, 30, tzinfo=UTC)

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_one_database
async def test_texts_leave_in_the_form_and_alphabet_and_with_the_addresses_that_the_route_wants(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 1, text=LONG, expires_at=ENDS_AT)
    ways = {"long_form": "sar", "alphabet": "utf8", "numbering": '{"short": [0, 1], "recipient": [2, 8]}'}
    async with scripted_smsc() as smsc, sending(smsc, **ways):
        await until(lambda: len(books.facts("accepted")) == 2)
    first, second = smsc.submissions
    assert (first.payload + second.payload).decode() == LONG
    assert [pdu.number("sar_segment_seqnum") for pdu in smsc.submissions] == [1, 2]
    assert first.number("sar_msg_ref_num") == second.number("sar_msg_ref_num")
    for pdu in smsc.submissions:
        assert (pdu.number("sar_total_segments"), pdu.number("esm_class"), pdu.number("data_coding")) == (2, 0, 0)
        assert (pdu.number("source_addr_ton"), pdu.number("source_addr_npi")) == (0, 1)
        assert (pdu.number("dest_addr_ton"), pdu.number("dest_addr_npi")) == (2, 8)
        assert pdu.text("validity_period") == "301127213000000+"


@on_one_database
async def test_a_long_text_that_the_smsc_cuts_is_one_attempt_with_one_receipt(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1, text=LONG)
    async with scripted_smsc() as smsc, sending(smsc, long_form="payload"):
        await until(lambda: books.facts("accepted"))
        await smsc.line.receipt("1")
    (pdu,) = smsc.submissions
    assert (pdu.octets("short_message"), len(pdu.octets("message_payload"))) == (b"", 207)
    assert len(books.rows(Attempt)) == 1
    assert books.states(campaign_id) == {"delivered": 1}


@on_one_database
async def test_receipts_are_read_by_the_route_s_id_forms_and_zone(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    """An id of digits alone, in hexadecimal here and in decimal there, which nobody could guess."""
    campaign_id = factories.produced_campaign(engine, workspace_id, 2)

    async def accept(line: Line, pdu: Pdu) -> None:
        line.answer(pdu, message_id=f"{0x10 + len(smsc.submissions):x}")

    ways = {"answer_id": "hex", "receipt_id": "decimal", "receipt_timezone": "Europe/Paris"}
    async with scripted_smsc(submitted=accept) as smsc, sending(smsc, **ways):
        await until(lambda: len(books.facts("accepted")) == 2)
        for number in (0x11, 0x12):
            text = f"id:{number:010d} done date:2611200930 stat:UNDELIV err:000".encode()
            answer = await smsc.line.request(
                "data_sm", esm_class=4, message_payload=text, network_error_code=b"\x03\x00\x01"
            )
            assert (answer.command, answer.status) == ("data_sm_resp", Status.OK)
    rows = [row for row in books.rows(SmscId) if isinstance(row, SmscId)]
    assert {(row.id, row.done_at) for row in rows} == {
        ("17", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("18", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
    }
    assert books.states(campaign_id) == {"failed": 2}
    with reading(engine) as session:
        causes = set(session.exec(select(Fact.cause).where(Fact.kind == "receipt")))
    assert causes == {"number_unknown"}
