"""A campaign over a real socket: what leaves, what comes back, and what the database says of it."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select, update

from linksvc import route_health
from linksvc.clock import now
from linksvc.database import writing
from linksvc.keys import Keyring
from linksvc.models import Attempt, Contact, Inbound, Message, Route, SendBatch, SmscId, StrayReceipt
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from linksvc.templates import Template
from sender.concatenation import read_header
from sender.pdus import Pdu, Status
from tests import factories
from tests.sender.conftest import FAST, Books, Sending
from tests.sender.scripted_smsc import Line, decode_text, scripted_smsc, until

LONG = "{{ first_name }}, une très longue offre : " + "0123456789" * 20

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


async def test_a_campaign_goes_out_with_its_links_and_is_delivered(
    engine: Engine, workspace_id: int, books: Books, sending: Sending, keyring: Keyring
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 12, text="{{ first_name }} {{ link }} {{ stop }}")
    ids: list[str] = []

    async def accept(line: Line, pdu: Pdu) -> None:
        ids.append(smsc.accept(line, pdu))

    async with scripted_smsc(submitted=accept) as smsc, sending(smsc):
        await until(lambda: len(books.facts("accepted")) == 12)
        for id in ids:
            assert (await smsc.line.receipt(id)).status == Status.OK
        assert books.route().state == "bound"
    codes = ShortCodes.of(keyring)
    links = [f"Zoé http://localhost:8001/{codes.encode(1000 * campaign_id + n)} STOP 36180" for n in range(12)]
    assert sorted(smsc.texts()) == sorted(links)
    assert books.facts("receipt") == [(n, "DELIVERED") for n in range(12)]
    assert books.states(campaign_id) == {"delivered": 12}
    assert books.route().state == "idle"


@on_one_database
async def test_submissions_ask_for_receipts_and_name_the_kinds_of_their_addresses(
    engine: Engine, workspace_id: int, sending: Sending
) -> None:
    for sender in ("36180", "Lumen", "+33644990000"):
        factories.produced_campaign(engine, workspace_id, 1, sender=sender, text="Bonjour")
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: len(smsc.submissions) == 3)
    sources = {
        (pdu.number("source_addr_ton"), pdu.number("source_addr_npi"), pdu.text("source_addr")) for pdu in smsc.submissions
    }
    assert sources == {(3, 0, "36180"), (5, 0, "Lumen"), (1, 1, "33644990000")}
    for pdu in smsc.submissions:
        assert pdu.number("registered_delivery") == 1
        assert (pdu.number("dest_addr_ton"), pdu.number("dest_addr_npi")) == (1, 1)
        assert pdu.text("destination_addr").startswith("336399")


async def test_a_receipt_may_come_before_its_answer(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 5)

    async def receipt_first(line: Line, pdu: Pdu) -> None:
        async def both() -> None:
            id = f"{next(smsc.ids):08X}"
            assert (await line.receipt(id.lower())).status == Status.OK
            line.answer(pdu, message_id=id)

        answers.append(asyncio.create_task(both()))

    answers: list[asyncio.Task[None]] = []
    async with scripted_smsc(submitted=receipt_first) as smsc, sending(smsc):
        await until(lambda: len(books.facts("receipt")) == 5)
        await asyncio.gather(*answers)
    assert books.states(campaign_id) == {"delivered": 5}


async def test_a_decimal_receipt_finds_a_hexadecimal_answer_in_either_order(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 2)
    waiting: list[asyncio.Task[None]] = []

    async def mixed(line: Line, pdu: Pdu) -> None:
        number = 0x38601FA + len(smsc.submissions) * 16

        async def both(receipt_first: bool) -> None:
            if not receipt_first:
                line.answer(pdu, message_id=f"{number:X}")
                await until(lambda: books.facts("accepted"))
            await line.receipt(f"{number:010d}")
            if receipt_first:
                line.answer(pdu, message_id=f"{number:X}")

        waiting.append(asyncio.create_task(both(len(smsc.submissions) == 1)))

    async with scripted_smsc(submitted=mixed) as smsc, sending(smsc):
        await until(lambda: len(books.facts("receipt")) == 2)
        await asyncio.gather(*waiting)
    assert len(books.rows(SmscId)) == 2


async def test_duplicate_and_intermediate_receipts_change_nothing(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        for state in ("ENROUTE", "ACCEPTD", "DELIVRD", "DELIVRD", "EXPIRED", "ENROUTE"):
            assert (await smsc.line.receipt("1", state)).status == Status.OK
    assert books.facts("receipt") == [(0, "DELIVERED")]
    assert books.states(campaign_id) == {"delivered": 1}
    (row,) = books.rows(SmscId)
    assert isinstance(row, SmscId)
    assert (row.receipts, row.state, row.raw_id) == (6, "DELIVERED", "00000001")


@on_one_database
async def test_a_receipt_without_an_id_is_stored_before_it_is_acknowledged_and_is_no_reply(
    engine: Engine, books: Books, sending: Sending
) -> None:
    nameless = {"esm_class": 4, "short_message": b"STOP", "source_addr": "33639980001", "destination_addr": "36180"}
    async with scripted_smsc() as smsc, sending(smsc):
        await asyncio.wait_for(smsc.bound.wait(), 30)
        for _ in range(2):
            assert (await smsc.line.deliver(**nameless)).status == Status.OK
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE stray_receipt RENAME TO elsewhere"))
        assert (await smsc.line.deliver(**nameless)).status == Status.TEMPORARY_APPLICATION_ERROR
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE elsewhere RENAME TO stray_receipt"))
    (row,) = books.rows(StrayReceipt)
    assert isinstance(row, StrayReceipt)
    assert (row.times, row.number, bytes.fromhex(row.payload)) == (2, "33639980001", b"STOP")
    assert books.facts("reply") == books.rows(Inbound) == []


async def test_a_long_text_leaves_in_fragments_that_are_followed_one_by_one(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3, text=LONG)
    ids: dict[tuple[str, int], str] = {}

    async def accept(line: Line, pdu: Pdu) -> None:
        place, _ = read_header(pdu.payload)
        assert place is not None
        ids[pdu.text("destination_addr"), place.part] = smsc.accept(line, pdu)

    async with scripted_smsc(submitted=accept) as smsc, sending(smsc):
        await until(lambda: len(books.facts("accepted")) == 6)
        people = sorted({number for number, _ in ids})
        for part in (1, 2):
            await smsc.line.receipt(ids[people[0], part])
        await smsc.line.receipt(ids[people[1], 2])
        await smsc.line.receipt(ids[people[2], 1])
        await smsc.line.receipt(ids[people[2], 2], "UNDELIV")
    texts: dict[str, dict[int, str]] = {}
    references: dict[str, set[int]] = {}
    for pdu in smsc.submissions:
        place, _ = read_header(pdu.payload)
        assert place is not None and place.parts == 2
        assert pdu.number("esm_class") == 0x40
        texts.setdefault(pdu.text("destination_addr"), {})[place.part] = decode_text(pdu)
        references.setdefault(pdu.text("destination_addr"), set()).add(place.reference)
    whole = Template.parse(LONG).render({"first_name": "Zoé"})
    assert [parts[1] + parts[2] for parts in texts.values()] == [whole] * 3
    assert set.union(*references.values()) == {campaign_id & 0xFF}
    assert books.states(campaign_id) == {"delivered": 1, "submitted": 1, "failed": 1}


@on_one_database
async def test_a_message_of_more_fragments_than_the_window_still_leaves(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 2, text="é" * 150 + "0123456789" * 60)
    open_at_once: list[int] = []

    async def slowly(line: Line, pdu: Pdu) -> None:
        waiting.append(pdu)
        open_at_once.append(len(waiting))
        asyncio.get_running_loop().call_later(0.02, lambda: smsc.accept(line, waiting.pop(0)))

    waiting: list[Pdu] = []
    async with scripted_smsc(submitted=slowly) as smsc, sending(smsc, window_size=2, rate_per_s=1_000):
        await until(lambda: len(books.facts("accepted")) == 10)
    assert max(open_at_once) <= 2


async def test_what_the_smsc_refuses_for_good_is_refused_and_what_it_refuses_for_now_is_tried_again(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 8)
    tries: Counter[str] = Counter()

    async def moody(line: Line, pdu: Pdu) -> None:
        number = pdu.text("destination_addr")
        tries[number] += 1
        if number.endswith("0"):
            line.answer(pdu, Status.INVALID_DESTINATION)
        elif tries[number] == 1:
            line.answer(pdu, [Status.THROTTLED, Status.QUEUE_FULL, Status.SYSTEM_ERROR][int(number[-1]) % 3])
        else:
            smsc.accept(line, pdu)

    async with scripted_smsc(submitted=moody) as smsc, sending(smsc):
        await until(lambda: len(books.facts("accepted")) == 7)
    assert books.facts("refused") == [(0, "0x0b")]
    assert books.states(campaign_id) == {"refused": 1, "submitted": 7}
    outcomes = Counter(row.outcome for row in books.rows(Attempt) if isinstance(row, Attempt))
    assert outcomes == {"refused": 1, "retried": 7, "accepted": 7}


@on_one_database
async def test_tries_are_capped(engine: Engine, workspace_id: int, books: Books, sending: Sending) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)

    async def never(line: Line, pdu: Pdu) -> None:
        line.answer(pdu, Status.SYSTEM_ERROR)

    async with scripted_smsc(submitted=never) as smsc, sending(smsc):
        await until(lambda: books.facts("refused"))
    assert len(smsc.submissions) == 10
    assert books.states(campaign_id) == {"refused": 1}


@on_one_database
@pytest.mark.parametrize("refused", [Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID, Status.INVALID_SYSTEM_TYPE])
async def test_a_refused_bind_is_told_in_words_and_not_tried_again_until_somebody_says_so(
    engine: Engine, workspace_id: int, books: Books, sending: Sending, refused: Status
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    async with scripted_smsc(bind_status=refused) as smsc, sending(smsc):
        await until(lambda: books.route().state == "refused")
        assert "password" in books.route().error or "system" in books.route().error
        smsc.bind_status = Status.OK
        await asyncio.sleep(10 * FAST.poll_s)
        assert len(smsc.binds) == 1
        assert books.states(campaign_id) == {"queued": 3}
        with writing(engine) as session:
            assert route_health.retry(session, books.route().id or 0, now()) == 1
        await until(lambda: len(books.facts("accepted")) == 3)
        assert (books.route().state, books.route().error) == ("bound", "")


@on_one_database
async def test_a_refused_bind_is_tried_again_once_its_password_or_its_account_has_changed(
    books: Books, engine: Engine, sending: Sending, route_settings: Settings
) -> None:
    assert route_settings.route_secrets_dir
    async with scripted_smsc(bind_status=Status.INVALID_PASSWORD) as smsc, sending(smsc):
        await until(lambda: books.route().state == "refused")
        (route_settings.route_secrets_dir / "main.password").write_text("wrong\n")
        await until(lambda: len(smsc.binds) == 2)
        await until(lambda: books.route().state == "refused")
        with writing(engine) as session:
            session.exec(update(Route).values(system_id="other"))
        await until(lambda: len(smsc.binds) == 3)
        await until(lambda: books.route().state == "refused")
        smsc.bind_status = Status.OK
        (route_settings.route_secrets_dir / "main.password").write_text("right\n")
        await until(lambda: books.route().state == "bound")
    assert [bind.text("password") for bind in smsc.binds] == ["secret", "wrong", "wrong", "right"]


@on_one_database
async def test_a_route_without_a_password_or_an_smsc_says_so(engine: Engine, books: Books, sending: Sending) -> None:
    async with scripted_smsc() as gone:
        pass
    factories.route(engine, port=gone.port)
    async with sending(gone):
        await until(lambda: books.route().state == "unreachable")
        with writing(engine) as session:
            session.exec(update(Route).values(name="other"))
        await until(lambda: books.route().state == "refused")
        assert "RICOCHET_ROUTE_OTHER_PASSWORD" in books.route().error


async def test_a_lost_connection_leaves_its_window_unknown_and_the_rest_goes_out_on_the_next(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 30)

    async def hang_up_once(line: Line, pdu: Pdu) -> None:
        if len(smsc.lines) == 1 and len(smsc.submissions) >= 8:
            line.hang_up()
        elif len(smsc.lines) > 1 or len(smsc.submissions) < 5:
            smsc.accept(line, pdu)

    async with scripted_smsc(submitted=hang_up_once) as smsc, sending(smsc, window_size=4):
        await until(lambda: len(books.facts("accepted")) + len(books.facts("outcome_unknown")) == 30)
    numbers = Counter(pdu.text("destination_addr") for pdu in smsc.submissions)
    assert set(numbers.values()) == {1}
    unknown = len(books.facts("outcome_unknown"))
    assert 1 <= unknown <= 4
    assert books.states(campaign_id) == {"outcome_unknown": unknown, "submitted": 30 - unknown}


@on_one_database
async def test_an_answer_that_never_comes_is_an_unknown_outcome(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 2)

    async def silent(line: Line, pdu: Pdu) -> None:
        pass

    impatient = replace(FAST, timers=replace(FAST.timers, response_s=0.1))
    async with scripted_smsc(submitted=silent) as smsc, sending(smsc, impatient):
        await until(lambda: len(books.facts("outcome_unknown")) == 2)
    assert len(smsc.submissions) == 2


async def test_a_stop_suppresses_the_number_and_stops_what_is_queued_for_it(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    other = factories.workspace(engine, "Autre")
    first = factories.produced_campaign(engine, workspace_id, 1)
    number = f"+336399{first % 10}0000"
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        second = factories.campaign(engine, workspace_id, state="producing", produced=1)
        stranger = factories.campaign(engine, other, state="producing", produced=1, sender="Autre")
        with writing(engine) as session:
            mine = session.exec(select(Contact.id)).one() or 0
            session.add(_message(second, mine, number))
        theirs = factories.contact(engine, other, number)
        with writing(engine) as session:
            session.add(_message(stranger, theirs, number))
        assert (await smsc.line.reply(number, "Arrêt !")).status == Status.OK
    assert books.facts("opted_out") == [(0, "stop")]
    assert books.facts("reply") == [(0, "stop")]
    assert books.states(second) == {"stopped": 1}
    assert books.states(stranger) == {"queued": 1}
    # The answer to the STOP may have left too.
    assert sum("START" not in text for text in smsc.texts()) == 1


def _message(campaign_id: int, contact_id: int, number: str) -> Message:
    return Message(
        campaign_id=campaign_id,
        n=0,
        contact_id=contact_id,
        number=number,
        country="FR",
        tracked=True,
        produced_at=factories.NOW,
    )


async def test_a_claimed_message_is_stopped_at_the_last_moment(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 4)

    async def hold(_: Line, pdu: Pdu) -> None:
        held.append(pdu)

    held: list[Pdu] = []
    async with scripted_smsc(submitted=hold) as smsc, sending(smsc, window_size=1):
        await until(lambda: held)
        (left,) = books.rows(SendBatch)
        assert isinstance(left, SendBatch) and left.worker and (left.first_n, left.size) == (1, 3)
        with writing(engine) as session:
            session.exec(update(Contact).where(col(Contact.number).like("%0002")).values(marketing_consent_at=None))
        # The first message was handed over, so its recipient can answer; the second one's has not heard of us yet.
        assert (await smsc.line.reply(f"+336399{campaign_id % 10}0001", "STOP")).status == Status.OK
        smsc.submitted = None
        smsc.accept(smsc.line, held[0])
        await until(lambda: len(books.facts("accepted")) == 2 and len(books.facts("unsent")) == 2)
    assert books.facts("unsent") == [(1, "stopped"), (2, "stopped")]
    assert books.states(campaign_id) == {"submitted": 2, "stopped": 2}


async def test_a_database_that_cannot_store_a_reply_makes_the_smsc_try_again(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 1)
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: books.facts("accepted"))
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE inbound RENAME TO elsewhere"))
        assert (await smsc.line.reply("+33639980001", "STOP")).status == Status.TEMPORARY_APPLICATION_ERROR
        with writing(engine) as session:
            session.connection().execute(text("ALTER TABLE elsewhere RENAME TO inbound"))
        assert (await smsc.line.reply("+33639980001", "STOP")).status == Status.OK


@on_one_database
async def test_no_second_holds_more_than_the_rate_allows(engine: Engine, workspace_id: int, sending: Sending) -> None:
    factories.produced_campaign(engine, workspace_id, 60, rate_per_s=40)
    async with scripted_smsc() as smsc, sending(smsc, rate_per_s=400):
        await until(lambda: len(smsc.submissions) == 60)
    for first in smsc.times:
        assert sum(first <= moment < first + 1 for moment in smsc.times) <= 1.05 * 40 + 1


async def test_a_stopped_sender_drains_unbinds_and_gives_its_claims_back(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    factories.produced_campaign(engine, workspace_id, 60)

    async def after_a_moment(line: Line, pdu: Pdu) -> None:
        asyncio.get_running_loop().call_later(0.05, smsc.accept, line, pdu)

    async with scripted_smsc(submitted=after_a_moment) as smsc:
        async with sending(smsc, window_size=5):
            await until(lambda: len(smsc.submissions) >= 10)
        sent = len(smsc.submissions)
        assert "unbind" in [pdu.command for pdu in smsc.other]
        assert len(books.facts("accepted")) == sent
        assert books.facts("outcome_unknown") == []
        free = [row.size for row in books.rows(SendBatch) if isinstance(row, SendBatch) and not row.worker]
        assert sum(free) == 60 - sent
        async with sending(smsc):
            await until(lambda: len(books.facts("accepted")) == 60)
    assert len({pdu.text("destination_addr") for pdu in smsc.submissions}) == 60 == len(smsc.submissions)


@on_one_database
async def test_a_changed_route_is_taken_over_without_a_restart(engine: Engine, books: Books, sending: Sending) -> None:
    async with scripted_smsc() as old, scripted_smsc() as new, sending(old):
        await asyncio.wait_for(old.bound.wait(), 30)
        with writing(engine) as session:
            session.exec(update(Route).values(port=new.port))
        await asyncio.wait_for(new.bound.wait(), 30)
        assert [pdu.command for pdu in old.other] == ["unbind"]
        with writing(engine) as session:
            session.exec(update(Route).values(enabled=False))
        await until(lambda: [pdu.command for pdu in new.other] == ["unbind"])
        await until(lambda: books.route().state == "idle")
