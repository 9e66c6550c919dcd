"""What is checked at the last moment."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.database import writing
from linksvc.models import Campaign, Contact, Message, Suppression
from sender.checks import Decisions, decide
from sender.messages import OpenCampaign
from tests import factories
from tests.factories import NOW


def decided(engine: Engine, campaign_id: int, now=NOW) -> Decisions[Message]:
    """Asks about every message of the campaign."""
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        campaign = OpenCampaign(campaign_id, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s)
        messages = session.exec(select(Message).where(Message.campaign_id == campaign_id).order_by(Message.n)).all()
        session.expunge_all()
        return decide(session, campaign, messages, now)


def change(engine: Engine, campaign_id: int, **fields: object) -> None:
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        for name, value in fields.items():
            setattr(row, name, value)


def test_stop_and_withdrawn_consent_are_seen_at_the_last_moment(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 4)
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(Contact.id)).all()
        stop = Suppression(
            workspace_id=workspace_id, number=people[1].number, reason="stop", occurred_at=NOW, recorded_at=NOW
        )
        session.add(stop)
        people[2].marketing_consent_at = None
    decisions = decided(engine, campaign_id)
    assert [message.n for message in decisions.allowed] == [0, 3]
    assert decisions.unsent == {1: "stopped", 2: "stopped"}


def test_a_transactional_message_needs_no_consent_but_heeds_stop(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2, kind="transactional")
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(Contact.id)).all()
        for person in people:
            person.marketing_consent_at = None
        stop = Suppression(
            workspace_id=workspace_id, number=people[0].number, reason="stop", occurred_at=NOW, recorded_at=NOW
        )
        session.add(stop)
    decisions = decided(engine, campaign_id)
    assert [message.n for message in decisions.allowed] == [1]
    assert decisions.unsent == {0: "stopped"}


@pytest.mark.parametrize(
    ("fields", "waiting", "unsent"),
    [
        ({"paused_at": NOW}, [0, 1], {}),
        ({"cancelled_at": NOW}, [], {0: "cancelled", 1: "cancelled"}),
        ({"cancelled_at": NOW, "paused_at": NOW}, [], {0: "cancelled", 1: "cancelled"}),
        ({"expires_at": NOW}, [], {0: "expired_unsent", 1: "expired_unsent"}),
        ({"expires_at": NOW, "paused_at": NOW}, [], {0: "expired_unsent", 1: "expired_unsent"}),
    ],
)
def test_nothing_leaves_a_campaign_that_was_stopped(
    engine: Engine, fields: dict[str, object], waiting: list[int], unsent: dict[int, str]
) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    change(engine, campaign_id, **fields)
    decisions = decided(engine, campaign_id)
    assert (list(decisions.allowed), list(decisions.waiting), decisions.unsent) == ([], waiting, unsent)


def test_a_campaign_leaves_until_it_expires(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    change(engine, campaign_id, expires_at=NOW + timedelta(seconds=1))
    assert len(decided(engine, campaign_id).allowed) == 1
