"""`ricochet clicks rejudge`, a process of its own, over hits that older rules judged otherwise."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.database import open_engine, reading, writing
from linksvc.models import Fact, Hit
from tests import factories
from tests.factories import NOW, hit, learn_hits


def run(url: str, data_dir: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "RICOCHET_DATA_DIR": str(data_dir), "RICOCHET_DATABASE_URL": url, "COLUMNS": "100"}
    command = [sys.executable, "-m", "ricochet", "clicks", "rejudge", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def campaign(engine: Engine) -> int:
    """What rules of version 1 made of three messages' hits: one previewed, one opened by a program, one by a person."""
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 3)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    learn_hits(
        engine,
        hit(campaign_id, 0, 0, user_agent="WhatsApp/2.25.31.76 A"),
        hit(campaign_id, 1, 1, user_agent="curl/8.14.1"),
        hit(campaign_id, 2, 1, occurred_at=NOW + timedelta(minutes=1)),
        hit(campaign_id, 3, 2, "suspect", reason="no_user_agent"),
        hit(campaign_id, 4, None, user_agent="curl/8.14.1"),
    )
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    return campaign_id


def rows_of(said: str) -> list[list[str]]:
    """The tables' rows, without what draws them."""
    lines = [line for line in said.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


FIGURES = [
    ["clicked", "2", "2", ""],
    ["suspect", "1", "0", "-1"],
    ["machine", "0", "1", "+1"],
    ["hit_human", "4", "2", "-2"],
    ["hit_suspect", "1", "0", "-1"],
    ["hit_machine", "0", "3", "+3"],
]
HITS = [
    ["human", "machine", "bare_client", "2"],
    ["human", "machine", "preview", "1"],
    ["suspect", "human", "nothing speaks against a person", "1"],
]


def test_rejudging_prints_the_difference_once_and_leaves_counters_that_add_up(
    engine: Engine, database_url: str, campaign: int, tmp_path: Path
) -> None:
    for arguments in (("--dry-run",), (f"cmp_{campaign}",)):
        status, said = run(database_url, tmp_path, *arguments)
        assert status == 0, said
        assert said.startswith(f"cmp_{campaign}: 5 hits judged, 4 changed\n")
        assert sorted(rows_of(said)) == sorted(FIGURES + HITS)
    assert run(database_url, tmp_path) == (0, f"cmp_{campaign}: 5 hits judged, 0 changed\n")
    with reading(engine) as session:
        assert counters.stored(session, campaign) == counters.brute_force(session, campaign)
        assert session.exec(select(func.count()).where(Fact.kind == "verdict")).one() == 4
        assert session.exec(select(Hit.reason).order_by(col(Hit.position))).all()[:2] == ["preview", "bare_client"]


def test_an_unknown_campaign_is_a_clear_error(sqlite_url: str, tmp_path: Path) -> None:
    assert run(sqlite_url, tmp_path, "cmp_9") == (2, "ricochet: There is no campaign cmp_9.\n")


def test_an_installation_without_campaigns_has_nothing_to_judge(sqlite_url: str, tmp_path: Path) -> None:
    open_engine(sqlite_url).dispose()
    assert run(sqlite_url, tmp_path, "--dry-run") == (0, "")
