"""The guide "Redeem your first code" in every language it is written in, against a real server.

Not a part of `make test`: `make interop` installs PHP and node and names this file to pytest.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from linksvc.database import open_engine, reading
from linksvc.models import Redemption
from linksvc.settings import Settings
from tests.ricochet.guide import Trial, bad_line, by_hand, run_program, trial


@pytest.fixture
def reader(sqlite_url: str, tmp_path: Path) -> Iterator[Trial]:
    with trial(Settings(data_dir=tmp_path, database_url=sqlite_url)) as someone:
        yield someone


def test_every_program_does_what_the_guide_says_and_redeems_once_when_an_answer_is_lost(
    reader: Trial, sqlite_url: str
) -> None:
    by_hand(reader)
    for ending in ("py", "php", "mjs"):
        run_program(reader, ending)
        with bad_line(reader.url) as url:
            run_program(reader, ending, url)
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        redemptions = session.exec(select(Redemption)).all()
    engine.dispose()
    assert len(redemptions) == 7
    assert all(redemption.voided_at for redemption in redemptions)
