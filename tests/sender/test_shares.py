"""A campaign's pace over several processes: their shares never add up to more than its rate."""

import asyncio
from datetime import timedelta
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.clock import now as wall_clock
from linksvc.database import reading, writing
from linksvc.models import CampaignShare
from sender.binds import worker_name
from sender.messages import OpenCampaign
from sender.pacing import BURST_S, SharedPacer, pace
from sender.shares import LASTS, RENEW_S, USED_S, Share, Shares, give_up, renew_share
from tests import factories
from tests.factories import NOW


@pytest.fixture
def campaign_id(engine: Engine) -> int:
    return factories.produced_campaign(engine, factories.workspace(engine), 0)


def opened(campaign_id: int, rate_per_s: int) -> OpenCampaign:
    return OpenCampaign(campaign_id, 1, "marketing", "36180", "Bonjour", rate_per_s)


def most_in_a_second(times: list[float]) -> int:
    return max(sum(first <= time < first + 1 for time in times) for first in times)


def test_a_newcomer_begins_with_nothing_and_takes_what_was_given_up(engine: Engine, campaign_id: int) -> None:
    def renewed(holder: str, seconds: float = 0.0) -> Share:
        with writing(engine) as session:
            return renew_share(session, campaign_id, holder, 100, NOW + timedelta(seconds=seconds))

    assert renewed("a") == Share(100.0, BURST_S)
    assert renewed("b").rate_per_s == 0.0
    assert renewed("a").rate_per_s == 50.0
    assert renewed("b", 2.0).rate_per_s == 50.0
    with writing(engine) as session:
        give_up(session, [campaign_id], "b")
    assert renewed("a", 2.0).rate_per_s == 100.0
    # The share of a holder that is lost elsewhere runs out.
    assert renewed("c", 4.9).rate_per_s == 0.0
    assert renewed("c", 5.0).rate_per_s == 100.0


def test_a_holder_that_died_on_this_machine_has_no_share_any_more(engine: Engine, campaign_id: int) -> None:
    host, process, started, *rest = worker_name(0).split(":")
    dead = ":".join([host, process, f"{started}0", *rest])
    with writing(engine) as session:
        assert renew_share(session, campaign_id, dead, 100, NOW).rate_per_s == 100.0
        assert renew_share(session, campaign_id, "a", 100, NOW).rate_per_s == 100.0


def test_a_slow_campaign_has_as_many_holders_as_may_each_be_a_fragment_early(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        assert renew_share(session, campaign_id, "a", 5, NOW).rate_per_s == 5.0
        assert renew_share(session, campaign_id, "b", 5, NOW) == Share(0.0, 0.0)
        assert renew_share(session, campaign_id, "a", 5, NOW).rate_per_s == 5.0
        assert session.exec(select(CampaignShare.worker)).all() == ["a"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([1, 5, 20, 45, 200]),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["renew", "renew", "pause", "leave"])), min_size=4, max_size=40),
)
def test_live_shares_never_add_up_to_more_than_the_rate(
    engine: Engine, campaign_id: int, rate: int, steps: list[tuple[int, str]]
) -> None:
    """Holders renew in any order, stand still, and leave; each believes what it was told last, until its time is over."""
    believed: dict[int, tuple[Share, float]] = {}
    clock = 0.0
    with writing(engine) as session:
        for holder, step in steps:
            clock += 0.37
            if step == "renew":
                at = NOW + timedelta(seconds=clock)
                believed[holder] = (renew_share(session, campaign_id, str(holder), rate, at), clock + USED_S)
            elif step == "leave":
                give_up(session, [campaign_id], str(holder))
                believed.pop(holder, None)
            live = [share for share, until in believed.values() if clock < until and share.rate_per_s]
            whole = sum(share.rate_per_s for share in live)
            early = sum(1 + share.burst_s * share.rate_per_s for share in live)
            assert whole <= rate + 1e-6
            assert whole + early <= 1.05 * rate + 1 + 1e-6
        session.rollback()


@given(
    st.lists(
        st.tuples(st.floats(0.001, 0.4), st.floats(0, 0.02), st.sampled_from([0.0, 0.5, 7.0, 20.0, 40.0])),
        min_size=1,
        max_size=60,
    )
)
def test_a_pace_that_changes_lets_go_no_more_than_its_rates_add_up_to(changes: list[tuple[float, float, float]]) -> None:
    pacer, now, taken, allowed = SharedPacer(), 0.0, [], 0.0
    for lasts, late, rate in changes:
        pacer.grant(now, rate, 0.0, inf)
        end = now + lasts
        while pacer.ready_at(now) <= end:
            now = min(max(now, pacer.ready_at(now)) + late, end)
            if pacer.ready_at(now) <= now:
                pacer.take(now)
                taken.append(now)
            if late and now >= end:
                break
        now = end
        allowed += rate * lasts
    assert len(taken) <= allowed + 1 + 1e-6


def test_without_a_grant_or_after_its_end_nothing_leaves() -> None:
    pacer = SharedPacer()
    assert pacer.ready_at(5.0) == inf
    pacer.grant(5.0, 10.0, 0.0, until=6.0)
    assert pacer.ready_at(5.0) <= 5.0
    assert pacer.ready_at(6.0) == inf


async def test_two_processes_keep_the_paces_of_one(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaigns = [opened(factories.produced_campaign(engine, workspace_id, 0), rate) for rate in (5, 20, 200)]
    loop = asyncio.get_running_loop()
    ends = loop.time() + 2.5
    times: dict[tuple[int, int], list[float]] = {}

    async def send(nth: int, shares: Shares, campaign: OpenCampaign) -> None:
        sent = times[campaign.rate_per_s, nth] = []
        await asyncio.sleep(0.6 * nth)
        while await pace([shares.pacer(campaign)], until=ends):
            sent.append(loop.time())

    both = [Shares(engine, wall_clock), Shares(engine, wall_clock)]
    keepers = [asyncio.create_task(shares.keep()) for shares in both]
    await asyncio.gather(*(send(nth, shares, campaign) for nth, shares in enumerate(both) for campaign in campaigns))
    for keeper in keepers:
        keeper.cancel()
    await asyncio.gather(*keepers, return_exceptions=True)
    for rate in (5, 20, 200):
        first, second = times[rate, 0], times[rate, 1]
        assert most_in_a_second(sorted(first + second)) <= 1.05 * rate + 1
        assert first and bool(second) == (rate > 5)
    with reading(engine) as session:
        assert session.exec(select(CampaignShare)).all() == []


async def test_a_holder_that_cannot_renew_stops_before_others_may_take_its_share(engine: Engine, campaign_id: int) -> None:
    assert RENEW_S < USED_S < LASTS.total_seconds() - 0.9
    shares = Shares(engine, wall_clock)
    pacer = shares.pacer(opened(campaign_id, 100))
    loop = asyncio.get_running_loop()
    await shares.renew()
    now = loop.time()
    assert pacer.ready_at(now) <= now
    with reading(engine) as session:
        (row,) = session.exec(select(CampaignShare)).all()
    # By then its own clock, of the event loop, has passed the end of what it was granted; others wait for `until`.
    assert pacer.ready_at(now + USED_S) == inf
    assert row.until > wall_clock() + timedelta(seconds=USED_S)
