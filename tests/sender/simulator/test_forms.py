"""Whatever form a client submits in and receipts come in, it is one text and one receipt."""

import ssl
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linksvc.fragments import LONG_FORMS, LongForm, split
from linksvc.route_accounts import RouteReading
from sender.long_forms import payloads
from sender.pdus import Status
from sender.receipts import is_receipt, parse
from sender.simulator.settings import DateForm, Mix
from sender.simulator.simulator import Simulator, server_context
from tests.factories import NOW
from tests.sender.simulator.esme import esme
from tests.sender.simulator.running import QUICK, simulator, until

NUMBER = "+33639980000"
TEXTS = ("Bonjour [Zoé] €", "Il fait [beau] à Genève ~ " * 20, "Ça y est 🎉 l'œuvre est prête 😀 " * 9)


@pytest.mark.parametrize("alphabet", ["gsm", "latin1", "utf8"])
@pytest.mark.parametrize("form", LONG_FORMS.values(), ids=LONG_FORMS)
async def test_a_text_arrives_as_it_was_written_in_every_form(form: LongForm, alphabet: str) -> None:
    async with simulator(replace(QUICK, alphabet=alphabet)) as (running, port), esme(port) as client:
        await client.bind()
        for reference, text in enumerate(TEXTS, 200):
            pieces = split(text, form, alphabet)
            for part in payloads(pieces, form, reference):
                sequence = client.send_part(
                    NUMBER, part.short_message, esm_class=part.esm_class, data_coding=pieces.data_coding, **part.tlvs
                )
                assert (await client.answer_to(sequence)).status == Status.OK
        await until(running.idle)
        assert [record.text for record in running.ledger.messages(NUMBER)] == list(TEXTS)


@pytest.mark.parametrize("form", ["", "payload", "ucs2", "nul", "shuffled", "data_sm"])
@pytest.mark.parametrize("with_parameters", [True, False])
async def test_a_receipt_is_understood_in_every_form(form: str, with_parameters: bool) -> None:
    settings = replace(QUICK, receipt_forms=Mix(((form, 1.0),)) if form else Mix())
    if not with_parameters:
        settings = replace(settings, tlv_id=None)
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        (answer,) = await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        (told,) = client.deliveries
        receipt = parse(told, NOW)
        assert is_receipt(told)
        assert told.command == ("data_sm" if form == "data_sm" else "deliver_sm")
        assert (receipt.state, receipt.error) == ("DELIVERED", "000")
        assert str(int(answer.text("message_id"), 16)) in receipt.keys
        assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"


@pytest.mark.parametrize("form", DateForm)
def test_dates_are_those_of_the_zone_in_every_form(form: DateForm) -> None:
    at = datetime(2026, 7, 1, 23, 30, 15, tzinfo=ZoneInfo("UTC"))
    written = form.write(at.astimezone(ZoneInfo("Europe/Paris")))
    assert (
        written
        == {
            "minutes": "2607020130",
            "seconds": "260702013015",
            "century": "20260702013015",
            "offset": "260702013015+0200",
            "zeros": "0000000000",
        }[form]
    )


async def test_a_receipt_tells_the_time_of_its_zone() -> None:
    settings = replace(QUICK, receipt_timezone="Asia/Tokyo", receipt_dates=DateForm.SECONDS)
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(NUMBER, "Bonjour")
        await until(running.idle)
        record = running.ledger.messages(NUMBER)[0]
        assert record.state == "DELIVERED"
        there = parse(client.deliveries[0], NOW, RouteReading(receipt_timezone="Asia/Tokyo")).done_at
        as_utc = parse(client.deliveries[0], NOW).done_at
        assert there
        assert as_utc
        assert (as_utc - there).total_seconds() == 9 * 3600


async def test_phones_write_in_latin_1_where_they_can() -> None:
    settings = replace(QUICK, latin1_inbound=1.0, inbound_per_s=1_000, inbound_count=30, inbound_long=0.0)
    async with simulator(settings) as (running, port), esme(port) as client:
        await client.bind("receiver")
        await until(running.idle)
        assert {pdu.number("data_coding") for pdu in client.deliveries} == {3, 8}
        codecs = {3: "latin-1", 8: "utf-16-be"}
        texts = sorted(pdu.payload.decode(codecs[pdu.number("data_coding")]) for pdu in client.deliveries)
        assert texts == sorted(entry.text for entry in running.ledger.inbound)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "smsc.pem"
    key = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        path,
        "-out",
        tmp_path / "c.pem",
    )
    name = ("-subj", "/CN=An SMSC", "-addext", "subjectAltName=IP:::1", "-days", "2")
    subprocess.run(("openssl", "req", "-x509", *key, *name), check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "c.pem").read_text())
    return path


async def test_it_speaks_tls_and_ipv6(certificate: Path) -> None:
    running = Simulator((), QUICK)
    try:
        port = await running.start("::1", 0, server_context(certificate))
        context = ssl.create_default_context(cafile=certificate)
        async with esme(port, host="::1", tls=context) as client:
            assert await client.bind() == Status.OK
            assert (await client.submit(NUMBER, "Bonjour"))[0].status == Status.OK
            await until(running.idle)
    finally:
        await running.stop()
    assert running.ledger.messages(NUMBER)[0].state == "DELIVERED"
