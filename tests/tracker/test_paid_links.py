"""The link of a payment: it leads to where it is paid, until it is, or until its time is over. Over real sockets, on both
databases."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from linksvc import payments
from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.payment_callbacks import Signed, open_callback, take
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from linksvc.single_reports import find_single, id_of
from tests import factories
from tests.factories import NOW
from tests.linksvc.payment_scenes import provider, signature, stored, succeeded
from tests.tracker.conftest import SECRET, Serve, Served
from tracker.snapshot import Snapshot

HOUR = timedelta(hours=1)


class Time:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key=SecretStr(SECRET))


@pytest.fixture
def paying(engine: Engine, keyring: Keyring, settings: Settings) -> "Paying":
    return Paying(engine, keyring, settings)


class Paying:
    """A payment of a workspace, and its link."""

    def __init__(self, engine: Engine, keyring: Keyring, settings: Settings) -> None:
        self.engine, self.keyring = engine, keyring
        self.workspace_id = factories.workspace(engine)
        made, self.secret = provider(engine, keyring, self.workspace_id)
        self.provider_id = made.id
        short_links = ShortLinks(keyring, settings)
        self.payment_id = stored(engine, keyring, short_links, self.workspace_id, made.id, expires_at=NOW + HOUR)
        with reading(engine) as session:
            place = payments.place_of(payments.find_payment(session, self.workspace_id, self.payment_id))
            link = find_single(session, short_links, self.workspace_id, id_of(place)).link
        assert link is not None
        self.path = urlsplit(link.short_url).path

    def pay(self) -> None:
        body = succeeded()
        signed = Signed(self.provider_id, {"payment-signature": signature(self.secret, body)}, body)
        with writing(self.engine) as session:
            assert take(session, open_callback(session, self.keyring, signed, NOW), NOW) == "paid"


@pytest.fixture
async def served(serve: Serve, settings: Settings, paying: Paying, time: Time) -> AsyncIterator[Served]:
    async with serve(settings, paying.engine, time) as served:
        yield served


async def learnt(served: Served) -> None:
    await served.tracker.watch._refresh(None)


async def test_a_paid_link_says_so_and_no_clock_reopens_or_ends_it(
    served: Served, paying: Paying, time: Time, settings: Settings, keyring: Keyring
) -> None:
    answer = await served.ask(paying.path)
    assert (answer.status, answer.headers["location"]) == (302, "https://pay.example/R-1001")
    paying.pay()
    await learnt(served)
    for at in (NOW, NOW + 2 * HOUR):
        time.now = at
        answer = await served.ask(paying.path, accept_language="fr-FR")
        assert answer.status == 200 and "déjà payé" in answer.body.decode() and "Boutique Lumen" in answer.body.decode()
        assert answer.headers["cache-control"] == "private, no-store"
    assert "already paid" in (await served.ask(paying.path, accept_language="en")).body.decode()
    # Nobody is followed who did not agree to it.
    assert [(hit.n, hit.outcome) for hit in served.spooled()] == [(None, "redirected"), *[(None, "paid")] * 3]
    snapshot = Snapshot(settings.data_dir, keyring.links[0])
    snapshot.write(served.tracker.watch.known.all())
    kept = snapshot.read()
    assert kept and [one.closed for one in kept.destinations] == ["paid"]


async def test_the_link_of_an_expired_payment_says_so(served: Served, paying: Paying, time: Time) -> None:
    assert (await served.ask(paying.path)).status == 302
    time.now += HOUR
    answer = await served.ask(paying.path)
    assert answer.status == 410 and "expired" in answer.body.decode()


async def test_the_link_of_a_payment_that_is_called_off_says_that_it_is_over(served: Served, paying: Paying) -> None:
    with writing(paying.engine) as session:
        payments.cancel_payment(session, paying.workspace_id, paying.payment_id, NOW)
    await learnt(served)
    assert (await served.ask(paying.path)).status == 410
