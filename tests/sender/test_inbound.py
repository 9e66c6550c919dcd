from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.database import reading, writing
from linksvc.fragments import split
from linksvc.models import Attempt, Contact, Fact, Inbound, Message, Reply, Suppression
from linksvc.route_accounts import RouteReading
from sender import inbound
from sender.inbound import read
from sender.inbound_matches import NOBODY
from sender.pdus import Pdu
from tests import factories
from tests.factories import NOW

Say = Callable[..., None]


def deliver(number: str, text: bytes, to: str = "36180", data_coding: int = 3, **fields: object) -> Pdu:
    values = {"source_addr": number, "destination_addr": to, "short_message": text, "data_coding": data_coding}
    return Pdu("deliver_sm", 1, 0, values | fields)


@pytest.fixture
def route_id(engine: Engine) -> int:
    return factories.route(engine)


@pytest.fixture
def say(engine: Engine, route_id: int) -> Say:
    """Receives a reply and stores it."""

    def receive(number: str, text: str, *, at: datetime = NOW, **fields: str | int) -> None:
        with writing(engine) as session:
            inbound.store(session, route_id, [read(deliver(number, text.encode("latin-1"), **fields), at)], at)

    return receive


def sent(engine: Engine, campaign_id: int, n: int, route_id: int, at: datetime = NOW) -> None:
    with writing(engine) as session:
        session.add(
            Attempt(
                campaign_id=campaign_id,
                n=n,
                part=1,
                attempt=1,
                parts=1,
                route_id=route_id,
                worker="w",
                occurred_at=at,
                recorded_at=at,
            )
        )


def produced(engine: Engine, campaign_id: int, contact_id: int) -> None:
    with writing(engine) as session:
        session.add(
            Message(
                campaign_id=campaign_id,
                n=0,
                contact_id=contact_id,
                number="+33639980001",
                country="FR",
                tracked=True,
                produced_at=NOW,
            )
        )


def rows(engine: Engine, table: type) -> list[object]:
    with reading(engine) as session:
        found = list(session.exec(select(table)))
        session.expunge_all()
        return found


@pytest.mark.parametrize(
    ("payload", "data_coding", "text"),
    [
        (split("Où est l'été à 5 € ?").parts[0], 0, "Où est l'été à 5 € ?"),
        ("déjà".encode("latin-1"), 0, "déjà"),
        (b"STOP", 1, "STOP"),
        ("ARRÊT".encode("latin-1"), 3, "ARRÊT"),
        ("Arrêt ✋".encode("utf-16-be"), 8, "Arrêt ✋"),
        (b"ST\0OP\0", 3, "STOP"),
    ],
)
def test_texts_are_read_by_their_coding_wherever_they_stand(payload: bytes, data_coding: int, text: str) -> None:
    assert read(deliver("33639980001", payload, data_coding=data_coding), NOW).text == text
    fields = {"message_payload": payload}
    assert read(deliver("33639980001", b"", data_coding=data_coding, **fields), NOW).text == text
    header = b"\x05\x00\x03\x01\x02\x01"
    assert read(deliver("33639980001", header + payload, data_coding=data_coding, esm_class=0x40), NOW).text == text


@pytest.mark.parametrize(
    ("source", "number"),
    [("33639980001", "+33639980001"), ("+33639980001", "+33639980001"), ("0033639980001", "+33639980001")],
)
def test_numbers_are_read_as_contacts_are_stored(source: str, number: str) -> None:
    assert read(deliver(source, b"x"), NOW).number == number


def test_a_reply_belongs_to_the_message_last_sent_from_the_address_it_was_sent_to(
    engine: Engine, route_id: int, say: Say
) -> None:
    workspace_id = factories.workspace(engine)
    campaigns = [
        factories.produced_campaign(engine, workspace_id, 0, sender=sender) for sender in ("36180", "36180", "38000")
    ]
    contact_id = factories.contact(engine, workspace_id, "+33639980001")
    for age, campaign_id in zip((2, 1, 0), campaigns, strict=True):
        produced(engine, campaign_id, contact_id)
        sent(engine, campaign_id, 0, route_id, NOW - timedelta(hours=age))
    say("33639980001", "Merci")
    (reply,) = rows(engine, Reply)
    assert isinstance(reply, Reply)
    assert (reply.campaign_id, reply.n, reply.kind) == (campaigns[1], 0, "text")
    (fact,) = rows(engine, Fact)
    assert isinstance(fact, Fact)
    assert (fact.kind, fact.value, fact.source) == ("reply", "text", reply.inbound_id)
    assert rows(engine, Suppression) == []


def test_words_from_nobody_are_kept_and_change_nothing(engine: Engine, say: Say) -> None:
    say("33639989999", "STOP")
    (row,) = rows(engine, Inbound)
    assert isinstance(row, Inbound)
    assert (row.workspace_id, row.number, row.kind) == (NOBODY, "+33639989999", "stop")
    assert rows(engine, Suppression) == []


def test_a_message_that_comes_again_is_one_message_and_the_same_words_later_are_another(
    engine: Engine, route_id: int, say: Say
) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    sent(engine, campaign_id, 0, route_id)
    number = f"336399{campaign_id % 10}0000"
    say(number, "STOP")
    say(number, "STOP", at=NOW + timedelta(minutes=2))
    assert len(rows(engine, Inbound)) == 1
    say(number, "STOP please", at=NOW + timedelta(minutes=3))
    say(number, "STOP", at=NOW + timedelta(hours=3))
    assert len(rows(engine, Inbound)) == 3
    assert len(rows(engine, Suppression)) == 1


def test_a_stop_reaches_every_workspace_that_wrote_from_that_address(engine: Engine, route_id: int, say: Say) -> None:
    first, second, other = (factories.workspace(engine, name) for name in ("a", "b", "c"))
    for workspace_id, sender in ((first, "36180"), (second, "36180"), (other, "38000")):
        campaign_id = factories.produced_campaign(engine, workspace_id, 0, sender=sender)
        contact_id = factories.contact(engine, workspace_id, "+33639980001")
        produced(engine, campaign_id, contact_id)
        sent(engine, campaign_id, 0, route_id)
    say("33639980001", "Arrêt")
    suppressed = {row.workspace_id for row in rows(engine, Suppression) if isinstance(row, Suppression)}
    assert suppressed == {first, second}


def test_a_stop_counts_for_the_number_that_was_written_to_though_its_contact_has_another_by_now(
    engine: Engine, route_id: int, say: Say
) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    old = f"+336399{campaign_id % 10}0000"
    sent(engine, campaign_id, 1, route_id)
    with writing(engine) as session:
        session.exec(update(Contact).where(col(Contact.number) == old).values(number="+33639989999"))
    say(old.removeprefix("+"), "STOP")
    (suppression,) = rows(engine, Suppression)
    assert isinstance(suppression, Suppression) and suppression.number == old
    (fact,) = rows(engine, Fact)
    assert isinstance(fact, Fact)
    assert (fact.kind, fact.value, fact.n) == ("unsent", "stopped", 0)


def test_a_stop_that_answers_nothing_we_know_holds_for_all_who_write_from_that_address(engine: Engine, say: Say) -> None:
    ours, others = (factories.workspace(engine, name) for name in ("a", "b"))
    factories.produced_campaign(engine, ours, 1, sender="36180")
    factories.produced_campaign(engine, others, 1, sender="38000")
    say("33639989999", "STOP")
    suppressed = [(row.workspace_id, row.number) for row in rows(engine, Suppression) if isinstance(row, Suppression)]
    assert suppressed == [(ours, "+33639989999")]


def test_a_number_in_national_form_is_not_taken_for_another_country_s() -> None:
    assert read(deliver("639910000", b"STOP", source_addr_ton=2), NOW).number == "639910000"
    assert read(deliver("33639910000", b"STOP", source_addr_ton=1), NOW).number == "+33639910000"


@pytest.mark.parametrize(
    ("fields", "number", "to"),
    [
        ({"source_addr": "0639910000", "destination_addr": "36180"}, "+33639910000", "36180"),
        ({"source_addr": "639910000", "source_addr_ton": 2}, "+33639910000", "36180"),
        ({"source_addr": "33639910000", "source_addr_ton": 1}, "+33639910000", "36180"),
        ({"source_addr": "447700900001"}, "+447700900001", "36180"),
        ({"destination_addr": "0644990000"}, "+33639980001", "+33644990000"),
        ({"destination_addr": "644990000", "dest_addr_ton": 2}, "+33639980001", "+33644990000"),
        ({"destination_addr": "33644990000", "dest_addr_ton": 1}, "+33639980001", "33644990000"),
        ({"source_addr": "Lumen", "source_addr_ton": 5}, "Lumen", "36180"),
        ({"source_addr": "20200"}, "20200", "36180"),
    ],
)
def test_national_numbers_are_those_of_the_route_s_country(fields: dict[str, str | int], number: str, to: str) -> None:
    pdu = deliver("33639980001", b"STOP", **fields)
    received = read(pdu, NOW, RouteReading(number_country="FR"))
    assert (received.number, received.to) == (number, to)


def test_a_stop_from_what_is_no_telephone_suppresses_nothing(engine: Engine, say: Say) -> None:
    factories.produced_campaign(engine, factories.workspace(engine), 1, sender="36180")
    for source in ("20200", "0639910000"):
        say(source, "STOP")
    assert rows(engine, Suppression) == []
    assert len(rows(engine, Inbound)) == 2


def test_a_message_of_another_id_is_another_message_though_its_words_are_the_same(engine: Engine, say: Say) -> None:
    for number in (1, 1, 2):
        say("33639980001", "oui", user_message_reference=number, at=NOW + timedelta(seconds=len(rows(engine, Inbound))))
    assert len(rows(engine, Inbound)) == 2


@given(
    st.dictionaries(st.sampled_from(["short_message", "message_payload"]), st.binary(max_size=254), max_size=2),
    st.integers(0, 255),
    st.integers(0, 255),
    st.text("+0123456789Ab\0", max_size=20),
    st.dictionaries(st.sampled_from(["sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum"]), st.integers(0, 65535)),
)
def test_whatever_comes_is_read(
    payloads: dict[str, bytes], esm_class: int, data_coding: int, source: str, sar: dict[str, int]
) -> None:
    fields = {"source_addr": source, "destination_addr": source, "esm_class": esm_class, "data_coding": data_coding}
    received = read(Pdu("deliver_sm", 1, 0, {**fields, **payloads, **sar}), NOW, RouteReading(number_country="FR"))
    assert received.part is None or 1 <= received.part.place.part <= received.part.place.parts
