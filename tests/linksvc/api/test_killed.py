"""The process that serves the API is killed between the commit and the answer: the work is done, and nobody was told."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from linksvc.api_keys import SCOPES, create_key
from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.models import LedgerEntry, PromoCode
from tests import factories
from tests.linksvc.api.conftest import plain_client

REDEMPTION = {"code": "SUMMER", "order_ref": "R-1001", "order": {"amount": 4_990, "currency": "EUR"}}
LINE = json.dumps(REDEMPTION | {"idempotency_key": "key-1", "occurred_at": now().isoformat()})

Request = dict[str, Any]

REQUESTS: dict[str, Request] = {
    "alone": {"url": "/v1/redemptions", "json": REDEMPTION, "headers": {"Idempotency-Key": "key-1"}},
    "upload": {"url": "/v1/redemptions/batch", "content": LINE, "headers": {"Content-Type": "application/x-ndjson"}},
}


@contextmanager
def process(url: str, folder: Path, fate: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    command = [sys.executable, "-m", "tests.linksvc.api.dying_api", url, str(folder), fate]
    api = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert api.stdout
    try:
        with plain_client(f"http://127.0.0.1:{int(api.stdout.readline())}") as client:
            yield api, client
    finally:
        api.kill()
        api.wait(30)
        api.stdout.close()


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS)
def test_what_was_done_before_a_kill_is_answered_to_the_repetition(
    database_url: str, tmp_path: Path, request_of: Request
) -> None:
    engine = open_engine(database_url)
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    offer_id = factories.offer(engine, workspace_id, starts_at=now() - timedelta(days=1))
    with writing(engine) as session:
        key = create_key(session, workspace_id, "till", SCOPES, shop_id, now())
        session.add(PromoCode(workspace_id=workspace_id, code="SUMMER", offer_id=offer_id))
    sent = request_of | {"headers": request_of["headers"] | {"Authorization": f"Bearer {key}"}}

    with process(database_url, tmp_path, "dies") as (api, client):
        with pytest.raises(httpx2.TransportError):
            client.post(**sent)
        assert api.wait(30) == -signal.SIGKILL
    with reading(engine) as session:
        (done,) = session.exec(select(LedgerEntry.redemption_id)).all()

    with process(database_url, tmp_path, "lives") as (_, client):
        first, again = client.post(**sent), client.post(**sent)
    assert first.is_success, first.text
    assert (done in first.text, first.content) == (True, again.content)
    with reading(engine) as session:
        assert session.exec(select(LedgerEntry.action)).all() == ["redeemed"]
        assert session.exec(select(PromoCode.used)).one() == 1
    engine.dispose()
