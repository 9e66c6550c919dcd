"""The rounds' own judge: whatever is wrong with what is stored, it says so."""

from array import array
from pathlib import Path

import pytest

from linksvc.database import open_engine
from linksvc.settings import Settings
from tests.factories import hit, learn_hits, produced_campaign, workspace
from tests.rounds.campaigns import Links, compare
from tests.rounds.counting_client import CountingClient
from tests.rounds.report import Report

LOST = "each answered hit is stored"
INVENTED = "each stored hit was sent, and is stored once"


@pytest.mark.parametrize(
    ("outcomes", "stored", "broken"),
    [
        ([302, 302, 302], [0, 1, 2], ()),
        ([302, 302, 302, 302], [0, 0, 1, 2], ()),
        ([302, 0, 302], [0, 2], ()),
        ([302, 0, 302], [0, 1, 2], ()),
        ([302, 302, 302], [0, 2], (LOST,)),
        ([302, 302, 302], [0, 1, 2, 2], (INVENTED,)),
        ([302, 302], [0, 1, 2], (INVENTED,)),
        ([302, 302, 302], [0, 0, 1], (INVENTED, LOST)),
        ([302, 302, 302], [0, 1, None], (INVENTED, LOST)),
        ([302, 404], [0], ("every answer is a redirect",)),
    ],
)
def test_a_comparison_tells_what_is_lost_doubled_or_invented(
    sqlite_url: str, tmp_path: Path, outcomes: list[int], stored: list[int | None], broken: tuple[str, ...]
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url)
    engine = open_engine(sqlite_url)
    campaign = produced_campaign(engine, workspace(engine), 3)
    learn_hits(engine, *(hit(campaign, position, n) for position, n in enumerate(stored)))
    engine.dispose()
    client = CountingClient(0, ())
    client.outcomes = array("H", outcomes)
    report = Report("a comparison", "here")
    compare(report, Links(settings, campaign, (0, 1, 2), ("/a", "/b", "/c")), client)
    assert report.end().broken == broken
