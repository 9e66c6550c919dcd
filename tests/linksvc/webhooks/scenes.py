"""Endpoints and events for tests of webhooks."""

from datetime import datetime, timedelta
from ipaddress import ip_network

from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.keys import Keyring
from linksvc.webhooks.endpoints import Endpoint, Owner, add_endpoint
from linksvc.webhooks.events import Event, ImportEnd
from linksvc.webhooks.outbox import tell
from linksvc.webhooks.signing import secret_of
from tests.factories import NOW

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def endpoint(
    engine: Engine,
    keyring: Keyring,
    workspace_id: int,
    url: str = "http://127.0.0.1:9/hooks",
    *events: str,
    shop_id: int | None = None,
) -> tuple[Endpoint, str]:
    with writing(engine) as session:
        owner = Owner(workspace_id, shop_id)
        made, name = add_endpoint(session, keyring, owner, LOOPBACK, url, events or ("import.finished",), NOW)
    return made, secret_of(keyring, name)


def finished(number: int, at: datetime = NOW, kind: str = "contacts") -> Event:
    end = ImportEnd(kind, f"imp_{number}", None, "clients.csv", "finished", 3, 2, 1, 0, at)
    return Event("import.finished", f"{kind} {number}", at, end)


def tell_many(engine: Engine, workspace_id: int, count: int, at: datetime = NOW, first: int = 1) -> list[str]:
    """Tells of imports, a moment apart each; returns their events' ids."""
    events = [finished(number, at) for number in range(first, first + count)]
    for nth, event in enumerate(events):
        with writing(engine) as session:
            tell(session, workspace_id, [event], at + timedelta(microseconds=nth))
    return [event.id for event in events]
