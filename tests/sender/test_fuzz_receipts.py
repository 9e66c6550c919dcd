"""Whatever stands in a receipt, nothing raises, nothing is dropped, and no receipt becomes somebody's message."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linksvc.models import Inbound, SmscId, StrayReceipt
from linksvc.route_accounts import ID_FORMS, RouteReading
from sender.pdus import Pdu, Status, UnreadablePdu, decode, encode
from sender.receipts import FINAL, INTERMEDIATE, Receipt, is_receipt, parse
from tests.conftest import DATA
from tests.sender.conftest import Books, Sending
from tests.sender.pdu_corpus import CORPUS
from tests.sender.scripted_smsc import scripted_smsc, until

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RECORDED = [
    json.loads(line)["short_message_latin1"].encode("latin-1") for line in (DATA / "receipts.jsonl").read_text().splitlines()
]

WORDS = """
id: ID: id : sub:001 dlvrd:000 submit+date:2611200900 done+date:2611200930 done+date:202611200930+0100 stat: stat:DELIVRD
stat:ENROUTE stat:WEIRD err: err:000 text: Text:STOP STOP 0059113978 38601FA c87c2273-7edb-4bc7-8d3a-7f57f21b625e ² é
"""
words = st.sampled_from(WORDS.split())
written = st.lists(words | st.text(max_size=8), max_size=12).map(lambda found: " ".join(found).replace("+", " "))
octets = st.one_of(
    st.binary(max_size=200),
    written.map(lambda text: text.encode("latin-1", "replace")),
    written.map(lambda text: text.encode("utf-16-be", "surrogatepass")),
    st.builds(
        lambda text, place, junk: text[:place] + junk + text[place:],
        st.sampled_from(RECORDED),
        st.integers(0, 160),
        st.binary(max_size=4),
    ),
)
receipt_classes = st.integers(0, 255).filter(lambda value: value & 0x3C)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "receipted_message_id": st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=60),
        "message_state": st.integers(0, 255),
        "network_error_code": st.binary(min_size=3, max_size=3),
    },
)
readings = st.builds(
    RouteReading,
    alphabet=st.sampled_from(["gsm", "latin1", "ascii", "utf8"]),
    receipt_timezone=st.sampled_from(["UTC", "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns"]),
    answer_id=st.sampled_from(ID_FORMS),
    receipt_id=st.sampled_from(ID_FORMS),
    tlv_id=st.sampled_from(ID_FORMS),
)
codings = st.sampled_from([0, 1, 2, 3, 4, 8, 245])


@st.composite
def fields(draw: st.DrawFn) -> dict[str, str | int | bytes]:
    """The fields of a deliver_sm with a receipt's class."""
    text = draw(octets)[:254]
    place = draw(st.sampled_from(["short_message", "message_payload"]))
    said = {place: text} if text else {}
    return (
        {"esm_class": draw(receipt_classes), "data_coding": draw(codings), "source_addr": "33639980001"}
        | said
        | draw(parameters)
    )


def sane(receipt: Receipt, esm_class: int) -> None:
    assert receipt.state in ("", *FINAL, *INTERMEDIATE)
    assert all(id and "\0" not in id for id in (*receipt.ids, *receipt.keys))
    assert bool(receipt.ids) == bool(receipt.keys)
    assert (receipt.as_it_came is None) == bool(receipt.ids)
    assert receipt.done_at is None or receipt.done_at.tzinfo is UTC
    if esm_class & 0x3C != 0x04:
        assert not receipt.is_final


@given(fields(), readings)
@example({"esm_class": 4, "short_message": b"id:" + b"9" * 240, "data_coding": 0}, RouteReading(receipt_id="decimal"))
@example(
    {"esm_class": 4, "short_message": "id:٣ stat:²".encode("utf-16-be"), "data_coding": 8},
    RouteReading(receipt_id="decimal"),
)
def test_any_receipt_is_read_without_an_error(told: dict[str, str | int | bytes], reading: RouteReading) -> None:
    pdu = decode(encode("deliver_sm", 1, **told))
    assert is_receipt(pdu)
    sane(parse(pdu, NOW, reading), pdu.number("esm_class"))


@given(
    st.dictionaries(
        st.sampled_from(["short_message", "message_payload", "receipted_message_id", "message_state", "network_error_code"]),
        st.binary(max_size=40) | st.text(max_size=40) | st.integers(),
    ),
    receipt_classes,
    readings,
)
def test_fields_of_another_kind_than_they_should_be_are_read_without_an_error(
    told: dict[str, str | int | bytes], esm_class: int, reading: RouteReading
) -> None:
    sane(parse(Pdu("deliver_sm", 1, 0, told | {"esm_class": esm_class}), NOW, reading), esm_class)


@given(st.binary(min_size=1, max_size=8) | words.map(str.encode), readings)
@settings(max_examples=20, deadline=None)
def test_a_receipt_of_the_greatest_length_is_read_without_an_error(unit: bytes, reading: RouteReading) -> None:
    text = unit * (65_000 // len(unit))
    sane(parse(Pdu("deliver_sm", 1, 0, {"esm_class": 4, "message_payload": text}), NOW, reading), 4)


@pytest.mark.parametrize("sample", CORPUS, ids=[sample.what for sample in CORPUS])
def test_the_corpus_is_read_without_an_error(sample: object) -> None:
    try:
        pdu = decode(sample.data)  # type: ignore[attr-defined]
    except UnreadablePdu:
        return
    if is_receipt(pdu):
        sane(parse(pdu, NOW), pdu.number("esm_class"))


def drawn(number: int) -> list[dict[str, str | int | bytes]]:
    """Receipts as hypothesis finds them."""
    found: list[dict[str, str | int | bytes]] = []

    @settings(max_examples=number, database=None)
    @given(fields())
    def find(told: dict[str, str | int | bytes]) -> None:
        found.append(told)

    find()
    return found


async def test_no_receipt_is_dropped_and_none_becomes_a_message(books: Books, sending: Sending) -> None:
    receipts = [*drawn(150), *({"esm_class": 4, "short_message": text} for text in RECORDED)]
    async with scripted_smsc() as smsc, sending(smsc):
        await until(lambda: smsc.lines)
        answers = await asyncio.gather(*(smsc.line.deliver(**told) for told in receipts))
    assert {answer.status for answer in answers} == {Status.OK}
    keys = [parse(decode(encode("deliver_sm", 1, **told)), NOW).keys for told in receipts]
    rows = {row.id: row for row in books.rows(SmscId) if isinstance(row, SmscId)}
    assert rows.keys() == {key for several in keys for key in several}
    for id, row in rows.items():
        assert row.receipts == sum(id in several for several in keys)
    strays = [row.times for row in books.rows(StrayReceipt) if isinstance(row, StrayReceipt)]
    assert sum(strays) == keys.count(()) > 0
    assert books.rows(Inbound) == []
    assert books.facts("receipt") == []
