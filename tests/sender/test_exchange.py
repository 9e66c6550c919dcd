"""A route at work on connections that misbehave: what is sent again, what is not, what is known in the end."""

import asyncio
import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from linksvc.models import Attempt, Inbound
from sender.pdus import Pdu, Status, encode
from sender.session import Timers
from sender.timing import Backoff
from tests import factories
from tests.sender.certificates import Authority
from tests.sender.conftest import FAST, Books, Sending
from tests.sender.scripted_smsc import Line, scripted_smsc, until

IMPATIENT = replace(FAST, timers=Timers(connect_s=2.0, response_s=0.3))

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


async def test_a_late_answer_replaces_an_unknown_outcome_and_claims_the_receipt_that_waits(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 2)
    waiting: list[tuple[Line, Pdu]] = []

    async def keep(line: Line, pdu: Pdu) -> None:
        waiting.append((line, pdu))

    async with scripted_smsc(submitted=keep) as smsc, sending(smsc, IMPATIENT):
        await until(lambda: len(books.facts("outcome_unknown")) == 2)
        assert (await smsc.line.receipt("38601FA")).status == Status.OK
        assert books.facts("receipt") == []
        (first_line, first), (second_line, second) = waiting
        first_line.answer(first, message_id="038601fa")
        second_line.answer(second, Status.INVALID_DESTINATION)
        await until(lambda: books.facts("receipt") and books.facts("refused"))
    assert books.states(campaign_id) == {"delivered": 1, "refused": 1}
    assert len(smsc.submissions) == 2
    outcomes = Counter(row.outcome for row in books.rows(Attempt) if isinstance(row, Attempt))
    assert outcomes == {"accepted": 1, "refused": 1}


async def test_a_session_that_the_smsc_calls_unbound_is_left_and_loses_nothing(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 5)
    taken: list[str] = []

    async def unbound_at_first(line: Line, pdu: Pdu) -> None:
        if len(smsc.lines) <= 12:  # More often than a refusal for the moment is tried again.
            line.answer(pdu, Status.INVALID_BIND_STATUS)
        else:
            taken.append(pdu.text("destination_addr"))
            smsc.accept(line, pdu)

    eager = replace(FAST, reconnect=Backoff(0.01, 0.02))
    async with scripted_smsc(submitted=unbound_at_first) as smsc, sending(smsc, eager):
        await until(lambda: len(books.facts("accepted")) == 5)
    assert books.states(campaign_id) == {"submitted": 5}
    assert sorted(Counter(taken).values()) == [1] * 5
    assert books.facts("outcome_unknown") == books.facts("refused") == []


async def test_an_smsc_that_unbinds_in_mid_window_leaves_nothing_unknown(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 30)
    waiting: list[tuple[Line, Pdu]] = []

    async def unbind_at_the_tenth(line: Line, pdu: Pdu) -> None:
        if len(smsc.lines) > 1:
            smsc.accept(line, pdu)
            return
        waiting.append((line, pdu))
        if len(waiting) == 10:
            line.writer.write(encode("unbind", 1_000))
            for one in waiting:
                smsc.accept(*one)

    async with scripted_smsc(submitted=unbind_at_the_tenth) as smsc, sending(smsc):
        await until(lambda: len(books.facts("accepted")) == 30)
    assert books.states(campaign_id) == {"submitted": 30}
    numbers = Counter(pdu.text("destination_addr") for pdu in smsc.submissions)
    assert len(numbers) == numbers.total() == 30


@on_one_database
async def test_a_pair_hears_of_what_it_submitted_on_its_receiver(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    async with scripted_smsc() as smsc, sending(smsc, bind_type="pair", system_type="sms"):
        await until(lambda: len(books.facts("accepted")) == 3)
        receiver = smsc.bound_as("receiver")
        for id in ("1", "2"):
            assert (await receiver.receipt(id)).status == Status.OK
        answer = await receiver.request("data_sm", esm_class=4, receipted_message_id="00000003", message_state=2)
        assert answer.command == "data_sm_resp"
        assert len(books.facts("receipt")) == 3
    assert books.states(campaign_id) == {"delivered": 3}
    assert {pdu.command for pdu in smsc.binds} == {"bind_receiver", "bind_transmitter"}


@on_one_database
async def test_a_route_within_tls_believes_the_authority_in_its_file(
    engine: Engine, workspace_id: int, books: Books, sending: Sending, tmp_path: Path
) -> None:
    factories.produced_campaign(engine, workspace_id, 2)
    authority = Authority.make(tmp_path)
    async with scripted_smsc(tls=authority.server("smsc.example")) as smsc:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with sending(smsc, tls=True, tls_name="smsc.example"):
            await until(lambda: "certificate is not trusted" in books.route().error)
            assert (books.route().state, smsc.binds) == ("unreachable", [])
            # The file is looked for at each bind.
            (tmp_path / "main.ca.pem").write_bytes(authority.certificate.read_bytes())
            await until(lambda: len(books.facts("accepted")) == 2)


SECRET_TEXT = "Ceci ne regarde personne"


@on_one_database
async def test_no_log_of_a_run_holds_a_number_a_text_or_a_password(
    engine: Engine,
    workspace_id: int,
    books: Books,
    sending: Sending,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Even where everything goes wrong that can, and with every library told to say all."""
    caplog.set_level("DEBUG")
    asyncio.get_running_loop().set_debug(True)
    factories.produced_campaign(engine, workspace_id, 8, text=f"{SECRET_TEXT} {{{{ link }}}} {{{{ stop }}}}")
    answers = [Status.THROTTLED, Status.INVALID_DESTINATION, Status.INVALID_BIND_STATUS, Status.SYSTEM_ERROR, 0x0555]

    async def trouble(line: Line, pdu: Pdu) -> None:
        count = len(smsc.submissions)
        if count <= len(answers):
            line.answer(pdu, answers[count - 1])
        elif line is not smsc.lines[0] and len(smsc.lines) == 2:
            line.hang_up()
        else:
            smsc.accept(line, pdu)

    with structlog.testing.capture_logs() as logs:
        async with scripted_smsc(bind_status=Status.BIND_FAILED, submitted=trouble) as smsc, sending(smsc):
            await until(lambda: books.route().state == "refused")
            smsc.bind_status = Status.OK
            # The first session was not bound, said the SMSC; the second one was cut.
            await until(lambda: len(smsc.lines) == 3)
            await until(lambda: books.facts("outcome_unknown") and books.facts("refused"))
            line = smsc.line
            for code, body in ((0x05, b"\0\1\x0133639980"), (0x777, b"33639980001")):
                line.writer.write(struct.pack(">LLLL", 16 + len(body), code, 0, 77) + body)
            await line.receipt("1")
            await line.deliver(esm_class=4, short_message=SECRET_TEXT.encode(), source_addr="33639980001")
            await line.reply("+33639980001", SECRET_TEXT)
            await line.deliver(
                source_addr="0639980001", source_addr_ton=2, short_message=SECRET_TEXT.encode(), destination_addr="36180"
            )
            await line.reply("+33639980001", "STOP")
            line.writer.write(b"x" * 40)
            await until(lambda: len(smsc.lines) == 4)
    assert len(books.rows(Inbound)) == 3
    assert len(logs) > 10
    written, errors = capfd.readouterr()
    everything = "\n".join([*(repr(entry) for entry in logs), caplog.text, written, errors])
    for secret in ("3998000", "secret", "regarde", "Ceci", "localhost:8001/"):
        assert secret not in everything
