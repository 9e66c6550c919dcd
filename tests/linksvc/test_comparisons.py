"""What a campaign is held against: which campaigns, and what they came to together."""

import pytest
from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc.comparisons import average_of_last
from linksvc.database import reading, writing
from linksvc.errors import NotFound
from linksvc.models import Campaign
from linksvc.money import Money
from tests import factories
from tests.dashboards.scenes import EXPECTED, eventful_campaign, new_campaign


def sent(engine: Engine, *campaign_ids: int) -> None:
    with writing(engine) as session:
        session.exec(update(Campaign).where(col(Campaign.id).in_(campaign_ids)).values(state="sent"))


def test_a_campaign_is_held_against_those_that_were_sent_before_it(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    first, second = (eventful_campaign(engine, workspace_id, name) for name in ("One", "Two"))
    theirs = eventful_campaign(engine, factories.workspace(engine, "Elsewhere"), "Theirs")
    running, this, later = (new_campaign(engine, workspace_id, 3, name=name) for name in ("Three", "Four", "Five"))
    sent(engine, first, second, theirs, later)
    with reading(engine) as session:
        both = average_of_last(session, workspace_id, this, 5)
        newest = average_of_last(session, workspace_id, this, 1)
        none = average_of_last(session, workspace_id, first, 5)
    assert running not in both.campaign_ids
    assert both.campaign_ids == (second, first)
    assert {stage: both.counts[stage] for stage in EXPECTED} == {stage: 2 * count for stage, count in EXPECTED.items()}
    assert both.net_revenue == (Money(280_000, "EUR"),)
    assert newest.campaign_ids == (second,)
    assert newest.net_revenue == (Money(140_000, "EUR"),)
    assert (none.campaign_ids, none.net_revenue, set(none.counts.values())) == ((), (), {0})


def test_another_workspaces_campaign_is_held_against_nothing(engine: Engine) -> None:
    theirs = new_campaign(engine, factories.workspace(engine, "Elsewhere"), 1)
    with reading(engine) as session, pytest.raises(NotFound):
        average_of_last(session, factories.workspace(engine), theirs, 5)
