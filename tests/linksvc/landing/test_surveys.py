"""Forms are kept once a recipient, with all that follows from one, or not at all."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from linksvc.database import open_engine, reading, writing
from linksvc.landing import surveys
from linksvc.landing.answer_list import list_forms
from linksvc.landing.answers import check_answers
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.participation import read_participation
from linksvc.landing.survey_counts import FORMS, read_counts
from linksvc.models import Campaign, Consent, Contact, Message, MessageText, SurveyAnswer, WebhookEvent
from linksvc.suppressions import suppress
from linksvc.webhooks.endpoints import Owner, add_endpoint
from tests import factories
from tests.factories import NOW
from tests.linksvc.landing.forms import SENT, form, visitor

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def campaign_id(engine: Engine, workspace_id: int) -> int:
    return factories.produced_campaign(engine, workspace_id, 3)


def send(
    engine: Engine, campaign_id: int, sent: Mapping[str, list[str]] = SENT, n: int = 0, block: SurveyBlock | None = None
) -> str:
    """What becomes of a form that recipient n of the first workspace sends."""
    block = block or form()
    answers = check_answers(block, sent).answers
    with writing(engine) as session:
        return surveys.answer(session, visitor(1, campaign_id, n), block, answers, "fr", LATER)


def test_the_first_form_stands_the_same_again_is_done_and_another_is_told_so(engine: Engine, campaign_id: int) -> None:
    assert send(engine, campaign_id) == "stored"
    assert send(engine, campaign_id) == "same"
    assert send(engine, campaign_id, SENT | {"q.visit": ["rarely"]}) == "answered_before"
    with reading(engine) as session:
        (row,) = session.exec(select(SurveyAnswer)).all()
        assert orjson.loads(row.answers)["visit"] == "weekly" and row.language == "fr"
        assert read_counts(session, campaign_id)["opinion"][FORMS] == 1
        assert read_participation(session, campaign_id, 0).answered == {"opinion"}


def test_of_a_form_that_is_sent_many_times_at_once_one_is_kept(engine: Engine, campaign_id: int) -> None:
    with ThreadPoolExecutor(4) as browsers:
        outcomes = list(browsers.map(lambda _: send(engine, campaign_id), range(8)))
    assert sorted(outcomes) == ["same"] * 7 + ["stored"]
    with reading(engine) as session:
        assert read_counts(session, campaign_id)["opinion"][FORMS] == 1


def test_every_answer_is_counted(engine: Engine, campaign_id: int) -> None:
    send(engine, campaign_id)
    send(engine, campaign_id, {"q.visit": ["weekly"]}, n=1)
    with reading(engine) as session:
        counts = read_counts(session, campaign_id)["opinion"]
    assert counts == {
        FORMS: 2,
        ("visit", ""): 2,
        ("visit", "weekly"): 2,
        ("likes", ""): 1,
        ("likes", "staff"): 1,
        ("likes", "prices"): 1,
        ("rating", ""): 1,
        ("rating", "10"): 1,
        ("wish", ""): 1,
        ("news", ""): 2,
        ("news", "yes"): 1,
        ("news", "no"): 1,
    }


def test_a_box_that_is_ticked_is_a_consent_on_record_and_an_empty_one_is_none(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        for person in session.exec(select(Contact)):
            person.marketing_consent_at = None
    send(engine, campaign_id)
    send(engine, campaign_id, {"q.visit": ["weekly"]}, n=1)
    with reading(engine) as session:
        (consent,) = session.exec(select(Consent)).all()
        assert (consent.purpose, consent.granted, consent.source, consent.occurred_at) == ("marketing", True, "page", LATER)
        stamps = [session.get(Contact, id).marketing_consent_at for id in _contacts(session, campaign_id)]  # type: ignore[union-attr]
        assert stamps == [LATER, None, None]


def test_a_consent_that_is_older_moves_no_stamp_back(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        for person in session.exec(select(Contact)):
            person.marketing_consent_at = LATER + timedelta(days=1)
    send(engine, campaign_id)
    with reading(engine) as session:
        assert {person.marketing_consent_at for person in session.exec(select(Contact))} == {LATER + timedelta(days=1)}


def test_the_workspaces_systems_are_told_once(engine: Engine, workspace_id: int, campaign_id: int, keyring: Any) -> None:
    with writing(engine) as session:
        add_endpoint(session, keyring, Owner(workspace_id, None), (), "https://shop.example/h", ["survey.answered"], NOW)
    send(engine, campaign_id)
    send(engine, campaign_id)
    with reading(engine) as session:
        (event,) = session.exec(select(WebhookEvent)).all()
    told = orjson.loads(event.body)
    assert told["type"] == "survey.answered" and told["data"]["block"] == "opinion"
    assert told["data"]["message"] == {"campaign_id": f"cmp_{campaign_id}", "n": 0}
    assert told["data"]["answers"][1:3] == [
        {"question": "likes", "kind": "several", "answer": ["staff", "prices"]},
        {"question": "rating", "kind": "scale", "answer": 10},
    ]


THANKFUL = form(thank_you_sms={"fr": "Merci {pour} votre avis }} %}"})


def test_thanks_are_sent_once_as_a_transactional_message_from_the_same_sender(engine: Engine, campaign_id: int) -> None:
    send(engine, campaign_id, block=THANKFUL)
    send(engine, campaign_id, block=THANKFUL)
    with reading(engine) as session:
        (text,) = session.exec(select(MessageText)).all()
        assert text.text == "Merci {pour} votre avis }} %}"
        campaign = session.get(Campaign, text.campaign_id)
        message = session.get(Message, (text.campaign_id, text.n))
        first = session.get(Message, (campaign_id, 0))
        assert campaign and campaign.sender == "36180" and campaign.kind == "single"
        assert message and first and (message.number, message.contact_id) == (first.number, first.contact_id)


def test_who_said_stop_is_thanked_on_the_page_alone(engine: Engine, workspace_id: int, campaign_id: int) -> None:
    with writing(engine) as session:
        message = session.get(Message, (campaign_id, 0))
        assert message
        suppress(session, [workspace_id], message.number, NOW, NOW)
    assert send(engine, campaign_id, block=THANKFUL) == "stored"
    with reading(engine) as session:
        assert session.exec(select(MessageText)).all() == []


def test_if_the_thanks_cannot_be_stored_nothing_is(engine: Engine, campaign_id: int, monkeypatch: Any) -> None:
    def crash(*_: Any) -> None:
        raise OSError("killed")

    monkeypatch.setattr("linksvc.landing.surveys._thank", crash)
    with pytest.raises(OSError, match="killed"):
        send(engine, campaign_id, block=THANKFUL)
    with reading(engine) as session:
        assert session.exec(select(SurveyAnswer)).all() == [] and read_counts(session, campaign_id) == {}
        assert session.exec(select(Consent)).all() == []


def _contacts(session: Any, campaign_id: int) -> list[int]:
    found = select(Message.contact_id).where(Message.campaign_id == campaign_id).order_by(Message.n)  # type: ignore[arg-type]
    return list(session.exec(found))


def test_a_page_of_answers_is_read_in_the_order_of_an_index(sqlite_url: str) -> None:
    """However many answers there are, SQLite sorts none of them. PostgreSQL chooses by what it knows of the rows."""
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 3)
    for n in range(3):
        send(engine, campaign_id, n=n)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, values, *_: asked.append((statement, values)))
    with reading(engine) as session:
        for block in ("opinion", None):
            for newest_first in (True, False):
                first = list_forms(session, campaign_id, block, limit=1, newest_first=newest_first)
                second = list_forms(session, campaign_id, block, first.next_cursor or "", 5, newest_first=newest_first)
                assert [one.n for one in first.forms + second.forms] == ([2, 1, 0] if newest_first else [0, 1, 2])
        plans = [
            str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
            for statement, values in list(asked)
            if statement.startswith("SELECT survey_answer")
        ]
    engine.dispose()
    assert len(plans) == 8 and not [plan for plan in plans if "TEMP B-TREE" in plan]
