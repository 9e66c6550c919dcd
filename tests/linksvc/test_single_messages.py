"""One message to one person: where it lies, whom it may go to, what is its own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select, update

from linksvc import campaign_control, counters
from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.errors import Problem
from linksvc.funnel import find_campaign, read_funnel
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.models import Campaign, Consent, Contact, Link, Message, SendBatch, Suppression, Workspace
from linksvc.production import BLOCKS_KNOWN_AFTER
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from linksvc.single_messages import Place, answer, close_past, past_campaigns, withdraw
from linksvc.single_recipients import Recipient
from linksvc.stamps import stamps_of
from tests import factories
from tests.factories import NOW
from tests.linksvc.single_scenes import NUMBER, sent, told

LINKED: dict[str, Any] = {"text": "Suivez-le : {{ link }}", "destination_url": "https://shop.example/parcel/1"}


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


def campaign_of(engine: Engine, place: Place) -> Campaign:
    with reading(engine) as session:
        return session.exec(select(Campaign).where(Campaign.id == place.campaign_id)).one()


def suppress(engine: Engine, workspace_id: int, number: str = NUMBER) -> None:
    with writing(engine) as session:
        row = Suppression(workspace_id=workspace_id, number=number, reason="stop", occurred_at=NOW, recorded_at=NOW)
        session.add(row)


def refused(engine: Engine, short_links: ShortLinks, workspace_id: int, **fields: Any) -> str:
    with pytest.raises(Problem) as error:
        sent(engine, short_links, workspace_id, **fields)
    return error.value.code


def test_messages_of_a_month_and_sender_share_a_campaign_that_is_listed_and_goes_on(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    first, second = (sent(engine, short_links, workspace_id) for _ in range(2))
    other = sent(engine, short_links, workspace_id, sender="LUMEN")
    assert (first.campaign_id, first.n, second.n) == (second.campaign_id, 0, 1)
    assert other.campaign_id != first.campaign_id
    row = campaign_of(engine, first)
    assert (row.name, row.kind, row.state, row.produced) == ("Single messages, November 2026", "single", "sending", 2)
    with reading(engine) as session:
        assert find_campaign(session, workspace_id, first.campaign_id).id == first.campaign_id
        assert read_funnel(session, workspace_id, first.campaign_id)["produced"] == 2
        assert counters.stored(session, first.campaign_id) == counters.brute_force(session, first.campaign_id)


def test_the_month_is_that_of_the_workspace(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    new_years_eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert (
        campaign_of(engine, sent(engine, short_links, workspace_id, new_years_eve)).name == "Single messages, January 2027"
    )
    with writing(engine) as session:
        session.exec(update(Workspace).values(timezone="America/Montreal"))
    place = sent(engine, short_links, workspace_id, new_years_eve)
    assert campaign_of(engine, place).name == "Single messages, December 2026"


def test_a_message_has_its_own_link_with_a_serial_of_its_own(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    factories.contact(engine, workspace_id)
    until = NOW + timedelta(days=2)
    plain = sent(engine, short_links, workspace_id)
    linked = [sent(engine, short_links, workspace_id, **LINKED, terms=LinkTerms(expires_at=until)) for _ in range(2)]
    links = [told(engine, short_links, workspace_id, place).link for place in linked]
    assert told(engine, short_links, workspace_id, plain).link is None
    assert links[0] and links[1] and links[0].short_url != links[1].short_url
    assert (links[0].destination_url, links[0].expires_at) == (LINKED["destination_url"], until)
    with reading(engine) as session:
        due = session.exec(select(SendBatch.due_at).order_by(SendBatch.first_n)).all()  # type: ignore[arg-type]
        assert due == [NOW, NOW + BLOCKS_KNOWN_AFTER, NOW + BLOCKS_KNOWN_AFTER]


def test_a_number_that_is_no_contact_becomes_one_who_agreed_to_nothing(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    place = sent(engine, short_links, workspace_id, to=Recipient("+33 6 39 98 00 07"))
    again = sent(engine, short_links, workspace_id, to=Recipient("+33639980007"))
    with reading(engine) as session:
        contact = session.exec(select(Contact)).one()
        assert (contact.identity, contact.country) == ("n:+33639980007", "FR")
        assert contact.marketing_consent_at is None and contact.tracking_consent_at is None
        assert session.exec(select(func.count()).select_from(Consent)).one() == 0
        messages = session.exec(select(Message).order_by(Message.n)).all()  # type: ignore[arg-type]
        assert [(one.n, one.contact_id, one.tracked) for one in messages] == [
            (place.n, contact.id, False),
            (again.n, contact.id, False),
        ]


def test_two_messages_at_once_to_a_new_number_make_one_contact(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    with ThreadPoolExecutor(4) as threads:
        places = list(threads.map(lambda _: sent(engine, short_links, workspace_id, **LINKED), range(8)))
    assert {place.n for place in places} == set(range(8))
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Contact)).one() == 1
        assert session.exec(select(func.count()).select_from(Campaign)).one() == 1
        assert session.exec(select(func.count()).select_from(Link)).one() == 8


def test_a_contact_is_found_by_external_id_whatever_tells_it_apart(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    factories.contact(engine, workspace_id, identity="x:C-1", external_id="C-1")
    factories.contact(engine, workspace_id, "+33639980002", external_id="C-2")
    factories.contact(engine, workspace_id, "+33639980003", external_id="C-3")
    factories.contact(engine, workspace_id, "+33639980004", external_id="C-3")
    factories.contact(engine, factories.workspace(engine, "Another"), "+33639980005", external_id="C-5")
    places = [sent(engine, short_links, workspace_id, to=Recipient(external_id=id)) for id in ("C-1", "C-2")]
    assert [told(engine, short_links, workspace_id, one).number for one in places] == ["+33639980001", "+33639980002"]
    assert refused(engine, short_links, workspace_id, to=Recipient(external_id="C-3")) == "recipient_ambiguous"
    assert refused(engine, short_links, workspace_id, to=Recipient(external_id="C-5")) == "contact_not_found"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": Recipient("0639980001")}, "recipient_invalid"),
        ({"to": Recipient("+33139980001")}, "recipient_invalid"),
        ({"text": " "}, "text_empty"),
        ({"text": "{{ nickname }}"}, "template_unknown_field"),
        ({"text": "Code {{ code }}"}, "code_without_offer"),
        ({"text": "{{ link }}", "destination_url": "https://pay.example/?c={{ code }}"}, "code_without_offer"),
        ({"text": "{{ link }}"}, "link_without_destination"),
        ({"destination_url": "https://shop.example"}, "destination_without_link"),
        ({"terms": LinkTerms(fallback_url="https://shop.example")}, "terms_without_destination"),
        ({"text": "{{ link }}", "destination_url": "javascript:alert(1)"}, "destination_invalid"),
        ({**LINKED, "terms": LinkTerms(expires_at=NOW)}, "window_empty"),
        ({"text": "{{ link }}", "page_id": 7}, "page_not_found"),
        ({**LINKED, "page_id": 7}, "page_and_destination"),
        ({"sender": "a very long name"}, "sender_invalid"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is_stored(
    engine: Engine, short_links: ShortLinks, workspace_id: int, fields: dict[str, Any], code: str
) -> None:
    assert refused(engine, short_links, workspace_id, **fields) == code
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Campaign)).one() == 0


def test_nothing_is_written_to_who_said_stop_nor_from_a_sandbox(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    suppress(engine, workspace_id)
    assert refused(engine, short_links, workspace_id) == "recipient_stopped"
    twin = factories.workspace(engine, "Twin", sandbox_of=workspace_id)
    assert refused(engine, short_links, twin) == "sandbox_sends_nothing"


def test_an_answer_goes_to_whoever_got_the_message_once_for_each_occasion(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    asked = Place(campaign_id, 0)
    with writing(engine) as session:
        first = answer(session, asked, "Merci {{ first_name }} !", "survey 1", NOW)
        again = answer(session, asked, "Merci {{ first_name }} !", "survey 1", NOW + timedelta(hours=1))
        other = answer(session, asked, "Merci encore", "survey 2", NOW)
    assert first and first == again and other and other != first
    thanks = told(engine, short_links, workspace_id, first)
    assert (thanks.sender, thanks.text, thanks.state) == ("36180", "Merci {{ first_name }} !", "queued")
    with reading(engine) as session:
        number = session.exec(select(Message.number).where(Message.campaign_id == campaign_id)).one()
    assert thanks.number == number
    suppress(engine, workspace_id, number)
    with writing(engine) as session:
        assert answer(session, asked, "Merci", "survey 3", NOW) is None


def test_a_message_is_taken_back_until_it_leaves(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    place = sent(engine, short_links, workspace_id)
    with writing(engine) as session:
        assert withdraw(session, place, "cancelled", NOW)
        assert not withdraw(session, place, "cancelled", NOW)
    apply_batch(engine, place.campaign_id, "test", lambda: NOW)
    assert told(engine, short_links, workspace_id, place).state == "cancelled"
    assert campaign_of(engine, place).state == "sending"


def test_cancelling_the_campaign_takes_back_what_waits_and_the_next_message_begins_another(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    first = sent(engine, short_links, workspace_id)
    with writing(engine) as session:
        campaign_control.cancel(session, workspace_id, first.campaign_id, NOW)
    assert campaign_control.withdraw_batch(engine, first.campaign_id, lambda: NOW) == 1
    apply_batch(engine, first.campaign_id, "test", lambda: NOW)
    assert campaign_of(engine, first).state == "cancelled"
    second = sent(engine, short_links, workspace_id)
    assert second.campaign_id != first.campaign_id
    assert campaign_of(engine, second).name == campaign_of(engine, first).name


def test_a_rolling_campaign_cannot_be_sent_as_a_draft_can(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    factories.contact(engine, workspace_id)
    place = sent(engine, short_links, workspace_id)
    with writing(engine) as session, pytest.raises(Problem) as error:
        campaign_control.send(session, workspace_id, place.campaign_id, NOW)
    assert error.value.code == "campaign_already_sent"


def test_the_campaign_of_a_past_month_ends_once_nothing_of_it_waits(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    place = sent(engine, short_links, workspace_id)
    later = NOW + timedelta(days=45)
    with reading(engine) as session:
        assert past_campaigns(session, later) == []
    for state in ("sending", "sent"):
        with writing(engine) as session:
            close_past(session, place.campaign_id, later)
        assert campaign_of(engine, place).state == state
        with writing(engine) as session:
            withdraw(session, place, "expired_unsent", later)
        if state == "sending":
            with reading(engine) as session:
                assert past_campaigns(session, NOW + timedelta(days=31)) == []
                assert past_campaigns(session, later) == [place.campaign_id]
        apply_batch(engine, place.campaign_id, "test", lambda: later)
    with reading(engine) as session:
        assert past_campaigns(session, later) == []
        assert stamps_of(session.exec(select(Message)).one()).state == "expired_unsent"
