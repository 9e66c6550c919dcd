"""A million promo codes, generated and stored, against a bare bulk insert of the same rows.

    python benchmarks/codes.py [--quick] [--database-url URL]

Both databases are measured, PostgreSQL by a server of the benchmark's own; --database-url names another one instead.
The ceiling is the bare driver (executemany on SQLite, COPY on PostgreSQL) writing rows that are there already, all in one
transaction, into a table of the same columns and the same key and nothing else, in the same database with the same settings,
measured in the same run before and after. --quick makes 100,000 codes.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

from ingest import postgresql
from report import Metric, report
from sqlalchemy import Connection, Engine, text
from sqlmodel import col, func, select

from linksvc import promo_codes
from linksvc.clock import now
from linksvc.code_generation import CODES_AT_ONCE, generate
from linksvc.database import open_engine, writing
from linksvc.keys import Keyring
from linksvc.migrations import migrate
from linksvc.models import Offer, PromoCode, Workspace

KEYRING = Keyring.derive("a key for the benchmark, of 38 characters")


def prepare(engine: Engine) -> None:
    migrate(engine)
    stamp = now()
    with writing(engine) as session:
        session.add(Workspace(name="Benchmark", created_at=stamp))
        session.flush()
        session.add(
            Offer(
                workspace_id=1, name="10 %", kind="percentage", value=1000, currency="EUR", starts_at=stamp, created_at=stamp
            )
        )


def bare(engine: Engine, codes: list[str]) -> float:
    """Seconds that the ceiling takes, its commit included."""
    model = PromoCode(workspace_id=1, code="", offer_id=1).model_dump()
    names = list(model)
    types = [PromoCode.__table__.c[name].type.compile(engine.dialect) for name in names]
    rowid = "WITHOUT ROWID" if engine.dialect.name == "sqlite" else ""
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
    with writing(engine) as session:
        session.connection().execute(text(f"CREATE TABLE bare ({columns}, PRIMARY KEY (workspace_id, code)) {rowid}"))
    rows = zip(*(codes if name == "code" else repeat(value) for name, value in model.items()), strict=False)
    began = time.perf_counter()
    with writing(engine) as session:
        write(session.connection(), names, types, rows)
    took = time.perf_counter() - began
    with writing(engine) as session:
        session.connection().execute(text("DROP TABLE bare"))
    return took


def write(connection: Connection, names: list[str], types: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(names))})", rows)
        return
    with driver.cursor().copy(f"COPY bare ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([kind.lower() for kind in types])
        for row in rows:
            copy.write_row(row)


def measure(url: str, codes: list[str]) -> list[Metric]:
    count = len(codes)
    engine = open_engine(url)
    prepare(engine)
    before = bare(engine, codes)
    began = time.perf_counter()
    generate(engine, KEYRING, 1, 1, count)
    took = time.perf_counter() - began
    ceiling = min(before, bare(engine, codes))
    with writing(engine) as session:
        made = session.exec(select(func.count()).select_from(PromoCode).where(col(PromoCode.offer_id) == 1)).one()
    if made != count:
        raise SystemExit(f"{made:,} codes of {count:,} were stored.")
    kind = engine.dialect.name
    engine.dispose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = f"{count:,} codes generated and stored, {kind}"
    return [
        Metric(name, took, "s", ceiling, took / ceiling, "ratio <= 3", took / ceiling <= 3),
        Metric(f"peak memory of the process until then, {kind}", memory, "MB", None, None, "under 300 MB", memory < 300),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    count = 100_000 if options.quick else 1_000_000
    others = promo_codes.generator(b"another key, of thirty-two bytes")
    codes: list[str] = []
    for first in range(0, count, CODES_AT_ONCE):
        codes += promo_codes.generate_all(others, range(first, first + CODES_AT_ONCE))
    if options.database_url:
        report("codes", measure(options.database_url, codes))
        return
    with tempfile.TemporaryDirectory(prefix="ricochet-bench-") as folder:
        metrics = measure(f"sqlite:///{folder}/codes.db", codes)
        with postgresql(Path(folder)) as url:
            metrics += measure(url, codes)
    report("codes", metrics)


if __name__ == "__main__":
    main()
