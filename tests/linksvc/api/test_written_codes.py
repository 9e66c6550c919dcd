"""A code of a list, or one that all share, is shown to tills as it was written, whatever it is compared as."""

from typing import Any

import orjson
import pytest
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.failed_attempts import count_by_code
from linksvc.keys import Keyring
from linksvc.models import WebhookEvent
from linksvc.shared_codes import share
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api
from tests.linksvc.api.test_codes import ORDER, redeem
from tests.linksvc.api.test_holds import hold, release
from tests.linksvc.api.test_redemption_batches import EARLIER, line, results, upload
from tests.linksvc.api.test_redemptions import change, give_back
from tests.linksvc.webhooks.scenes import endpoint

WRITTEN = "Latinë Noël-25"
TYPED = "1ATINË n0ël25"


@pytest.fixture
def code(api: Api) -> str:
    offer_id = factories.offer(api.engine, api.workspace_id, starts_at=EARLIER)
    with writing(api.engine) as session:
        share(session, api.workspace_id, offer_id, WRITTEN, 3)
    return TYPED


def shown_by(answer: Any) -> str:
    assert answer.status_code in (200, 201), answer.text
    told: str = answer.json()["code"]
    return told


def test_asking_and_using_show_the_code_as_it_was_written(api: Api, code: str) -> None:
    asked = api.post("/v1/codes/validate", json={"code": code, "order": ORDER})
    assert (asked.json()["valid"], shown_by(asked)) == (True, WRITTEN)
    first = redeem(api, code=code)
    id = first.json()["id"]
    assert {shown_by(first), shown_by(api.get(f"/v1/redemptions/{id}"))} == {WRITTEN}
    assert [one["code"] for one in api.get("/v1/redemptions", params={"code": code}).json()["redemptions"]] == [WRITTEN]
    assert [shown_by(give_back(api, id, "back", 100)), shown_by(change(api, id, "void", "void"))] == [WRITTEN, WRITTEN]
    (told,) = results(upload(api, line("offline-1", code=code)))
    assert told["redemption"]["code"] == WRITTEN


def test_a_hold_shows_the_code_as_it_was_written(api: Api, code: str) -> None:
    held = hold(api, "basket-1", code=code)
    longer = hold(api, "later", code=code, key="basket-1")
    id = held.json()["id"]
    found = api.get(f"/v1/holds/{id}")
    assert {shown_by(one) for one in (held, longer, found, release(api, id))} == {WRITTEN}


def test_a_webhook_and_the_list_of_attempts_show_the_code_as_it_was_written(api: Api, keyring: Keyring, code: str) -> None:
    endpoint(api.engine, keyring, api.workspace_id, "https://hooks.example.com/1", "code.redeemed")
    for order_ref in ("R-1", "R-2", "R-3", "R-4"):
        redeem(api, code=code, order_ref=order_ref)
    with reading(api.engine) as session:
        told = [orjson.loads(body)["data"] for body in session.exec(select(WebhookEvent.body))]
        (leaked,) = count_by_code(session, api.workspace_id, NOW)
    assert [(one["code"], one["customer_ref"]) for one in told] == [(WRITTEN, None)] * 3
    assert (leaked.code, leaked.count) == (WRITTEN, 1)
