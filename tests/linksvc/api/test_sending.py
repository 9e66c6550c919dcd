"""Sending, scheduling, pausing, resuming and cancelling over the API."""

from datetime import UTC, datetime

import pytest

from linksvc.database import writing
from linksvc.facts import record
from linksvc.holds import fact_of
from linksvc.models import Campaign, SendBatch
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_reports import add_campaign, apply

MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def address(api: Api) -> str:
    """A draft that can be sent."""
    factories.contact(api.engine, api.workspace_id)
    return f"/v1/campaigns/cmp_{factories.campaign(api.engine, api.workspace_id)}"


def test_a_campaign_is_scheduled_in_the_workspaces_zone_and_expires(api: Api, address: str) -> None:
    body = {"at": "2026-11-27T10:00", "expires_at": "2026-11-27T20:00:00+01:00"}
    answer = api.post(f"{address}/send", json=body)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["state"] == "scheduled"
    assert told["schedule"] == {"at": "2026-11-27T10:00:00", "timezone": "Europe/Paris"}
    assert (told["send_at"], told["expires_at"]) == ("2026-11-27T09:00:00Z", "2026-11-27T19:00:00Z")
    later = api.post(f"{address}/send", json={"at": "2026-11-28T10:00", "timezone": "recipient"}).json()
    assert later["schedule"] == {"at": "2026-11-28T10:00:00", "timezone": "recipient"}
    assert (later["send_at"], later["expires_at"]) == ("2026-11-27T20:00:00Z", None)


def test_an_empty_object_and_no_body_at_all_mean_now(api: Api, address: str) -> None:
    other = f"/v1/campaigns/cmp_{factories.campaign(api.engine, api.workspace_id)}"
    assert api.post(f"{address}/send", json={}).json()["state"] == "producing"
    told = api.post(f"{other}/send").json()
    assert (told["state"], told["schedule"], told["held"]) == ("producing", None, [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"at": "tomorrow"}, "schedule_invalid"),
        ({"timezone": "Europe/Paris"}, "schedule_invalid"),
        ({"at": "2026-11-27T10:00", "timezone": "Mars"}, "schedule_invalid"),
        ({"at": "2026-11-20T09:00"}, "schedule_past"),
        ({"expires_at": "2026-11-20T09:00:00Z"}, "expiry_invalid"),
        ({"expires_at": "2026-11-27T09:00:00"}, "invalid_request"),
        ({"when": "now"}, "invalid_request"),
    ],
)
def test_times_that_cannot_be_are_told(api: Api, address: str, body: dict[str, str], code: str) -> None:
    problem = check_problem(api.post(f"{address}/send", json=body), 422, code)
    assert problem["errors"][0]["field"] in body or code == "schedule_invalid"
    assert api.get(address).json()["state"] == "draft"


def test_a_campaign_is_paused_resumed_and_cancelled(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{add_campaign(api, 5)}"
    assert api.post(f"{address}/pause").json()["paused_at"] == "2026-11-20T09:00:00Z"
    assert api.post(f"{address}/resume").json()["paused_at"] is None
    cancelled = api.post(f"{address}/cancel").json()
    assert (cancelled["state"], cancelled["cancelled_at"]) == ("sending", "2026-11-20T09:00:00Z")
    check_problem(api.post(f"{address}/pause"), 409, "campaign_not_running")
    check_problem(api.post(f"{address}/resume"), 409, "campaign_not_running")
    assert api.post(f"{address}/cancel").status_code == 200


def test_what_does_not_run_cannot_be_paused_and_others_campaigns_are_not_found(api: Api, address: str) -> None:
    check_problem(api.post(f"{address}/pause"), 409, "campaign_not_running")
    reader = api.make_key("campaigns:read")
    stranger = api.make_key(workspace_id=factories.workspace(api.engine, "Autre"))
    for wish in ("pause", "resume", "cancel"):
        assert api.post(f"{address}/{wish}", key=reader).status_code == 403
        check_problem(api.post(f"{address}/{wish}", key=stranger), 404, "campaign_not_found")
    assert api.post(f"{address}/cancel").json()["state"] == "cancelled"


def test_what_is_held_back_is_told_with_its_reason_and_its_end(api: Api) -> None:
    campaign_id = add_campaign(api, 5)
    with writing(api.engine) as session:
        for batch in session.exec(SendBatch.__table__.select().where(SendBatch.campaign_id == campaign_id)):
            session.exec(SendBatch.__table__.delete().where(SendBatch.first_n == batch.first_n))
        fields = {"country": "FR", "due_at": MORNING, "reason": "quiet_hours"}
        session.add(SendBatch(campaign_id=campaign_id, first_n=2, size=2, **fields))
        record(session, [fact_of(campaign_id, n, "quiet_hours", MORNING, NOW) for n in (2, 3)], NOW)
    apply(api, fact_of(campaign_id, 3, "quiet_hours", MORNING, NOW))
    told = api.get(f"/v1/campaigns/cmp_{campaign_id}").json()
    assert told["held"] == [{"reason": "quiet_hours", "country": "FR", "until": "2026-11-23T07:00:00Z", "messages": 2}]
    assert told["states"]["held"] == 2
    messages = api.get(f"/v1/campaigns/cmp_{campaign_id}/messages?stage=held").json()["messages"]
    assert [(one["n"], one["held_reason"], one["held_until"]) for one in messages] == [
        (2, "quiet_hours", "2026-11-23T07:00:00Z"),
        (3, "quiet_hours", "2026-11-23T07:00:00Z"),
    ]
    delivered = api.get(f"/v1/campaigns/cmp_{campaign_id}/messages?stage=delivered").json()["messages"]
    assert [(one["held_reason"], one["held_until"]) for one in delivered] == [(None, None)]


def test_a_campaigns_row_keeps_what_was_asked_for(api: Api, address: str) -> None:
    api.post(f"{address}/send", json={"at": "2026-10-25T02:30", "timezone": "Europe/Paris"})
    with writing(api.engine) as session:
        # That time is over: nothing was kept.
        assert session.get_one(Campaign, int(address.rpartition("_")[2])).send_timezone == ""
