"""docs/messages.md and docs/payments.md are true: their commands are typed as they stand, and do what they say."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linksvc.api.app import create_api
from linksvc.api_keys import create_key
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.keys import open_keyring
from linksvc.payment_callbacks import OUTCOMES
from linksvc.settings import Settings
from tests import factories
from tests.linksvc.api.conftest import served
from tests.linksvc.payment_scenes import provider

DOCS = Path(__file__).parents[3] / "docs"
_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.M | re.S)


class Reader:
    """Somebody who types what a page says."""

    def __init__(self, **environment: str) -> None:
        self._environment = os.environ | environment

    def type(self, command: str, **environment: str) -> dict[str, Any]:
        done = subprocess.run(
            ["/bin/bash", "-c", command],
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture
def reader(sqlite_url: str, sqlite_settings: Settings) -> Iterator[Reader]:
    engine, keyring = open_engine(sqlite_url), open_keyring(sqlite_settings)
    workspace_id = factories.workspace(engine)
    made, secret = provider(engine, keyring, workspace_id)
    with writing(engine) as session:
        scopes = ("messages:write", "messages:read", "payments:write", "payments:read")
        key = create_key(session, workspace_id, "orders", scopes, None, now())
    with served(create_api(sqlite_settings, engine, keyring)) as url:
        yield Reader(RICOCHET_URL=url, RICOCHET_KEY=key, PROVIDER=made.id, SECRET=secret)
    engine.dispose()


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((DOCS / page).read_text())


def test_the_page_on_messages_does_what_it_says(reader: Reader) -> None:
    send, read = blocks("messages.md")
    made = reader.type(send)
    assert made["state"] == "queued" and made["link"]["destination_url"] == "https://shop.example/parcel/1042"
    assert reader.type(send) == made == reader.type(read, MESSAGE=made["id"])


def test_the_page_on_payments_does_what_it_says(reader: Reader) -> None:
    ask, read, call_back = blocks("payments.md")
    made = reader.type(ask)
    assert made["state"] == "pending" and reader.type(read)["payments"] == [made]
    assert reader.type(call_back) == {"outcome": "paid"} == reader.type(call_back)
    assert reader.type(read)["payments"] == []


def test_the_page_on_payments_names_each_outcome() -> None:
    page = (DOCS / "payments.md").read_text()
    assert all(f"`{outcome}`" in page for outcome in OUTCOMES)
