"""The rows behind a figure as files: all of them, true, harmless, and never half of one called whole."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlmodel import update

from linksvc import row_files, row_sheets
from linksvc.database import reading, writing
from linksvc.message_filters import MessageFilter
from linksvc.message_totals import count_rows
from linksvc.models import Message
from linksvc.occurrence_list import LISTED, OccurrenceFilter, count_occurrence_rows, count_occurrences
from linksvc.row_files import write_file
from linksvc.row_sheets import Sheet, Shown, message_sheet, occurrence_sheet
from linksvc.stages import STAGES
from tests import factories
from tests.dashboards.scenes import EXPECTED, eventful_campaign

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sheets, "_PIECE_ROWS", 2)


def messages(campaign_id: int, behind: MessageFilter, shown: Shown | None = None) -> Sheet:
    return message_sheet(campaign_id, behind, PARIS, shown or Shown())


def read_csv(engine: Engine, sheet: Sheet) -> list[dict[str, str]]:
    data = b"".join(write_file(engine, sheet, "csv"))
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def rows_in(workbook: bytes) -> list[int]:
    """How many rows each sheet of a workbook has, the headings among them."""
    with ZipFile(io.BytesIO(workbook)) as archive:
        sheets = sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/sheet"))
        return [archive.read(name).count(b"<row ") for name in sheets]


def test_every_figure_is_handed_out_with_as_many_rows_as_it_says(engine: Engine) -> None:
    campaign_id = eventful_campaign(engine, factories.workspace(engine))
    for stage, count in EXPECTED.items():
        if stage in STAGES:
            sheet = messages(campaign_id, MessageFilter(stage))
        else:
            sheet = occurrence_sheet(campaign_id, OccurrenceFilter(stage), PARIS, Shown())
        assert len(read_csv(engine, sheet)) == count, stage
        assert len(json.loads(b"".join(write_file(engine, sheet, "json")))) == count, stage
    workbook = b"".join(write_file(engine, messages(campaign_id, MessageFilter("produced")), "xlsx"))
    assert rows_in(workbook) == [EXPECTED["produced"] + 1]


def test_occurrences_are_counted_by_what_their_messages_have_in_common(engine: Engine) -> None:
    campaign_id = eventful_campaign(engine, factories.workspace(engine))
    filters = [("country", "FR"), ("country", ""), ("device", ""), ("reason", "preview"), ("reason", ""), ("", "")]
    with reading(engine) as session:
        for stage in LISTED:
            for by, value in filters:
                if by == "reason" and not stage.endswith(("human", "suspect", "machine", "late_hit")):
                    continue
                behind = OccurrenceFilter(stage, by, value)
                assert OccurrenceFilter.parse(behind.parameters()) == behind
                counted = count_occurrence_rows(session, campaign_id, behind)
                assert count_occurrences(session, campaign_id, behind) == counted, behind
        of_machines = OccurrenceFilter("hit_machine", "reason", "preview")
        assert count_occurrence_rows(session, campaign_id, of_machines) == 1
        assert count_rows(session, campaign_id, MessageFilter("reached", without=("clicked",))) == 7


def test_times_are_the_workspaces_on_the_night_on_which_clocks_are_put_back(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    twice = (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    with writing(engine) as session:
        for n, moment in enumerate(twice):
            session.exec(update(Message).where(Message.n == n).values(produced_at=moment))  # type: ignore[arg-type]
    rows = read_csv(engine, messages(campaign_id, MessageFilter()))
    told = [row["produced_at (Europe/Paris)"] for row in rows]
    assert told == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]


def test_no_cell_is_a_formula(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    with writing(engine) as session:
        session.exec(update(Message).values(network="=1+1", error="@SUM(A1)"))
    sheet = messages(campaign_id, MessageFilter())
    (row,) = read_csv(engine, sheet)
    assert (row["network"], row["error"]) == ("'=1+1", "'@SUM(A1)")
    with ZipFile(io.BytesIO(b"".join(write_file(engine, sheet, "xlsx")))) as archive:
        page = archive.read("xl/worksheets/sheet1.xml")
    assert b"=1+1" in page
    assert b"<f>" not in page


def test_numbers_and_codes_are_left_empty_for_who_may_not_see_them(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    (row,) = read_csv(engine, messages(campaign_id, MessageFilter(), Shown(numbers=False, codes=False)))
    assert (row["n"], row["number"], row["code"]) == ("0", "", "")


def test_a_workbook_goes_on_with_another_sheet_where_one_is_full(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_files, "SHEET_ROWS", 4)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 7)
    assert rows_in(b"".join(write_file(engine, messages(campaign_id, MessageFilter()), "xlsx"))) == [4, 4, 2]


@contextmanager
def failing_after(engine: Engine, looks: int) -> Iterator[None]:
    """The database is lost after so many looks at the messages."""
    seen = 0

    def fail(*told: Any) -> None:
        nonlocal seen
        seen += "FROM message" in told[2]
        if seen > looks:
            raise OperationalError("lost", {}, Exception("the database went away"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)


@pytest.mark.parametrize("format", ["csv", "xlsx", "json"])
def test_a_file_that_cannot_be_finished_is_an_error_and_leaves_nothing_behind(
    engine: Engine, format: row_files.Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 5)
    pieces = write_file(engine, messages(campaign_id, MessageFilter()), format)
    with failing_after(engine, 1), pytest.raises(OperationalError):
        list(pieces)
    assert not list(tmp_path.glob("ricochet-export-*"))
