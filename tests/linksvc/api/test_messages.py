"""Single messages over the API."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import func, select

from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.facts import NewFact, record
from linksvc.models import Message
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_pages import SIMPLE

PLAIN: dict[str, Any] = {"to": {"number": "+33639980001"}, "text": "Votre colis est là.", "sender": "36180"}


def send(api: Api, key: str = "m-1", **fields: Any) -> httpx2.Response:
    return api.post("/v1/messages", json=PLAIN | fields, headers={"Idempotency-Key": key})


def test_a_message_is_sent_once_for_each_key_and_tells_what_became_of_it(api: Api) -> None:
    factories.contact(api.engine, api.workspace_id, external_id="C-1", first_name="Zoé")
    linked: dict[str, Any] = {
        "to": {"external_id": "C-1"},
        "text": "Suivez-le : {{ link }}",
        "destination_url": "https://shop.example/parcel/1",
        "expires_at": "2026-11-30",
    }
    first, again = (send(api, **linked) for _ in range(2))
    assert first.status_code == 201, first.text
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    made = first.json()
    assert made["state"] == "queued" and made["number"] == "+33639980001" and made["external_id"] == "C-1"
    assert made["link"]["short_url"].startswith("http") and made["link"]["expires_at"] == "2026-11-30T23:00:00Z"
    assert api.get(f"/v1/messages/{made['id']}").json() == made
    with reading(api.engine) as session:
        row = session.exec(select(Message)).one()
    campaign_id, later = row.campaign_id, NOW + timedelta(seconds=5)
    with writing(api.engine) as session:
        accepted = NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=1)
        receipt = NewFact(campaign_id, "receipt", "0.1.1", 0, later, "DELIVERED", parts=1, route_id=1)
        record(session, [accepted, receipt], later)
    apply_batch(api.engine, campaign_id, "test", lambda: later)
    told = api.get(f"/v1/messages/{made['id']}").json()
    assert (told["state"], told["submitted_at"], told["ended_at"]) == (
        "delivered",
        "2026-11-20T09:00:00Z",
        "2026-11-20T09:00:05Z",
    )


def test_its_campaign_is_listed_with_its_figures(api: Api) -> None:
    made = send(api).json()
    funnel = api.get(f"/v1/campaigns/{made['campaign_id']}").json()
    assert funnel["name"] == "Single messages, November 2026" and funnel["kind"] == "single"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"to": {"number": "12"}}, 422, "recipient_invalid"),
        ({"to": {"external_id": "C-9"}}, 404, "contact_not_found"),
        ({"to": {}}, 422, "invalid_request"),
        ({"to": {"number": "+33639980001", "external_id": "C-1"}}, 422, "invalid_request"),
        ({"page_id": "lnk_1", "text": "{{ link }}"}, 404, "not_found"),
        ({"page_id": "pag_1", "text": "{{ link }}"}, 404, "page_not_found"),
        ({"expires_at": "2026-11-30"}, 422, "terms_without_destination"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_leaves_nothing(
    sqlite_api: Api, fields: dict[str, Any], status: int, code: str
) -> None:
    check_problem(send(sqlite_api, **fields), status, code)
    with reading(sqlite_api.engine) as session:
        assert session.exec(select(func.count()).select_from(Message)).one() == 0


def test_a_key_is_needed_to_send_and_a_scope(sqlite_api: Api) -> None:
    check_problem(sqlite_api.post("/v1/messages", json=PLAIN), 400, "idempotency_key_missing")
    key = sqlite_api.make_key("messages:read")
    check_problem(
        sqlite_api.post("/v1/messages", json=PLAIN, key=key, headers={"Idempotency-Key": "m"}), 403, "scope_missing"
    )


def test_nobody_sees_a_message_of_another_workspace_or_of_a_campaign_that_is_none(api: Api) -> None:
    made = send(api).json()
    stranger = api.make_key(workspace_id=factories.workspace(api.engine, "Another"))
    check_problem(api.get(f"/v1/messages/{made['id']}", key=stranger), 404, "message_not_found")
    usual = factories.produced_campaign(api.engine, api.workspace_id, 1)
    check_problem(api.get(f"/v1/messages/msg_{usual * 10**9}"), 404, "message_not_found")
    check_problem(api.get("/v1/messages/msg_7"), 404, "message_not_found")


def test_its_link_may_show_a_landing_page_once_that_is_published(api: Api) -> None:
    made = api.post("/v1/pages", json={"name": "Merci", "document": SIMPLE}).json()
    shows = {"text": "Voyez : {{ link }}", "page_id": made["id"]}
    check_problem(send(api, **shows), 422, "page_not_published")
    assert api.post(f"/v1/pages/{made['id']}/publish", json={"version": made["version"]}).is_success
    link = send(api, "m-2", **shows).json()["link"]
    assert (link["page_id"], link["destination_url"]) == (made["id"], "")
    check_problem(send(api, "m-3", **shows, destination_url="https://shop.example"), 422, "page_and_destination")
