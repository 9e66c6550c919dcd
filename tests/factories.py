"""Rows for tests: the least that makes sense, everything overridable."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.links import add_campaign_link
from linksvc.models import Campaign, Contact, Message, Offer, Route, SerialBlock, Shop, Workspace

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def add(engine: Engine, row: Any) -> int:
    """Stores a row in a transaction of its own; returns its id."""
    with writing(engine) as session:
        session.add(row)
        session.flush()
        return int(row.id)


def workspace(engine: Engine, name: str = "Boutique Lumen") -> int:
    return add(engine, Workspace(name=name, created_at=NOW))


def shop(engine: Engine, workspace_id: int, name: str = "Lyon") -> int:
    return add(engine, Shop(workspace_id=workspace_id, name=name, created_at=NOW))


def contact(engine: Engine, workspace_id: int, number: str = "+33639980001", **fields: Any) -> int:
    """A contact who consented to everything, unless told otherwise."""
    values: dict[str, Any] = {
        "identity": f"n:{number}",
        "first_name": "Zoé",
        "country": "FR",
        "marketing_consent_at": NOW,
        "tracking_consent_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return add(engine, Contact(workspace_id=workspace_id, number=number, **(values | fields)))


def offer(engine: Engine, workspace_id: int, **fields: Any) -> int:
    values: dict[str, Any] = {
        "name": "10 %",
        "kind": "percentage",
        "value": 1_000,
        "currency": "EUR",
        "starts_at": NOW,
        "created_at": NOW,
    }
    return add(engine, Offer(workspace_id=workspace_id, **(values | fields)))


def campaign(engine: Engine, workspace_id: int, **fields: Any) -> int:
    destination_url = fields.pop("destination_url", "https://shop.example/sale")
    values: dict[str, Any] = {
        "name": "Black Friday",
        "kind": "marketing",
        "sender": "36180",
        "text": "Bonjour {{ first_name }} : {{ link }} {{ stop }}",
        "rate_per_s": 100,
        "created_at": NOW,
    }
    campaign_id = add(engine, Campaign(workspace_id=workspace_id, **(values | fields)))
    if destination_url:
        with writing(engine) as session:
            add_campaign_link(session, workspace_id, campaign_id, destination_url, NOW)
    return campaign_id


def route(engine: Engine, name: str = "main", port: int = 2775, **fields: Any) -> int:
    return add(engine, Route(name=name, host="127.0.0.1", port=port, system_id="ricochet", created_at=NOW, **fields))


def produced_campaign(engine: Engine, workspace_id: int, size: int, *, tracked: int | None = None, **fields: Any) -> int:
    """A campaign in state sending with `size` contacts and queued messages, one link and its blocks.

    Serials begin at 1000 * campaign id; message n has serial 1000 * campaign id + n. Messages from `tracked` on
    (default: none) belong to people without consent to tracking.
    """
    tracked = size if tracked is None else tracked
    campaign_id = campaign(engine, workspace_id, state="sending", produced=size, **fields)
    with writing(engine) as session:
        for first, end, kind in ((0, tracked, True), (tracked, size, False)):
            if end > first:
                session.add(
                    SerialBlock(
                        campaign_id=campaign_id,
                        first_serial=1000 * campaign_id + first,
                        size=end - first,
                        first_n=first,
                        link_id=1,
                        tracked=kind,
                    )
                )
        for n in range(size):
            number = f"+336399{campaign_id % 10}{n:04d}"
            person = Contact(
                workspace_id=workspace_id,
                identity=f"n:{number}",
                number=number,
                first_name="Zoé",
                country="FR",
                marketing_consent_at=NOW,
                tracking_consent_at=NOW if n < tracked else None,
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(person)
            session.flush()
            session.add(
                Message(
                    campaign_id=campaign_id,
                    n=n,
                    contact_id=person.id or 0,
                    number=number,
                    country="FR",
                    tracked=n < tracked,
                    produced_at=NOW,
                )
            )
    return campaign_id
