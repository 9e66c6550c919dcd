"""`ricochet page answers` and `ricochet page draws`."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests import factories
from tests.linksvc.landing.forms import SENT
from tests.linksvc.landing.people import answer, scratch
from tests.ricochet.conftest import Terminal
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.prize_scenes import DOCUMENT


@pytest.fixture
def campaign(sqlite_engine: Engine) -> PageCampaign:
    return page_campaign(sqlite_engine, DOCUMENT, workspace_id=factories.workspace(sqlite_engine))


def test_answers_are_shown_in_numbers_and_written_to_a_file(
    terminal: Terminal, sqlite_engine: Engine, campaign: PageCampaign, tmp_path: Path
) -> None:
    answer(sqlite_engine, campaign, 0, SENT)
    answer(sqlite_engine, campaign, 1, {"q.visit": ["rarely"]})
    told = terminal.done("page", "answers", f"cmp_{campaign.campaign_id}")
    assert "opinion: 2 forms" in told and "1  50.0%  Chaque semaine" in told and "1 answered, mean 10.0" in told
    path = tmp_path / "answers.csv"
    terminal.done("page", "answers", f"cmp_{campaign.campaign_id}", "--csv", str(path))
    assert len(path.read_text("utf-8-sig").splitlines()) >= 3
    assert "cannot be written" in terminal.refused(
        "page", "answers", f"cmp_{campaign.campaign_id}", "--csv", str(tmp_path / "no" / "x.csv")
    )
    assert "no such form" in terminal.refused("page", "answers", f"cmp_{campaign.campaign_id}", "--form", "other")


def test_prizes_are_shown_with_what_is_left(terminal: Terminal, sqlite_engine: Engine, campaign: PageCampaign) -> None:
    scratch(sqlite_engine, campaign, 0, block="cells")
    told = [" ".join(line.split()) for line in terminal.done("page", "draws", f"cmp_{campaign.campaign_id}").splitlines()]
    assert "card: 0 draws" in told and "cells: 1 draws" in told
    assert "1 drawn 2.5 % Un sac <b>rouge</b>, 999 left" in told and "0 drawn 97.5 % nothing" in told
