"""What a text costs is what is submitted for it, for any text: counted and measured in the bytes that an SMSC gets."""

from collections import defaultdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.database import writing
from linksvc.fragments import LONG_FORMS, PAYLOAD, SAR, LongForm, analyse, decode_gsm, split
from linksvc.models import Contact, Message
from linksvc.unseen_characters import seen
from sender.concatenation import UDHI, Concatenation
from sender.long_forms import payloads
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.pdus import Pdu, Status
from sender.session import Session, Timers
from sender.simulator.reassembly import Reassembly
from sender.simulator.reassembly import Submission as Part
from sender.submit_fields import fields_of
from sender.transport import Account
from tests import factories
from tests.linksvc.test_fragments import any_texts, gsm_texts
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import scripted_smsc, until
from tests.sender.waiting import submit, take_nothing

TEXTS = 200
CODECS = {"latin1": "latin-1", "ascii": "ascii", "utf8": "utf-8"}
ODD = (
    "",
    "a" * 160,
    "a" * 152 + "€" + "b" * 152 + "{" + "c" * 9,
    "ç" * 66 + "😀" + "ç" * 66 + "👩🏽‍💻",
    "\r\n\f\t",
    "😀" * 201,
    "Ç" * 500,
)


def octets_on_the_air(part: Part, header: int) -> int:
    """The length of the SMS that carries a part: septets are packed, and begin at a septet behind the header."""
    if part.data_coding == 8:
        return header + len(part.body)
    return ((header * 8 + 6) // 7 * 7 + len(part.body) * 7 + 7) // 8


def examples(number: int) -> list[tuple[str, LongForm, str]]:
    """Texts as hypothesis finds them, each with a form and an alphabet."""
    found: list[tuple[str, LongForm, str]] = [(text, form, "gsm") for text in ODD for form in LONG_FORMS.values()]

    @settings(max_examples=number, database=None)
    @given(gsm_texts | any_texts, st.sampled_from(list(LONG_FORMS.values())), st.sampled_from(["gsm", *CODECS]))
    @example("é" * 400, PAYLOAD, "utf8")
    def find(text: str, form: LongForm, alphabet: str) -> None:
        found.append((text, form, alphabet))

    find()
    return found


def place_of(pdu: Pdu) -> Part:
    """A part as the simulator reads it, wherever its place is told."""
    part = Part.of(pdu)
    if not pdu.number("sar_total_segments"):
        return part
    sar = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
    place = Concatenation(*(pdu.number(name) for name in sar))
    return Part(part.number, part.sender, place, part.data_coding, part.body, part.registered_delivery)


async def test_what_is_submitted_is_what_was_counted_and_fits_and_joins_to_the_text() -> None:
    cases = examples(TEXTS)
    sent: dict[str, list[Pdu]] = defaultdict(list)
    async with scripted_smsc() as smsc:
        account = Account("127.0.0.1", smsc.port, "ricochet", "secret")
        session = await Session.open(account, "transceiver", take_nothing, Timers())
        for number, (text, form, alphabet) in enumerate(cases):
            pieces = split(text, form, alphabet)
            parts = payloads(pieces, form, number)
            campaign = OpenCampaign(number, 1, "marketing", "36180", "", 100)
            message = Outgoing(campaign, number, 1, f"+33639{number:06d}", pieces.data_coding, parts)
            for part in range(1, len(parts) + 1):
                assert (await submit(session, fields_of(Submission(message, part, 1)))).status == Status.OK
        await session.unbind()
        for pdu in smsc.submissions:
            sent[pdu.text("destination_addr")].append(pdu)
    assert len(sent) == len(cases)
    for number, (text, form, alphabet) in enumerate(cases):
        check(sent[f"33639{number:06d}"], text, form, alphabet)


def check(pdus: list[Pdu], text: str, form: LongForm, alphabet: str) -> None:
    cost = analyse(text, form, alphabet)
    parts = [place_of(pdu) for pdu in pdus]
    whole = b"".join(part.body for part in parts)
    if cost.encoding == "UCS-2":
        assert whole.decode("utf-16-be") == text
    else:
        assert (whole.decode(CODECS[alphabet]) if alphabet in CODECS else decode_gsm(whole)) == text
    if form is PAYLOAD:
        assert len(pdus) == 1
        return
    assert len(pdus) == cost.fragments
    if alphabet == "gsm" or cost.encoding == "UCS-2":
        for pdu, part in zip(pdus, parts, strict=True):
            header = 1 + pdu.payload[0] if pdu.number("esm_class") & UDHI else 7 if form is SAR and len(pdus) > 1 else 0
            assert octets_on_the_air(part, header) <= 140
        phone = Reassembly()
        assert [phone.add(part) for part in reversed(parts)] == [None] * (len(parts) - 1) + [text]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_campaign_submits_what_its_texts_cost(
    engine: Engine, workspace_id: int, books: Books, sending: Sending
) -> None:
    """The whole path, with a text of its own for each of two hundred people."""
    factories.produced_campaign(engine, workspace_id, TEXTS, text="{{ first_name }}", rate_per_s=1_000)
    texts = {n: seen(text).strip()[:400] for n, (text, _, _) in enumerate(examples(TEXTS)[:TEXTS])}
    with writing(engine) as session:
        people = session.exec(select(Message.n, Message.contact_id, Message.number)).all()
        for n, contact_id, _ in people:
            session.exec(update(Contact).where(col(Contact.id) == contact_id).values(first_name=texts[n]))
    expected = {n: analyse(text).fragments for n, text in texts.items()}
    async with scripted_smsc() as smsc, sending(smsc, rate_per_s=10_000, window_size=100):
        await until(lambda: len(books.facts("accepted")) == sum(expected.values()), within_s=60)
    phone = Reassembly()
    shown = {}
    for pdu in smsc.submissions:
        part = Part.of(pdu)
        if (text := phone.add(part)) is not None:
            shown[part.number] = text
    assert shown == {number: texts[n] for n, _, number in people}
    assert len(smsc.submissions) == sum(expected.values())
