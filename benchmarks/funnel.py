"""A campaign's page, breakdowns and the applier, on SQLite and PostgreSQL: beside the joins that the counters spare, and
beside a bare UPDATE of what the applier writes.

    python benchmarks/funnel.py [--quick] [--database-url URL]

A campaign of 1,000,000 messages (970,000 receipts, 270,000 visits, 30,000 redemptions), one of 10,000 sent over the same
hours, and 1,000 others with counters as many as the latter's. Measured is what a page reads and writes of it: the figures
of the first screen, the charts below, each breakdown; medians of rounds of all in turn. The joins find the same figures from
messages, facts and visits. The applier takes facts that wait, without the pauses it makes for others.
--quick takes 100,000 messages, 1,000 and 100 others. With --database-url it measures on that empty database alone.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ingest import postgresql
from parts import campaign_rows
from parts.page_load import load_page
from report import Metric, report
from sqlalchemy import Engine, text
from sqlmodel import select

from dashboards.charts.page import make_charts, read_material
from dashboards.funnel_page import make_funnel_page
from dashboards.readings import read_campaign
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.applier import apply_batch
from linksvc.breakdowns import BREAKDOWNS, read_breakdown
from linksvc.bulk import update_rows
from linksvc.clock import now
from linksvc.database import BATCH_ROWS, open_engine, reading, writing
from linksvc.migrations import migrate
from linksvc.models import Fact, Message
from ricochet.interpreter import tune_collector

ROUNDS = 15

JOINS = """
    SELECT count(*) AS produced,
        sum(CASE WHEN accepted.n IS NOT NULL THEN 1 ELSE 0 END) AS submitted,
        sum(CASE WHEN receipt.value = 'DELIVERED' THEN 1 ELSE 0 END) AS delivered,
        sum(CASE WHEN receipt.value = 'DELIVERED' OR clicked.n IS NOT NULL OR redeemed.n IS NOT NULL THEN 1 ELSE 0 END)
            AS reached,
        sum(CASE WHEN clicked.n IS NOT NULL THEN 1 ELSE 0 END) AS clicked,
        sum(CASE WHEN redeemed.n IS NOT NULL THEN 1 ELSE 0 END) AS redeemed
    FROM message
    LEFT JOIN (SELECT n FROM fact WHERE campaign_id = :c AND kind = 'accepted' GROUP BY n) accepted ON accepted.n = message.n
    LEFT JOIN (SELECT n, max(value) AS value FROM fact WHERE campaign_id = :c AND kind = 'receipt' GROUP BY n) receipt
        ON receipt.n = message.n
    LEFT JOIN (SELECT n FROM hit WHERE campaign_id = :c AND verdict = 'human' GROUP BY n) clicked ON clicked.n = message.n
    LEFT JOIN (SELECT n FROM fact WHERE campaign_id = :c AND kind = 'redeemed' GROUP BY n) redeemed
        ON redeemed.n = message.n
    WHERE message.campaign_id = :c
"""


@dataclass(frozen=True)
class Sizes:
    large: int
    small: int
    others: int
    applied: int


@dataclass(frozen=True)
class Scene:
    engine: Engine
    who: SignedIn
    large: int
    small: int

    def figures(self, campaign_id: int) -> None:
        speech = Speech("en", self.who.timezone)
        with reading(self.engine) as session:
            found = read_campaign(session, self.who.workspace_id, campaign_id)
        make_funnel_page(found, self.who, speech, now())

    def charts(self, campaign_id: int) -> None:
        speech = Speech("en", self.who.timezone)
        with reading(self.engine) as session:
            material = read_material(session, self.who.workspace_id, campaign_id)
        make_charts(material, self.who, speech)

    def breakdown(self, by: str) -> None:
        with reading(self.engine) as session:
            read_breakdown(session, self.who.workspace_id, self.large, by)

    def joins(self) -> Mapping[str, int]:
        with reading(self.engine) as session:
            return dict(session.connection().execute(text(JOINS), {"c": self.large}).one()._mapping)


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def measure(engine: Engine, sizes: Sizes, folder: Path) -> list[Metric]:
    tune_collector()
    migrate(engine)
    owner = campaign_rows.prepare(engine)
    small = campaign_rows.add_campaign(engine, owner, sizes.small)
    campaign_rows.copy_counters(engine, small, sizes.others)
    large = campaign_rows.add_campaign(engine, owner, sizes.large)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    who = SignedIn(1, "", "en", owner, "Benchmark", "Europe/Paris", "EUR")
    scene = Scene(engine, who, large, small)
    check(scene)
    return [*pages(scene), *chromium(scene, folder), *applier(engine, owner, sizes.applied)]


def check(scene: Scene) -> None:
    """The figures are those that the joins find."""
    with reading(scene.engine) as session:
        counts = read_campaign(session, scene.who.workspace_id, scene.large).funnel.counts
    joined = scene.joins()
    assert joined == {name: counts[name] for name in joined}, (joined, counts)


def pages(scene: Scene) -> list[Metric]:
    works: dict[str, Callable[[], object]] = {
        "figures": lambda: scene.figures(scene.large),
        "figures of the small": lambda: scene.figures(scene.small),
        "charts": lambda: scene.charts(scene.large),
        "charts of the small": lambda: scene.charts(scene.small),
        **{by: lambda by=by: scene.breakdown(by) for by in BREAKDOWNS},  # type: ignore[misc]
    }
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            took[name].append(milliseconds(work))
    found = {name: median(times) for name, times in took.items()}
    joins = median(milliseconds(scene.joins) for _ in range(3))
    name = scene.engine.dialect.name
    slowest = max(found[by] for by in BREAKDOWNS)
    return [
        _within(f"{name}: a campaign's figures", found["figures"], 50),
        _growth(f"{name}: the same beside a campaign of a hundredth", found["figures"], found["figures of the small"]),
        _spared(f"{name}: the joins instead", joins, found["figures"]),
        _within(f"{name}: its charts", found["charts"], 300),
        _growth(f"{name}: the same beside a campaign of a hundredth, charts", found["charts"], found["charts of the small"]),
        _within(f"{name}: the slowest breakdown", slowest, 300),
    ]


def _within(name: str, value: float, most: float) -> Metric:
    return Metric(name, value, "ms", None, None, f"< {most:.0f} ms", value < most)


def _spared(name: str, joins: float, figures: float) -> Metric:
    return Metric(name, joins, "ms", figures, joins / figures, ">= 50 times", joins / figures >= 50)


def _growth(name: str, large: float, small: float) -> Metric:
    return Metric(name, large, "ms", small, large / small, "<= 1.5", large / small <= 1.5)


def chromium(scene: Scene, folder: Path) -> list[Metric]:
    load = load_page(scene.engine, scene.who.workspace_id, scene.large, folder)
    name = scene.engine.dialect.name
    return [
        _within(f"{name}: its funnel is seen in Chromium", load.seen_ms, 1_000),
        Metric(f"{name}: what jumps meanwhile", load.shift, "CLS", None, None, "< 0.01", load.shift < 0.01),
    ]


def applier(engine: Engine, owner: int, size: int) -> list[Metric]:
    campaign_id = campaign_rows.add_campaign(engine, owner, size, applied=False)
    applied, began = 0, time.perf_counter()
    while done := apply_batch(engine, campaign_id, "benchmark", now):
        applied += done
    per_s = applied / (time.perf_counter() - began)
    bare = bare_updates(engine, campaign_id)
    name = f"{engine.dialect.name}: facts applied"
    return [Metric(name, per_s, "facts/s", bare, per_s / bare, ">= 10,000/s", per_s >= 10_000)]


def bare_updates(engine: Engine, campaign_id: int) -> float:
    """Facts a second if nothing were done but to mark each as applied and to write one stamp of its message."""
    with reading(engine) as session:
        keys = session.exec(select(Fact.kind, Fact.source, Fact.n).where(Fact.campaign_id == campaign_id)).all()
    moment, began = now(), time.perf_counter()
    for first in range(0, len(keys), BATCH_ROWS):
        batch = keys[first : first + BATCH_ROWS]
        with writing(engine) as session:
            facts = [(campaign_id, kind, source, moment) for kind, source, _ in batch]
            update_rows(session, Fact, ("campaign_id", "kind", "source"), ("applied_at",), facts)
            stamps = [(campaign_id, n, moment) for n in {n for _, _, n in batch}]
            update_rows(session, Message, ("campaign_id", "n"), ("clicked_at",), stamps)
    return len(keys) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database-url")
    arguments = parser.parse_args()
    sizes = Sizes(100_000, 1_000, 100, 20_000) if arguments.quick else Sizes(1_000_000, 10_000, 1_000, 50_000)
    metrics: list[Metric] = []
    with tempfile.TemporaryDirectory() as folder:
        if arguments.database_url:
            metrics += measure(open_engine(arguments.database_url), sizes, Path(folder))
        else:
            print("SQLite", file=sys.stderr)
            metrics += measure(open_engine(f"sqlite:///{Path(folder) / 'funnel.db'}"), sizes, Path(folder))
            print("PostgreSQL", file=sys.stderr)
            with postgresql(Path(folder)) as url:
                metrics += measure(open_engine(url), sizes, Path(folder))
    report("funnel", metrics)


if __name__ == "__main__":
    main()
