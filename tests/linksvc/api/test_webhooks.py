"""Webhooks over the API: what their owner sees, and nobody else."""

from typing import Any

import pytest
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.keys import open_keyring
from linksvc.models import IdempotencyRecord, WebhookDelivery, WebhookEndpoint
from linksvc.settings import Settings
from linksvc.webhooks.endpoints import MOST, secrets_of
from linksvc.webhooks.events import EVENT_TYPES
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.webhooks.scenes import tell_many

HOOK = {"url": "https://hooks.example.com/in", "events": ["import.finished", "code.redeemed"]}


@pytest.fixture
def key(api: Api) -> str:
    """A key of the workspace, of no shop."""
    return api.make_key()


def add(api: Api, key: str, **fields: Any) -> dict[str, Any]:
    answer = api.post("/v1/webhooks", key=key, json=HOOK | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_the_secret_is_shown_once_and_signs(api: Api, key: str, settings: Settings) -> None:
    made = add(api, key)
    assert made["secret"].startswith("whsec_") and made["enabled"] and made["shop_id"] is None
    assert made["events"] == ["code.redeemed", "import.finished"]
    shown = api.get(f"/v1/webhooks/{made['id']}", key=key).json()
    assert shown == {name: value for name, value in made.items() if not name.startswith("secret")}
    assert api.get("/v1/webhooks", key=key).json() == {"webhooks": [shown]}
    with reading(api.engine) as session:
        row = session.exec(select(WebhookEndpoint)).one()
        assert secrets_of(open_keyring(settings), row, NOW) == (made["secret"],)


def test_a_repeated_request_gets_the_same_answer_and_its_secret_is_kept_nowhere(api: Api, key: str) -> None:
    again = {"Idempotency-Key": "once"}
    first, second = (api.post("/v1/webhooks", key=key, json=HOOK, headers=again) for _ in range(2))
    assert first.status_code == 201 and first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    path = f"/v1/webhooks/{first.json()['id']}/secret"
    rotated = [api.post(path, key=key, json={"keep_hours": 2}, headers={"Idempotency-Key": "two"}) for _ in range(2)]
    assert rotated[0].content == rotated[1].content and rotated[0].json()["secret"] != first.json()["secret"]
    assert rotated[0].json()["previous_secret_until"] == "2026-11-20T11:00:00Z"
    # The first answer again, though the secret is another one by now.
    assert api.post("/v1/webhooks", key=key, json=HOOK, headers=again).content == first.content
    with reading(api.engine) as session:
        kept = session.exec(select(IdempotencyRecord.body)).all()
    assert len(kept) == 2 and not any("whsec_" in body for body in kept)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://10.1.2.3:8443/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://printer.local/",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/a b",
        "ftp://hooks.example.com/",
        "https:///path",
        "hooks.example.com",
    ],
)
def test_an_address_that_is_not_sent_to_is_refused_at_once(sqlite_api: Api, url: str) -> None:
    answer = sqlite_api.post("/v1/webhooks", key=sqlite_api.make_key(), json=HOOK | {"url": url})
    problem = check_problem(answer, 422, "webhook_url_invalid")
    assert problem["errors"][0]["field"] == "url"


def test_a_name_in_any_script_is_stored_as_it_is_asked_for(sqlite_api: Api) -> None:
    made = add(sqlite_api, sqlite_api.make_key(), url="https://bücher.example/é?x=ü")
    assert made["url"] == "https://xn--bcher-kva.example/%C3%A9?x=%C3%BC"


def test_what_cannot_be_is_refused_with_its_reason(sqlite_api: Api) -> None:
    api, key = sqlite_api, sqlite_api.make_key()
    check_problem(api.post("/v1/webhooks", key=key, json=HOOK | {"events": ["code.stolen"]}), 422, "invalid_request")
    check_problem(api.post("/v1/webhooks", key=key, json=HOOK | {"events": []}), 422, "invalid_request")
    check_problem(api.post("/v1/webhooks", key=key, json=HOOK | {"events": ["webhook.test"]}), 422, "invalid_request")
    # What may be asked for is told, and nothing that would then be refused.
    problem = check_problem(api.post("/v1/webhooks", key=key, json=HOOK | {"events": ["code.x"]}), 422, "invalid_request")
    assert problem["errors"] == [{"field": "events.0", "message": f"One of these is asked for: {', '.join(EVENT_TYPES)}."}]
    check_problem(api.post("/v1/webhooks", json=HOOK), 422, "event_not_for_shops")
    made = add(api, key)
    check_problem(api.post("/v1/webhooks", key=key, json=HOOK), 409, "webhook_exists")
    other = add(api, key, url="https://hooks.example.com/other")
    moved = api.request("PATCH", f"/v1/webhooks/{other['id']}", key=key, json={"url": HOOK["url"]})
    check_problem(moved, 409, "webhook_exists")
    check_problem(api.post(f"/v1/webhooks/{made['id']}/secret", key=key, json={"keep_hours": 169}), 422, "invalid_request")
    api.request("PATCH", f"/v1/webhooks/{made['id']}", key=key, json={"enabled": False})
    check_problem(api.post(f"/v1/webhooks/{made['id']}/test", key=key), 409, "webhook_disabled")
    for number in range(MOST - 2):
        add(api, key, url=f"https://hooks.example.com/{number}")
    full = api.post("/v1/webhooks", key=key, json=HOOK | {"url": "https://hooks.example.com/full"})
    check_problem(full, 422, "webhooks_too_many")


def test_a_webhook_is_changed_and_removed(api: Api, key: str) -> None:
    made = add(api, key)
    path = f"/v1/webhooks/{made['id']}"
    off = api.request("PATCH", path, key=key, json={"enabled": False, "events": ["link.clicked"]}).json()
    assert (off["enabled"], off["disabled_reason"], off["events"]) == (False, "asked", ["link.clicked"])
    assert off["url"] == HOOK["url"] and off["disabled_at"] == "2026-11-20T09:00:00Z"
    on = api.request("PATCH", path, key=key, json={"enabled": True}).json()
    assert (on["enabled"], on["disabled_reason"], on["disabled_at"]) == (True, "", None)
    assert api.request("DELETE", path, key=key).json() == on
    check_problem(api.request("DELETE", path, key=key), 404, "webhook_not_found")
    assert add(api, key)["id"] != made["id"]


def test_the_log_is_read_page_by_page_and_sent_again(api: Api, key: str) -> None:
    made = add(api, key)
    events = tell_many(api.engine, api.workspace_id, 5)
    path = f"/v1/webhooks/{made['id']}"
    first = api.get(f"{path}/deliveries", key=key, params={"limit": 3}).json()
    rest = api.get(f"{path}/deliveries", key=key, params={"limit": 3, "after": first["next_after"]}).json()
    assert [one["event_id"] for one in first["deliveries"] + rest["deliveries"]] == events[::-1]
    assert rest["next_after"] is None
    check_problem(api.get(f"{path}/deliveries", key=key, params={"after": "nonsense"}), 422, "cursor_invalid")
    with writing(api.engine) as session:
        for row in session.exec(select(WebhookDelivery).where(WebhookDelivery.event_id != events[0])):
            row.state, row.tries, row.done_at = "failed", 10, NOW
            session.add(row)
    failed = api.get(f"{path}/deliveries", key=key, params={"state": "failed"}).json()["deliveries"]
    assert [one["event_id"] for one in failed] == events[:0:-1] and failed[0]["next_at"] is None
    one = api.post(f"{path}/deliveries/{events[4]}/replay", key=key).json()
    assert (one["state"], one["next_at"]) == ("pending", "2026-11-20T09:00:00Z")
    again = api.post(f"{path}/replay", key=key, json={"since": "2026-11-20T09:00:00.000002Z"})
    assert again.json() == {"queued": 2, "more": False}
    story = api.get(f"{path}/deliveries/{events[0]}", key=key).json()
    assert story["body"]["data"]["file_name"] == "clients.csv" and story["attempts"] == []
    check_problem(api.get(f"{path}/deliveries/evt_{'0' * 32}", key=key), 404, "delivery_not_found")
    check_problem(api.get(f"{path}/deliveries/evt_0", key=key), 404, "not_found")


def test_a_test_goes_to_one_webhook_alone(api: Api, key: str) -> None:
    made, _ = add(api, key), add(api, key, url="https://hooks.example.com/other")
    sent = api.post(f"/v1/webhooks/{made['id']}/test", key=key).json()
    assert (sent["type"], sent["state"]) == ("webhook.test", "pending")
    with reading(api.engine) as session:
        assert session.exec(select(WebhookDelivery.endpoint_id)).all() == [made["id"]]


def test_a_shop_sees_and_changes_its_own_webhooks_alone(api: Api, key: str) -> None:
    codes = {"events": ["code.redeemed"]}
    own = add(api, api.key, **codes)
    assert own["shop_id"] == f"shp_{api.shop_id}"
    of_workspace = add(api, key)
    neighbour = api.make_key(shop_id=factories.shop(api.engine, api.workspace_id, "Lille"))
    stranger = api.make_key(workspace_id=factories.workspace(api.engine, "Another"))
    assert [one["id"] for one in api.get("/v1/webhooks").json()["webhooks"]] == [own["id"]]
    assert {one["id"] for one in api.get("/v1/webhooks", key=key).json()["webhooks"]} == {own["id"], of_workspace["id"]}
    tell_many(api.engine, api.workspace_id, 1)
    with reading(api.engine) as session:
        event_id = session.exec(select(WebhookDelivery.event_id)).one()
    for foreign, webhook in ((neighbour, own), (neighbour, of_workspace), (api.key, of_workspace), (stranger, own)):
        path = f"/v1/webhooks/{webhook['id']}"
        assert webhook["id"] not in api.get("/v1/webhooks", key=foreign).text
        for method, place, body in (
            ("GET", "", None),
            ("PATCH", "", {"enabled": False}),
            ("DELETE", "", None),
            ("POST", "/secret", {}),
            ("POST", "/test", None),
            ("GET", "/deliveries", None),
            ("GET", f"/deliveries/{event_id}", None),
            ("POST", f"/deliveries/{event_id}/replay", None),
            ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
        ):
            answer = api.request(method, f"{path}{place}", key=foreign, **({"json": body} if body is not None else {}))
            check_problem(answer, 404, "webhook_not_found")
    # The same address may be another's, and nobody learns of that.
    assert add(api, neighbour, **codes)["id"] != own["id"]
    assert api.get(f"/v1/webhooks/{own['id']}", key=key).json()["enabled"]
