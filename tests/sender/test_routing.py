"""Which messages go by which route, by weights, coverage and health."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.models import SendBatch
from linksvc.route_coverage import Coverage, weight_for
from linksvc.send_batches import LANES, MOST_MESSAGES, lane_of
from sender.routing import LaneRange, Shares
from tests import factories

A, B, C = 1, 2, 3
COUNTRIES, NETWORKS = ("", "FR", "GB"), ("", "20801", "20810")


def carrier(shares: Shares, country: str, network: str, lane: int, routes: tuple[int, ...] = (A, B, C)) -> list[int]:
    """The routes that would claim a batch, as the ranges and the rules of their places say."""
    place = next(one for one in ((country, network), (country, ""), ("", "")) if one in shares.places)
    return [
        id
        for id in routes
        for one in shares.of_route(id)
        if (one.country, one.network) == place and one.first <= lane < one.end
    ]


coverages = st.dictionaries(
    st.sampled_from((A, B, C)),
    st.dictionaries(
        st.sampled_from([("", ""), ("FR", ""), ("FR", "20801"), ("GB", ""), ("GB", "20810")]),
        st.sampled_from((0, 1, 30, 70)),
    ).map(lambda told: [Coverage(*place, weight) for place, weight in told.items()]),
)


@given(
    coverages,
    st.sets(st.sampled_from((A, B, C))),
    st.sets(st.sampled_from((A, B, C))),
    st.sampled_from(COUNTRIES),
    st.sampled_from(NETWORKS),
    st.integers(0, LANES - 1),
)
def test_every_message_that_is_covered_has_one_route_and_it_works_if_any_does(
    coverage: dict[int, list[Coverage]], enabled: set[int], working: set[int], country: str, network: str, lane: int
) -> None:
    shares = Shares.of(enabled, coverage, working)
    found = carrier(shares, country, network, lane)
    weights = {id: weight_for(shares.coverage[id], country, network) for id in enabled}
    able = {id for id, weight in weights.items() if weight is not None}
    assert len(found) == bool(able)
    assert shares.covers(country, network) == bool(able)
    if found:
        assert found[0] in able
        if able & working:
            assert found[0] in working
            assert weights[found[0]] or not any(weights[id] for id in able & working)


def test_lanes_are_divided_by_weight() -> None:
    shares = Shares.of((A, B), {A: [Coverage(weight=70)], B: [Coverage(weight=30)]}, (A, B))
    assert shares.of_route(A) == (LaneRange("", "", 0, 7_000),)
    assert shares.of_route(B) == (LaneRange("", "", 7_000, 10_000),)
    assert shares == Shares.of((B, A), {B: [Coverage(weight=30)], A: [Coverage(weight=70)]}, (B, A))


def test_batches_of_a_campaign_are_split_by_weight_within_a_binomial_bound() -> None:
    shares = Shares.of((A, B), {A: [Coverage(weight=70)], B: [Coverage(weight=30)]}, (A, B))
    for campaign_id in (1, 2, 3):
        batches = range(0, 200_000, MOST_MESSAGES)
        by_a = sum(carrier(shares, "FR", "", lane_of(campaign_id, first_n)) == [A] for first_n in batches)
        spread = (len(batches) * 0.7 * 0.3) ** 0.5
        assert abs(by_a - 0.7 * len(batches)) < 4 * spread


def test_a_route_that_fails_leaves_its_lanes_to_the_others_and_gets_a_probe() -> None:
    shares = Shares.of((A, B), {}, (B,))
    assert shares.of_route(A) == ()
    assert shares.of_route(B) == (LaneRange("", "", 0, LANES),)
    assert shares.of_probe(A) == (LaneRange("", "", 0, LANES // 2),)
    assert shares.has_others(A, "FR", "") and not shares.has_others(B, "FR", "")


def test_a_route_that_fails_carries_what_nobody_else_can_before_others_know_of_it() -> None:
    coverage = {A: [Coverage("FR"), Coverage("GB")], B: [Coverage("FR")]}
    assert Shares.of((A, B), coverage, (A, B)).of_failing(A) == (LaneRange("GB", "", 0, LANES),)
    assert Shares.of((A,), {}, (A,)).of_failing(A) == (LaneRange("", "", 0, LANES),)


def test_a_spare_route_is_used_while_all_others_fail_and_probes_on_all_it_covers() -> None:
    coverage = {A: [Coverage("FR")], B: [Coverage("FR", weight=0)]}
    assert Shares.of((A, B), coverage, (A, B)).of_route(B) == ()
    assert Shares.of((A, B), coverage, (B,)).of_route(B) == (LaneRange("FR", "", 0, LANES),)
    assert Shares.of((A, B), coverage, (A,)).of_probe(B) == (LaneRange("FR", "", 0, LANES),)


def test_when_no_route_works_each_tries_its_usual_share() -> None:
    assert Shares.of((A, B), {}, ()).of_route(B) == (LaneRange("", "", 5_000, LANES),)
    assert Shares.of((A, B), {}, ()).of_route(C) == ()


@pytest.mark.parametrize("ask_probe", [False, True])
def test_the_condition_finds_the_batches_that_the_rules_mean(engine: Engine, ask_probe: bool) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.campaign(engine, workspace_id, state="sending")
    now = datetime.now(UTC)
    places = [
        (country, network, lane) for country in ("", "FR", "GB", "BE") for network in NETWORKS for lane in (0, 6_999, 7_000)
    ]
    with writing(engine) as session:
        for n, (country, network, lane) in enumerate(places):
            session.add(
                SendBatch(
                    campaign_id=campaign_id, first_n=n, size=1, country=country, network=network, lane=lane, due_at=now
                )
            )
    coverage = {
        A: [Coverage("FR", "", 70), Coverage("FR", "20801", 100)],
        B: [Coverage("", "", 50), Coverage("FR", "", 30), Coverage("GB", "20810", 0)],
    }
    for working in ((A, B), (A,), (B,), ()):
        shares = Shares.of((A, B), coverage, working)
        for id in (A, B):
            ranges = shares.of_probe(id) if ask_probe else shares.of_route(id)
            with reading(engine) as session:
                found = set(session.exec(select(SendBatch.first_n).where(shares.condition(ranges))))
            if not ask_probe:
                expected = {n for n, place in enumerate(places) if carrier(shares, *place) == [id]}
                assert found == expected
            else:
                assert found <= {
                    n for n, place in enumerate(places) if weight_for(coverage[id], place[0], place[1]) is not None
                }
                assert found
