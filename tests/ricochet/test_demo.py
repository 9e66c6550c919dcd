"""The main job, whole: real processes, real sockets, and a funnel equal to what truly happened."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import text

from linksvc.database import open_engine, reading

KEYS = {
    "produced",
    "submitted",
    "delivered",
    "failed",
    "unknown",
    "clicked",
    "engaged",
    "machine_hits",
    "redeemed",
    "revenue_minor",
    "opted_out",
}


def demo(*arguments: str) -> tuple[int, dict[str, object], str]:
    """Runs `ricochet demo --json`; returns its status, its last line and what it said on stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RICOCHET_")}
    command = [sys.executable, "-m", "ricochet", "demo", "--json", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    lines = run.stdout.strip().splitlines()
    return run.returncode, json.loads(lines[-1]) if lines else {}, run.stderr


def assert_equal(status: int, result: dict[str, object], said: str) -> None:
    assert status == 0, f"{result}\n{said}"
    truth, funnel = result["truth"], result["funnel"]
    assert isinstance(truth, dict) and isinstance(funnel, dict)
    assert truth == funnel and result["equal"] is True
    assert set(truth) == KEYS
    # A comparison of nothing with nothing would be equal too.
    assert all(truth[name] > 0 for name in KEYS)
    assert truth["submitted"] >= truth["delivered"] + truth["failed"] + truth["unknown"]
    assert "unexpected" not in said


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_funnel_equals_the_truth_on_sqlite(seed: int) -> None:
    assert_equal(*demo("--recipients", "500", "--seed", str(seed)))


def test_the_funnel_equals_the_truth_on_postgresql_and_leaves_nothing_behind(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    schemas = text("SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'ricochet%'")
    assert_equal(*demo("--recipients", "500", "--seed", "14", "--database-url", postgresql_url))
    with reading(engine) as session:
        assert session.connection().execute(schemas).scalar_one() == 0
    engine.dispose()


def test_more_people_than_numbers_reserved_for_fiction_is_a_clear_error() -> None:
    status, _, said = demo("--recipients", "1000000")
    assert status == 1
    assert "numbers are reserved for fiction" in said
    assert "Traceback" not in said
