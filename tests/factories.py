"""Rows for tests: the least that makes sense, everything overridable."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc.bulk import insert_rows
from linksvc.database import insert_new, writing
from linksvc.facts import NewFact, record
from linksvc.links import add_campaign_link
from linksvc.models import Campaign, Contact, Hit, Message, Offer, PromoCode, Route, SerialBlock, Shop, Workspace
from linksvc.send_batches import Run, deal

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def add(engine: Engine, row: Any) -> int:
    """Stores a row in a transaction of its own; returns its id."""
    with writing(engine) as session:
        session.add(row)
        session.flush()
        return int(row.id)


def workspace(engine: Engine, name: str = "Boutique Lumen", **fields: Any) -> int:
    """It keeps no quiet hours unless told to: tests run at any time of any day."""
    values: dict[str, Any] = {"quiet_hours": False, "quiet_holidays": False}
    return add(engine, Workspace(name=name, created_at=NOW, **(values | fields)))


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


def add_code(engine: Engine, workspace_id: int, code: str, offer_id: int, **fields: Any) -> None:
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=code, offer_id=offer_id, **fields))


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


def produced_campaign(
    engine: Engine,
    workspace_id: int,
    size: int,
    *,
    tracked: int | None = None,
    key_version: int = 0,
    batch_size: int = 50,
    **fields: Any,
) -> int:
    """A campaign in state sending with `size` contacts and messages, queued in batches, one link and its blocks.

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
                        key_version=key_version,
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
        session.flush()
        deal(session, campaign_id, 0, [Run("FR", "", min(batch_size, size - n), NOW) for n in range(0, size, batch_size)])
    return campaign_id


def large_campaign(engine: Engine, workspace_id: int, size: int, **fields: Any) -> int:
    """As `produced_campaign`, quickly and without blocks: contacts and messages as many rows at once."""
    campaign_id = campaign(engine, workspace_id, state="sending", produced=size, **fields)
    numbers = [f"+33{700_000_000 + n}" for n in range(size)]
    one = Contact(workspace_id=workspace_id, identity="", number="", country="FR", created_at=NOW, updated_at=NOW)
    person = one.model_dump(exclude={"id"}) | {"marketing_consent_at": NOW}
    message = Message(campaign_id=campaign_id, n=0, contact_id=0, number="", country="FR", tracked=False, produced_at=NOW)
    with writing(engine) as session:
        people = [tuple((person | {"identity": f"n:{number}", "number": number}).values()) for number in numbers]
        insert_rows(session, Contact, tuple(person), people)
        found = select(Contact.id).where(Contact.workspace_id == workspace_id, col(Contact.number).in_(numbers[:1]))
        first_id = session.exec(found).one() or 0
        blank = message.model_dump()
        rows = [
            tuple((blank | {"n": n, "contact_id": first_id + n, "number": number}).values())
            for n, number in enumerate(numbers)
        ]
        insert_rows(session, Message, tuple(blank), rows)
        deal(session, campaign_id, 0, [Run("FR", "", size, NOW)])
    return campaign_id


def hit(campaign_id: int, position: int, n: int | None = 0, verdict: str = "human", **fields: Any) -> Hit:
    """A hit as ingest makes it: a phone's, by rules of version 1."""
    values: dict[str, Any] = {
        "segment": "segment",
        "link_id": 1,
        "method": "GET",
        "network": "192.0.2.0/24",
        "user_agent": IPHONE,
        "referrer": "",
        "language": "fr-FR",
        "rules": 1,
        "occurred_at": NOW,
        "recorded_at": NOW,
    }
    return Hit(campaign_id=campaign_id, position=position, n=n, verdict=verdict, **(values | fields))


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)


def learn_hits(engine: Engine, *hits: Hit, recorded_at: datetime = NOW) -> None:
    """Stores hits that are not stored yet, each with its fact, as ingest does."""
    with writing(engine) as session:
        insert_new(session, Hit, [one.model_dump() for one in hits])
        record(session, [fact_of(one) for one in hits], recorded_at)


def fact_of(hit: Hit) -> NewFact:
    """The fact of a hit, with its first verdict."""
    return NewFact(
        campaign_id=hit.campaign_id,
        kind="hit",
        source=f"{hit.segment}:{hit.position}",
        n=hit.n,
        occurred_at=hit.occurred_at,
        value=hit.verdict,
        detail=hit.reason,
        rules=hit.rules,
    )


def turn_away(engine: Engine, table: str, times: int, state: str = "40P01") -> None:
    """PostgreSQL turns away so many of the transactions to come that insert into the table, as it ends a deadlock."""
    with writing(engine) as session:
        for statement in (
            "CREATE SEQUENCE collisions",
            "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF nextval('collisions') <= {times} THEN RAISE EXCEPTION 'it collides' USING ERRCODE = '{state}'; END IF; "
            "RETURN NEW; END $$",
            f"CREATE TRIGGER collides BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION collide()",
        ):
            session.connection().exec_driver_sql(statement)
