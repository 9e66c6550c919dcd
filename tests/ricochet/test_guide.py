"""The guide "Redeem your first code", followed to the letter with curl and Python. The other languages: `make interop`."""

import sys
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
        # The guide's own Python needs nothing but the language; this one is sure to be there.
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python3").symlink_to(sys.executable)
        yield someone


def test_the_guide_does_what_it_says_by_hand_and_in_python_also_when_an_answer_is_lost(
    reader: Trial, sqlite_url: str
) -> None:
    answers = by_hand(reader)
    assert [answer.get("state") for answer in answers] == [None, None, None, "redeemed", None, "voided"]
    run_program(reader, "py")
    with bad_line(reader.url) as url:
        run_program(reader, "py", url)
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        redemptions = session.exec(select(Redemption)).all()
    engine.dispose()
    assert len(redemptions) == 3
    assert all(redemption.voided_at for redemption in redemptions)
