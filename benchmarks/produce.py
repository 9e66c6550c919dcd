"""Producing a campaign of a million: messages, blocks and counters, without and with codes; and a bare INSERT ... SELECT.

    python benchmarks/produce.py [--quick] [--database-url URL]

The ceiling is one `INSERT INTO ... SELECT` of the same columns from the same contacts into a table with the same primary
key and nothing else, in the same database with the same settings, measured in the same run before and after.
--quick takes 100,000 contacts.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import Metric, report
from sqlalchemy import Engine, text
from sqlmodel import select

from linksvc import production
from linksvc.clock import now
from linksvc.database import PAUSE_S, open_engine, writing
from linksvc.keys import Keyring
from linksvc.links import add_campaign_link
from linksvc.migrations import migrate
from linksvc.models import Campaign, Contact, Message, Offer, Workspace

CONTACTS = """
    WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < :count)
    INSERT INTO contact (workspace_id, identity, number, external_id, first_name, last_name, city, country, timezone,
                         birthday, fields, marketing_consent_at, tracking_consent_at, created_at, updated_at)
    SELECT 1, 'n:+33' || (600000000 + i), '+33' || (600000000 + i), '', 'Camille', 'Martin', 'Lyon',
           CASE WHEN i % 20 = 0 THEN 'BE' ELSE 'FR' END, '', '', '{}', '2026-01-01 00:00:00.000000',
           CASE WHEN i % 5 = 0 THEN NULL ELSE '2026-01-01 00:00:00.000000' END,
           '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'
    FROM i
"""


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def prepare(engine: Engine, count: int) -> None:
    migrate(engine)
    stamp = now()
    with writing(engine) as session:
        session.add(Workspace(name="Benchmark", created_at=stamp))
        session.flush()
        contacts = CONTACTS if engine.dialect.name == "sqlite" else CONTACTS.replace("'2026", "TIMESTAMPTZ '2026")
        session.connection().execute(text(contacts), {"count": count})
        session.add(
            Offer(
                workspace_id=1, name="10 %", kind="percentage", value=1000, currency="EUR", starts_at=stamp, created_at=stamp
            )
        )


def bare(engine: Engine) -> None:
    """The ceiling: the same columns, the same key, one statement."""
    columns = [column.name for column in Message.__table__.columns]
    with writing(engine) as session:
        connection = session.connection()
        rowid = "WITHOUT ROWID" if engine.dialect.name == "sqlite" else ""
        kinds = ", ".join(f"{c.name} {c.type.compile(engine.dialect)}" for c in Message.__table__.columns)
        connection.execute(text(f"CREATE TABLE bare ({kinds}, PRIMARY KEY (campaign_id, n)) {rowid}"))
        given = {
            "campaign_id": "1",
            "n": "row_number() OVER (ORDER BY id)",
            "contact_id": "id",
            "number": "number",
            "country": "country",
            "tracked": "tracking_consent_at IS NOT NULL",
            "produced_at": "created_at",
            "state": "'queued'",
        }
        empty = {c.name: "NULL" if c.nullable else "0" if "INT" in str(c.type) else "''" for c in Message.__table__.columns}
        chosen = ", ".join(given.get(name, empty[name]) for name in columns)
        connection.execute(text(f"INSERT INTO bare ({', '.join(columns)}) SELECT {chosen} FROM contact"))
    with writing(engine) as session:
        session.connection().execute(text("DROP TABLE bare"))


def send(engine: Engine, offer_id: int | None) -> int:
    row = Campaign(
        workspace_id=1,
        name="Million",
        kind="marketing",
        sender="36180",
        text="{{ link }} {{ stop }}",
        rate_per_s=100,
        offer_id=offer_id,
        created_at=now(),
    )
    with writing(engine) as session:
        session.add(row)
        session.flush()
        campaign_id = row.id or 0
        add_campaign_link(session, 1, campaign_id, "https://shop.example/", now())
        production.request_send(session, 1, campaign_id, now())
    return campaign_id


def produce(engine: Engine, campaign_id: int) -> None:
    """The worker's own loop, its pauses included."""
    keyring = Keyring.derive("a key for the benchmark, of 38 characters")
    while production.produce_batch(engine, keyring, campaign_id, now):
        time.sleep(PAUSE_S)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    count = 100_000 if options.quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(options.database_url or f"sqlite:///{Path(folder) / 'produce.db'}")
        prepare(engine, count)
        first = seconds(lambda: bare(engine))
        campaign_id = send(engine, None)
        took = seconds(lambda: produce(engine, campaign_id))
        ceiling = min(first, seconds(lambda: bare(engine)))
        memory = peak_mb()
        with_codes = send(engine, 1)
        codes = seconds(lambda: produce(engine, with_codes)) - took
        with writing(engine) as session:
            made = session.connection().execute(text("SELECT count(*) FROM message")).scalar_one()
            contacts = session.exec(select(Contact.id).limit(1)).first()
        assert contacts and made == 2 * count
        engine.dispose()
    name = f"{count:,} messages with blocks and counters, {engine.dialect.name}"
    report(
        "produce",
        [
            Metric(
                name,
                took,
                "s",
                ceiling,
                took / ceiling,
                "ratio <= 3, a million under 20 s",
                took / ceiling <= 3 and took * 1_000_000 / count < 20,
            ),
            Metric("peak memory of the process", memory, "MB", None, None, "under 300 MB", memory < 300),
            Metric(f"promo codes on {count:,} messages, beside them", codes, "s", ceiling, codes / ceiling, "no goal", True),
        ],
    )


if __name__ == "__main__":
    main()
