"""`ricochet counters` on an installation whose counters were tampered with."""

import os
import subprocess
import sys
from pathlib import Path

from sqlmodel import update

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.database import open_engine, writing
from linksvc.models import FunnelCount
from tests import factories
from tests.factories import NOW


def run(data_dir: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "RICOCHET_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "ricochet", "counters", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_wrong_counter_is_found_and_put_right(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 3)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    factories.learn_hits(engine, factories.hit(campaign_id, 0))
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    assert run(tmp_path, "verify") == (0, f"cmp_{campaign_id}: 28 counters, 0 differ\n")
    with writing(engine) as session:
        session.exec(update(FunnelCount).where(FunnelCount.stage == "clicked").values(count=5))  # type: ignore[arg-type]
    engine.dispose()
    status, said = run(tmp_path, "verify", f"cmp_{campaign_id}")
    assert status == 3
    assert "clicked  by country FR 2026-11-20 09:00: 5, should be 1" in said
    assert run(tmp_path, "rebuild") == (0, f"cmp_{campaign_id}: rebuilt\n")
    assert run(tmp_path, "verify")[0] == 0


def test_an_unknown_campaign_is_a_clear_error(sqlite_url: str, tmp_path: Path) -> None:
    assert sqlite_url
    assert run(tmp_path, "verify", "cmp_9") == (2, "ricochet: There is no campaign cmp_9.\n")
