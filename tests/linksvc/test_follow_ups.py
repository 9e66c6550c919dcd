"""Sending again to the people behind a number, and leaving out who has done it meanwhile."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import col, select, update

from linksvc.applier import apply_batch
from linksvc.audiences import read_audience
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.database import open_engine, reading, writing
from linksvc.errors import Problem
from linksvc.facts import NewFact, record
from linksvc.follow_ups import NewFollowUp, create_follow_up
from linksvc.left_out import LEAVES_OUT, find_left_out
from linksvc.link_terms import LinkTerms
from linksvc.links import CAMPAIGN_LINK
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, Link, Message, Segment, SegmentMember
from linksvc.standing_campaigns import SINGLE
from tests import factories
from tests.factories import NOW

UNCLICKED = MessageFilter("produced", without=("clicked",))


def follow_up(engine: Engine, workspace_id: int, parent_id: int, new: NewFollowUp | None = None, now=NOW) -> int:
    with writing(engine) as session:
        return create_follow_up(session, workspace_id, parent_id, new or NewFollowUp("Rappel", UNCLICKED), now)


def refusal(engine: Engine, workspace_id: int, parent_id: int, new: NewFollowUp) -> Problem:
    with pytest.raises(Problem) as refused:
        follow_up(engine, workspace_id, parent_id, new)
    return refused.value


def test_a_follow_up_is_a_draft_of_the_same_to_the_people_behind_the_number(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    terms = LinkTerms(expires_at=NOW + timedelta(days=3), utm={"source": "sms"}, passed_parameters=("gclid",))
    written = NewCampaign(
        name="Soldes",
        kind="marketing",
        text="{{ first_name }} : {{ link }} {{ code }} {{ stop }}",
        sender="36180",
        destination_url="https://shop.example/?c={{ code }}",
        offer_id=offer_id,
        rate_per_s=42,
        audience="all",
        link_terms=terms,
    )
    people = factories.produced_campaign(engine, workspace_id, 3)
    with writing(engine) as session:
        parent_id = create_campaign(session, workspace_id, written, NOW)
        session.flush()
        messages = session.exec(select(Message).where(Message.campaign_id == people)).all()
        for message in messages:
            copied = message.model_dump() | {"campaign_id": parent_id, "clicked_at": NOW if message.n == 1 else None}
            session.add(Message(**copied))
    campaign_id = follow_up(engine, workspace_id, parent_id)
    with reading(engine) as session:
        parent, made = session.get_one(Campaign, parent_id), session.get_one(Campaign, campaign_id)
        same = ("kind", "text", "sender", "offer_id", "code_source", "rate_per_s")
        assert [getattr(made, name) for name in same] == [getattr(parent, name) for name in same]
        assert (made.name, made.state, made.parent_id, made.leave_out) == ("Rappel", "draft", parent_id, "clicked")
        links = [session.get_one(Link, (id, CAMPAIGN_LINK)) for id in (parent_id, campaign_id)]
        same = ("destination_url", "expires_at", "utm", "passed_parameters", "page_id", "fallback_url")
        assert [getattr(links[0], name) for name in same] == [getattr(links[1], name) for name in same]
        audience = read_audience(session, workspace_id, campaign_id)
        assert [(one.name, one.contacts) for one in audience.segments] == [("Rappel", 2)]
        assert (audience.parent_id, audience.leave_out) == (parent_id, ("clicked",))
        assert sorted(session.exec(select(SegmentMember.n))) == [0, 2]


def test_the_same_form_sent_twice_makes_one_draft_and_a_later_one_another(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    parent_id = factories.produced_campaign(engine, workspace_id, 2)
    first = follow_up(engine, workspace_id, parent_id)
    assert follow_up(engine, workspace_id, parent_id) == first
    others = [
        follow_up(engine, workspace_id, parent_id, NewFollowUp("Rappel", UNCLICKED, ("clicked", "redeemed"))),
        follow_up(engine, workspace_id, parent_id, NewFollowUp("Rappel", MessageFilter("produced"))),
        follow_up(engine, workspace_id, parent_id, now=NOW + timedelta(minutes=2)),
    ]
    assert len({first, *others}) == 4
    with reading(engine) as session:
        names = session.exec(select(Segment.name).order_by(col(Segment.id))).all()
        left_out = session.exec(select(Campaign.leave_out).where(col(Campaign.parent_id).is_not(None))).all()
    assert names == ["Rappel", "Rappel (2)", "Rappel (3)", "Rappel (4)"]
    assert sorted(left_out) == ["", "clicked", "clicked", "clicked redeemed"]


def test_what_cannot_be_sent_again_is_refused_and_leaves_nothing_behind(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    new = NewFollowUp("Rappel", UNCLICKED)
    single = factories.produced_campaign(engine, workspace_id, 1, kind=SINGLE)
    assert refusal(engine, workspace_id, single, new).code == "parent_without_text"
    offer_id = factories.offer(engine, workspace_id, ends_at=NOW)
    text = "{{ link }} {{ code }} {{ stop }}"
    over = factories.produced_campaign(engine, workspace_id, 1, offer_id=offer_id, text=text)
    assert refusal(engine, workspace_id, over, new).code == "offer_ended"
    good = factories.produced_campaign(engine, workspace_id, 1)
    assert refusal(engine, workspace_id, good, replace(new, name=" ")).code == "invalid_request"
    assert refusal(engine, workspace_id, good, replace(new, leave_out=("delivered",))).code == "leave_out_unknown"
    assert refusal(engine, workspace_id, good, replace(new, chosen=MessageFilter("clicked"))).code == "segment_empty"
    stranger = factories.workspace(engine, "Autre")
    assert refusal(engine, stranger, good, new).code == "campaign_not_found"
    with reading(engine) as session:
        assert session.exec(select(Segment.id)).all() == []
        assert session.exec(select(Campaign.id).where(col(Campaign.parent_id).is_not(None))).all() == []


ON_DOING: dict[str, tuple[NewFact, ...]] = {
    "clicked": (
        NewFact(0, "hit", "s:1", 0, NOW, "human", rules=1),
        NewFact(0, "verdict", "s:1:1", 0, NOW, "human", rules=2),
        NewFact(0, "interaction", "s:1", 0, NOW, "human", "1"),
    ),
    "engaged": (NewFact(0, "interaction", "s:1", 0, NOW, "human", "1"), NewFact(0, "participated", "draw:0:b", 0, NOW)),
    "redeemed": (NewFact(0, "redeemed", "rdm_1", 0, NOW, amount_minor=1, currency="EUR"),),
    "paid": (NewFact(0, "paid", "pay_1", 0, NOW, amount_minor=1, currency="EUR"),),
    "replied": (NewFact(0, "reply", "in_1", 0, NOW, "text"),),
}


def left_out(engine: Engine, workspace_id: int, campaign_id: int, stages: Collection[str]) -> set[int]:
    """The parent's messages whose people are left out."""
    with reading(engine) as session:
        campaign = session.get_one(Campaign, campaign_id)
        ns = {row.contact_id: row.n for row in session.exec(select(SegmentMember))}
        parent_id = campaign.parent_id or 0
        return {ns[id] for id in find_left_out(session, workspace_id, campaign_id, parent_id, stages, set(ns))}


@pytest.mark.parametrize("stage", LEAVES_OUT)
def test_what_was_recorded_leaves_out_before_and_after_it_is_stamped(engine: Engine, stage: str) -> None:
    workspace_id = factories.workspace(engine)
    for fact in ON_DOING[stage]:
        parent_id = factories.produced_campaign(engine, workspace_id, 3)
        with writing(engine) as session:
            session.exec(SegmentMember.__table__.delete())  # type: ignore[attr-defined]
        campaign_id = follow_up(engine, workspace_id, parent_id, NewFollowUp("Rappel", MessageFilter("produced")))
        assert left_out(engine, workspace_id, campaign_id, LEAVES_OUT) == set()
        with writing(engine) as session:
            record(session, [fact._replace(campaign_id=parent_id, n=1)], NOW)
        assert left_out(engine, workspace_id, campaign_id, [stage]) == {1}
        others = [other for other in LEAVES_OUT if other != stage and fact.kind != "interaction"]
        assert left_out(engine, workspace_id, campaign_id, others) == set()
        with writing(engine) as session:
            session.exec(update(Message).values(**{f"{stage}_at": None}))
            mine = (col(Message.campaign_id) == parent_id, col(Message.n) == 2)
            session.exec(update(Message).where(*mine).values(**{f"{stage}_at": NOW}))
        assert left_out(engine, workspace_id, campaign_id, [stage]) == {1, 2}


def test_a_machines_visit_and_what_cannot_be_seen_leave_nobody_out(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    parent_id = factories.produced_campaign(engine, workspace_id, 2, tracked=1)
    campaign_id = follow_up(engine, workspace_id, parent_id, NewFollowUp("Rappel", MessageFilter("produced")))
    learnt = [
        NewFact(parent_id, "hit", "s:1", 0, NOW, "machine", rules=1),
        NewFact(parent_id, "hit", "s:2", 0, NOW, "suspect", rules=1),
        NewFact(parent_id, "hit", "s:3", None, NOW, "human", rules=1),
        NewFact(parent_id, "participated", "draw:1:b", 1, NOW),
    ]
    with writing(engine) as session:
        record(session, learnt, NOW)
    assert left_out(engine, workspace_id, campaign_id, LEAVES_OUT) == set()


def test_who_does_it_after_the_campaigns_window_is_left_out_too(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    parent_id = factories.produced_campaign(engine, workspace_id, 2)
    campaign_id = follow_up(engine, workspace_id, parent_id)
    late = NOW + timedelta(days=60)
    with writing(engine) as session:
        record(session, [NewFact(parent_id, "accepted", "0.1.1", 0, NOW, parts=1)], NOW)
    factories.learn_hits(engine, factories.hit(parent_id, 0, 0, "human", occurred_at=late), recorded_at=late)
    for applied in (False, True):
        while applied and apply_batch(engine, parent_id, "test", lambda: late):
            pass
        assert left_out(engine, workspace_id, campaign_id, ["clicked"]) == {0}


def test_leaving_out_reads_pending_facts_by_their_index(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _s, statement, given, *_: asked.append((statement, given)))
    workspace_id = factories.workspace(engine)
    parent_id = factories.produced_campaign(engine, workspace_id, 2)
    campaign_id = follow_up(engine, workspace_id, parent_id)
    for stages in chain.from_iterable(combinations(LEAVES_OUT, size) for size in (1, 2, 5)):
        assert left_out(engine, workspace_id, campaign_id, stages) == set()
        statement, given = asked[-1]
        with reading(engine) as session:
            plan = str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all())
        assert "USING INDEX ix_fact_pending" in plan, plan
        assert "SCAN message" not in plan, plan
    engine.dispose()
