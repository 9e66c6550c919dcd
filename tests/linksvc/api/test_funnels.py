"""Funnels by cohort and breakdown, timelines, delivery reports, comparisons and trends over the API."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from linksvc.database import writing
from linksvc.models import Campaign
from tests import factories
from tests.dashboards.scenes import EXPECTED, eventful_campaign
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem

COHORT = {"from": "2026-11-20T09:00:00Z", "to": "2026-11-20T10:15+01:00"}


def _eur(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def address(api: Api) -> str:
    return f"/v1/campaigns/cmp_{eventful_campaign(api.engine, api.workspace_id)}"


def test_a_funnel_has_what_it_takes_to_check_its_rates(api: Api, address: str) -> None:
    funnel = api.get(f"{address}/funnel").json()
    assert {stage: funnel["stages"].get(stage, funnel["occurrences"].get(stage)) for stage in EXPECTED} == EXPECTED
    clicked = funnel["rates"]["clicked"]
    assert (clicked["numerator"], clicked["denominator"], clicked["of"]) == (3, 8, "seen")
    assert clicked["interval"]["low"] == pytest.approx(0.1368, abs=1e-4)
    bounds = funnel["click_bounds"]
    assert (bounds["suspects"], bounds["suspects_out"]["numerator"], bounds["suspects_in"]["numerator"]) == (1, 3, 4)
    assert (funnel["net_revenue"], funnel["late_revenue"]) == ([_eur(140_000)], [_eur(7_000)])
    assert funnel["investment"]["reason"] == "unpriced"
    assert (funnel["attribution_days"], funnel["provisional"], funnel["provisional_until"]) == (7, True, None)
    assert funnel["definitions"].endswith("/definitions")
    assert (funnel["cohort"], funnel["breakdown"]) == (None, None)


def test_a_sent_campaign_says_until_when_it_is_provisional(api: Api, address: str) -> None:
    with writing(api.engine) as session:
        session.exec(update(Campaign).where(col(Campaign.workspace_id) == api.workspace_id).values(state="sent"))
    funnel = api.get(f"{address}/funnel").json()
    assert funnel["provisional"]
    assert funnel["provisional_until"] == (NOW + timedelta(days=7, minutes=15)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("by", ["variant", "segment", "route", "country", "network", "device", "hour"])
def test_the_rows_of_a_breakdown_add_up_to_the_whole(sqlite_api: Api, by: str) -> None:
    campaign_id = eventful_campaign(sqlite_api.engine, sqlite_api.workspace_id)
    funnel = sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/funnel", params={"by": by}).json()
    breakdown = funnel["breakdown"]
    assert (breakdown["by"], breakdown["timezone"]) == (by, "Europe/Paris" if by == "hour" else None)
    for stage, count in funnel["stages"].items():
        assert sum(row["stages"][stage] for row in breakdown["rows"]) == count
    for name, count in funnel["occurrences"].items():
        rest = breakdown["in_no_row"].get(name, 0)
        assert sum(row["occurrences"][name] for row in breakdown["rows"]) + rest == count
    assert breakdown["in_no_row"] == {"hit_human": 1, "hit_unnamed": 1}


def test_a_cohort_holds_those_submitted_in_its_time(api: Api, address: str) -> None:
    funnel = api.get(f"{address}/funnel", params=COHORT).json()
    assert (funnel["stages"]["submitted"], funnel["occurrences"]["hit_unnamed"]) == (EXPECTED["submitted"], 0)
    assert funnel["cohort"] == {"from": "2026-11-20T09:00:00Z", "to": "2026-11-20T09:15:00Z"}
    later = api.get(f"{address}/funnel", params={"from": "2026-11-20T09:15:00+00:00", "by": "country"}).json()
    assert (later["stages"]["produced"], later["breakdown"]["rows"], later["rates"]["clicked"]["rate"]) == (0, [], None)


def test_a_timeline_tells_when_it_happened(api: Api, address: str) -> None:
    told = api.get(f"{address}/timeline", params={"stage": "redemption", "step": "hour"}).json()
    assert (told["timezone"], told["total"]) == ("Europe/Paris", 4)
    assert [step["since"] for step in told["steps"]] == ["2026-11-20T10:00:00+01:00"]
    assert told["steps"][0]["amounts"] == [{"amount": 141_400, "currency": "EUR"}]
    days = api.get(f"{address}/timeline", params={"stage": "clicked", "step": "day", "timezone": "Asia/Kathmandu"}).json()
    assert [(step["since"], step["count"]) for step in days["steps"]] == [("2026-11-20T00:00:00+05:45", 3)]


def test_what_became_of_the_messages_adds_up(api: Api, address: str) -> None:
    report = api.get(f"{address}/deliveries").json()
    assert sum(bucket["count"] for bucket in report["buckets"]) == report["submitted"] == EXPECTED["submitted"]
    assert report["unaccounted"] == 0
    assert sum(line["count"] for line in report["causes"] if line["state"] == "failed") == EXPECTED["failed"]
    assert report["latency"]["known"] == EXPECTED["delivered"]
    for bucket in report["buckets"]:
        if bucket["count"]:
            assert api.get(bucket["messages"]).json()["total"] == bucket["count"], bucket
        else:
            assert bucket["messages"] is None


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("funnel", {"by": "colour"}, "breakdown_unknown", "by"),
    ("funnel", {"from": "yesterday"}, "moment_invalid", "from"),
    ("funnel", {"to": "2026-11-20T09:00:00"}, "moment_invalid", "to"),
    ("funnel", {"to": "9999-12-31T23:45:00Z"}, "moment_invalid", "to"),
    ("funnel", {"from": "2026-11-20T09:07:00Z"}, "cohort_invalid", "from"),
    ("funnel", {"from": "2026-11-20T09:00Z", "to": "2026-11-20T09:00Z"}, "cohort_invalid", "to"),
    ("funnel", {"colour": "red"}, "invalid_request", "colour"),
    ("timeline", {}, "invalid_request", "stage"),
    ("timeline", {"stage": "opened"}, "unknown_stage", "stage"),
    ("timeline", {"stage": "clicked", "step": "week"}, "invalid_request", "step"),
    ("timeline", {"stage": "clicked", "timezone": "Mars/Base"}, "timezone_unknown", "timezone"),
    ("timeline", {"stage": "clicked", "from": "2026-11-20T09:01Z"}, "range_invalid", "from"),
    ("timeline", {"stage": "clicked", "from": "0001-01-01T00:00+14:00"}, "moment_invalid", "from"),
    (
        "timeline",
        {"stage": "clicked", "step": "day", "from": "0001-01-01T00:00Z", "timezone": "America/New_York"},
        "moment_invalid",
        "from",
    ),
    (
        "timeline",
        {"stage": "clicked", "step": "quarter", "from": "2026-01-01T00:00Z", "to": "2026-12-01T00:00Z"},
        "range_too_long",
        "step",
    ),
]


def test_every_wrong_parameter_is_named(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    campaign_id = eventful_campaign(sqlite_api.engine, sqlite_api.workspace_id)
    for path, params, code, field in WRONG:
        with subtests.test(path=path, params=params):
            answer = sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/{path}", params=params)
            assert check_problem(answer, 422, code)["errors"][0]["field"] == field


def test_another_workspaces_campaign_has_no_reports(sqlite_api: Api) -> None:
    theirs = eventful_campaign(sqlite_api.engine, factories.workspace(sqlite_api.engine, "Elsewhere"))
    for path in ("funnel", "timeline?stage=clicked", "deliveries"):
        check_problem(sqlite_api.get(f"/v1/campaigns/cmp_{theirs}/{path}"), 404, "campaign_not_found")
    check_problem(sqlite_api.get(f"/v1/comparison?campaigns=cmp_{theirs}"), 404, "campaign_not_found")


def test_campaigns_are_held_against_the_first_and_the_last_ones(api: Api, address: str) -> None:
    with writing(api.engine) as session:
        session.exec(update(Campaign).where(col(Campaign.workspace_id) == api.workspace_id).values(state="sent"))
    second = eventful_campaign(api.engine, api.workspace_id, "Two")
    first = address.rpartition("/")[2]
    told = api.get("/v1/comparison", params={"campaigns": f"cmp_{second},{first},cmp_{second}"}).json()
    assert [one["campaign_id"] for one in told["campaigns"]] == [f"cmp_{second}", first]
    assert told["average"]["campaign_ids"] == [first]
    assert told["campaigns"][0]["differences"] == {}
    for apart in (told["campaigns"][1]["differences"]["clicked"], told["average"]["differences"]["clicked"]):
        assert (apart["difference"], apart["told"]) == (0, False)
        assert apart["low"] < 0 < apart["high"]


def test_a_comparison_of_none_or_too_many_is_refused(sqlite_api: Api) -> None:
    check_problem(sqlite_api.get("/v1/comparison?campaigns=,"), 422, "campaigns_missing")
    many = ",".join(f"cmp_{n}" for n in range(1, 8))
    check_problem(sqlite_api.get("/v1/comparison", params={"campaigns": many}), 422, "campaigns_too_many")
    check_problem(sqlite_api.get("/v1/comparison?campaigns=off_1"), 404, "not_found")


@pytest.mark.usefixtures("address")
def test_trends_tell_the_months(api: Api) -> None:
    told = api.get("/v1/trends", params={"months": 2}).json()
    assert [month["month"] for month in told["months"]] == ["2026-10-01", "2026-11-01"]
    before, now = told["months"]
    assert (before["submitted"], before["rates"]["clicked"]["rate"]) == (0, None)
    assert (now["submitted"], now["rates"]["redeemed"]["numerator"]) == (EXPECTED["submitted"], EXPECTED["redeemed"])
    assert (now["reachable"], now["since"]) == (24, "2026-11-01T00:00:00+01:00")
    check_problem(api.get("/v1/trends", params={"months": 0}), 422, "months_invalid")
