"""Every route, walked with keys that have no business there: of another workspace, and of another shop of the same one."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx2
import pytest
from PIL import Image
from sqlalchemy import Engine, Table
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel

from linksvc.api.operation import Operation
from linksvc.api.operations import OPERATIONS
from linksvc.database import reading
from linksvc.keys import Keyring
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api
from tests.linksvc.api.test_app import GOOD, needed
from tests.linksvc.payment_scenes import payment, provider

MARK = "OWNERS"
"""Stands in every name of the owner's, so that an answer that tells one gives itself away."""

CODE = "SUMMER24"
ORDER = {"amount": 4_990, "currency": "EUR"}

OF_SHOPS = ("/v1/holds", "/v1/redemptions", "/v1/webhooks")
"""What is a shop's own. Offers, campaigns and links are its workspace's."""


@dataclass(frozen=True)
class Scene:
    """What the owner has: ids by the names they have in paths, and bodies that name what is the owner's."""

    api: Api
    ids: dict[str, str]
    bodies: dict[str, Any]

    def ask(self, operation: Operation, key: str) -> httpx2.Response:
        headers = {"Idempotency-Key": f"foreign-{operation.name}"}
        body: dict[str, Any] = {}
        if operation.multipart:
            body = {"files": {"file": ("c.csv", b"code\nWINTER25\n")}}
        elif operation.body_lines:
            line = self.bodies["redeem_code"] | {"idempotency_key": "foreign", "occurred_at": NOW.isoformat()}
            headers["Content-Type"] = operation.media_type
            body = {"content": json.dumps(line)}
        elif operation.body_raw:
            body = {"content": b"{}"}
            headers["Content-Type"] = "application/json"
        elif operation.body:
            body = {"json": GOOD[operation.name] | self.bodies.get(operation.name, {})}
        path = operation.path.format(**self.ids)
        return self.api.request(operation.method, path, key=key, headers=headers, params=needed(operation), **body)


def made(api: Api, path: str, **sent: Any) -> dict[str, Any]:
    answer = api.post(path, json=sent, headers={"Idempotency-Key": f"{MARK}-{path}"})
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def dot() -> bytes:
    """A picture of one pixel."""
    file = BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def scene(api: Api, keyring: Keyring) -> Iterator[Scene]:
    """The owner has something of every kind that a path can name."""
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, 1, name=f"{MARK} campaign")
    files = {"file": (f"{MARK}.csv", b"telephone\n0639980009\n")}
    imported = api.post("/v1/contacts/import", files=files, params={}, data={"country": "FR"}).json()
    offer = made(api, "/v1/offers", name=f"{MARK} offer", kind="percentage", percent=10)
    made(api, f"/v1/offers/{offer['id']}/codes/share", code=CODE, uses=100)
    link = made(api, "/v1/links", title=f"{MARK} link", destination_url=f"https://{MARK.lower()}.example/")
    webhook = made(api, "/v1/webhooks", url=f"https://{MARK.lower()}.example/hook", events=["code.redeemed"])
    page = made(api, "/v1/pages", name=f"{MARK} page", document=GOOD["add_page"]["document"])
    picture = api.post("/v1/pictures", files={"file": (f"{MARK}.png", dot())}).json()
    taker, _ = provider(api.engine, keyring, api.workspace_id, name=f"{MARK} provider")
    asked = made(api, "/v1/payments", **payment(taker.id, description=f"{MARK} order", provider_ref=f"{MARK}-ref"))
    message = api.get(f"/v1/messages/{asked['message_id']}").json()
    hold = made(api, "/v1/holds", code=CODE, key=f"{MARK}-basket")
    redemption = made(api, "/v1/redemptions", code=CODE, order_ref=f"{MARK}-order", order=ORDER)
    segment = made(api, "/v1/segments", name=f"{MARK} segment", campaign_id=f"cmp_{campaign_id}", filter={})
    (event,) = api.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["deliveries"]
    yield Scene(
        api=api,
        ids={
            "campaign_id": f"cmp_{campaign_id}",
            "import_id": imported["id"],
            "offer_id": offer["id"],
            "link_id": link["id"],
            "page_id": page["id"],
            "picture_id": picture["id"],
            "webhook_id": webhook["id"],
            "hold_id": hold["id"],
            "redemption_id": redemption["id"],
            "event_id": event["event_id"],
            "message_id": message["id"],
            "segment_id": segment["id"],
            "payment_id": asked["id"],
            "provider_id": taker.id,
            "shop_id": f"shp_{api.shop_id}",
            "key_id": "key_1",
        },
        bodies={
            "add_offer": {"shops": [f"shp_{api.shop_id}"]},
            "add_campaign": {"offer_id": offer["id"], "audience": {"import_id": imported["id"]}},
            "add_segment": {"campaign_id": f"cmp_{campaign_id}"},
            "add_payment": {"provider_id": taker.id, "provider_ref": "mine"},
            "validate_code": {"code": CODE},
            "disable_code": {"code": CODE},
            "enable_code": {"code": CODE},
            "hold_code": {"code": CODE, "key": "mine"},
            "redeem_code": {"code": CODE, "hold_id": hold["id"], "order_ref": "R-1", "order": ORDER},
        },
    )


NOBODYS = ("api_key", "serial_counter")

Rows = dict[str, Counter[tuple[Any, ...]]]


def rows_of(engine: Engine) -> Rows:
    """All that is stored, but for what is nobody's, and when keys were used."""
    tables: list[Table] = [table for table in SQLModel.metadata.sorted_tables if table.name not in NOBODYS]
    with reading(engine) as session:
        return {table.name: Counter(map(tuple, session.execute(select_columns(table)).all())) for table in tables}


def owned(before: Rows, after: Rows, workspace_id: int, campaign_ids: set[int]) -> list[tuple[str, Any]]:
    """Rows that came to the owner, or are the owner's and changed or went."""
    found = []
    for table in SQLModel.metadata.sorted_tables:
        if table.name in before:
            found += [(table.name, row) for row in before[table.name] - after[table.name]]
            columns = [column.name for column in table.columns]
            for row in after[table.name] - before[table.name]:
                told = dict(zip(columns, row, strict=True))
                if told.get("workspace_id") == workspace_id or told.get("campaign_id") in campaign_ids:
                    found.append((table.name, row))
    return found


def test_a_key_of_another_workspace_sees_and_changes_nothing(scene: Scene) -> None:
    api = scene.api
    other = factories.workspace(api.engine, "Other")
    key = api.make_key(shop_id=factories.shop(api.engine, other), workspace_id=other)
    before = rows_of(api.engine)
    for operation in OPERATIONS:
        answer = scene.ask(operation, key)
        assert MARK not in answer.text.upper(), (operation.name, answer.text)
        if "{" in operation.path:
            # A callback is open to everybody, and believed by its signature alone.
            assert answer.status_code == (404 if operation.scope else 401), (operation.name, answer.text)
    single = int(scene.ids["message_id"][4:]) // 10**9
    assert owned(before, rows_of(api.engine), api.workspace_id, {int(scene.ids["campaign_id"][4:]), single}) == []


def test_a_key_of_another_shop_sees_and_changes_nothing_of_the_shops_own(scene: Scene) -> None:
    api = scene.api
    shop_id = factories.shop(api.engine, api.workspace_id, "Nice")
    key = api.make_key(shop_id=shop_id)
    before = rows_of(api.engine)
    walked = [operation for operation in OPERATIONS if operation.path.startswith(OF_SHOPS)]
    for operation in walked:
        answer = scene.ask(operation, key)
        assert MARK not in answer.text.upper(), (operation.name, answer.text)
        if "{" in operation.path:
            assert answer.status_code == 404, (operation.name, answer.text)
    after = rows_of(api.engine)
    for table in ("code_hold", "redemption", "webhook_endpoint", "webhook_event", "webhook_delivery", "idempotency_record"):
        assert not before[table] - after[table], table
    for listed in ("/v1/redemptions", "/v1/webhooks"):
        assert MARK not in api.get(listed, key=key).text.upper()
        assert MARK in api.get(listed).text.upper()
