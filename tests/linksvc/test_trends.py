"""The months of a workspace: what each number counts, in the zone's own months, whatever is missing."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event
from sqlmodel import col, update

from linksvc.contacts import count_sendable
from linksvc.counters import rebuild
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.models import Consent, Contact, Message, Suppression
from linksvc.money import Money
from linksvc.trends import MOST_MONTHS, Trends, read_trends
from tests import factories
from tests.dashboards.scenes import EXPECTED, eventful_campaign
from tests.factories import NOW

PARIS = ZoneInfo("Europe/Paris")
END_OF_OCTOBER = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
"""A minute before November begins in Paris; in UTC it lasts an hour longer."""


def read(engine: Engine, workspace_id: int, months: int = 3) -> Trends:
    with reading(engine) as session:
        return read_trends(session, workspace_id, PARIS, NOW, months)


def add(engine: Engine, workspace_id: int, n: int, at: datetime, consents: int = 1) -> str:
    number = f"+3363998{n:04d}"
    stamp = {"created_at": at, "marketing_consent_at": at if consents else None}
    contact_id = factories.contact(engine, workspace_id, number, **stamp)
    with writing(engine) as session:
        for i in range(consents):
            moment = at + i * timedelta(days=20)
            session.add(
                Consent(
                    workspace_id=workspace_id,
                    contact_id=contact_id,
                    purpose="marketing",
                    granted=True,
                    source="import",
                    occurred_at=moment,
                    recorded_at=moment,
                )
            )
    return number


def stop(engine: Engine, workspace_id: int, number: str, at: datetime, reason: str = "stop") -> None:
    with writing(engine) as session:
        session.add(Suppression(workspace_id=workspace_id, number=number, reason=reason, occurred_at=at, recorded_at=at))


def test_the_list_grows_and_shrinks_by_the_zones_own_months(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    first = add(engine, workspace_id, 1, END_OF_OCTOBER, consents=2)
    add(engine, workspace_id, 2, END_OF_OCTOBER + timedelta(minutes=1))
    add(engine, workspace_id, 3, NOW, consents=0)
    old = add(engine, workspace_id, 4, NOW - timedelta(days=400))
    stop(engine, workspace_id, first, NOW)
    stop(engine, workspace_id, old, END_OF_OCTOBER, reason="other")
    # Who had been suppressed before the consent is not reachable, and never was.
    stop(engine, workspace_id, add(engine, workspace_id, 5, NOW), NOW - timedelta(days=1))
    add(engine, factories.workspace(engine, "Elsewhere"), 6, NOW)
    trends = read(engine, workspace_id)
    told = [(one.first_day.month, one.contacts_added, one.consents, one.opt_outs, one.reachable) for one in trends.months]
    assert told == [(9, 0, 0, 0, 1), (10, 1, 1, 0, 1), (11, 3, 2, 2, 1)]
    with reading(engine) as session:
        assert count_sendable(session, workspace_id) == trends.months[-1].reachable


def test_who_had_consented_before_is_reachable_from_when_they_were_in_the_list(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    add(engine, workspace_id, 1, NOW - timedelta(days=400))
    with writing(engine) as session:
        session.exec(update(Contact).values(created_at=NOW))
    told = [(month.contacts_added, month.reachable) for month in read(engine, workspace_id).months]
    assert told == [(0, 0), (0, 0), (1, 1)]


def test_messages_rates_and_money_are_of_the_month_in_which_they_were_submitted(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    for name in ("One", "Two"):
        eventful_campaign(engine, workspace_id, name)
    *before, now = read(engine, workspace_id).months
    for stage in ("submitted", "delivered", "seen", "clicked", "reached", "redeemed", "opted_out"):
        assert now.sums.counts[stage] == 2 * EXPECTED[stage]
    assert now.sums.net_revenue == (Money(280_000, "EUR"),)
    assert all(month.sums.counts["submitted"] == 0 and month.sums.net_revenue == () for month in before)


def test_a_campaign_of_two_months_is_told_in_both_and_one_of_an_earlier_month_in_none(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    minute, year = timedelta(minutes=1), timedelta(days=365)
    for start, end in ((END_OF_OCTOBER, END_OF_OCTOBER + minute), (NOW - year, NOW - year), (NOW - year, NOW), (NOW, NOW)):
        campaign_id = factories.produced_campaign(engine, workspace_id, 3)
        with writing(engine) as session:
            mine = update(Message).where(col(Message.campaign_id) == campaign_id)
            session.exec(mine.values(state="submitted", parts_accepted=1, submitted_at=start))
            session.exec(mine.where(col(Message.n) == 0).values(submitted_at=end))
            rebuild(session, campaign_id)
    assert [month.sums.counts["submitted"] for month in read(engine, workspace_id).months] == [0, 2, 1 + 1 + 3]


def test_months_without_anything_stand_there_too(engine: Engine) -> None:
    trends = read(engine, factories.workspace(engine), 14)
    assert [month.first_day for month in trends.months][::13] == [date(2025, 10, 1), date(2026, 11, 1)]
    assert {(month.contacts_added, month.reachable, month.sums.counts["submitted"]) for month in trends.months} == {
        (0, 0, 0)
    }


def test_as_many_statements_are_made_for_many_campaigns_as_for_one(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    statements: list[str] = []
    event.listen(engine, "after_cursor_execute", lambda *told: statements.append(told[2]))
    read(engine, workspace_id)
    few = len(statements)
    for n in range(5):
        eventful_campaign(engine, workspace_id, str(n))
    statements.clear()
    read(engine, workspace_id, 36)
    assert len(statements) == few


@pytest.mark.parametrize("months", [0, MOST_MONTHS + 1])
def test_too_many_months_are_refused(engine: Engine, months: int) -> None:
    with pytest.raises(InvalidRequest) as told:
        read(engine, factories.workspace(engine), months)
    assert told.value.code == "months_invalid"


def test_a_contact_without_consent_is_reachable_in_no_month(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    add(engine, workspace_id, 1, NOW)
    with writing(engine) as session:
        session.exec(update(Contact).where(col(Contact.workspace_id) == workspace_id).values(marketing_consent_at=None))
    assert [month.reachable for month in read(engine, workspace_id).months] == [0, 0, 0]
