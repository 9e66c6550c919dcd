"""Occurrences over the API, and the rows behind a figure as files: as many as the figure says, for who may see them."""

import csv
import io
from zipfile import ZipFile

import httpx2
import pytest

from tests import factories
from tests.dashboards.scenes import EXPECTED, eventful_campaign
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.test_row_files import failing_after, rows_in

OCCURRING = {
    stage: EXPECTED[stage] for stage in ("hit_human", "hit_unnamed", "redemption", "return", "payment", "late_void")
}

WRONG: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("messages", {"stage": "opened"}, "unknown_stage", "stage"),
    ("messages", {"not": "opened"}, "unknown_stage", "not"),
    ("messages", {"by": "shoe", "value": "42"}, "breakdown_unknown", "by"),
    ("messages", {"by": "route", "value": "x"}, "value_invalid", "value"),
    ("messages", {"value": "FR"}, "value_invalid", "by"),
    ("occurrences", {"stage": "redemption", "value": "FR"}, "value_invalid", "by"),
    ("messages", {"from": "yesterday"}, "moment_invalid", "from"),
    ("messages", {"from": "2026-11-20T09:07:00Z"}, "cohort_invalid", "from"),
    ("messages", {"after": "3"}, "invalid_request", "after"),
    ("occurrences", {}, "invalid_request", "stage"),
    ("occurrences", {"stage": "clicked"}, "unknown_stage", "stage"),
    ("occurrences", {"stage": "redemption", "by": "reason", "value": "x"}, "breakdown_unknown", "by"),
    ("occurrences", {"stage": "redemption", "not": "clicked"}, "invalid_request", "not"),
    ("occurrences", {"stage": "redemption", "at_to": "soon"}, "moment_invalid", "at_to"),
)


def lines_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_occurrences_are_listed_page_by_page_as_often_as_the_figure_says(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{eventful_campaign(api.engine, api.workspace_id)}/occurrences"
    for stage, count in OCCURRING.items():
        seen: list[str] = []
        after: str | None = ""
        while after is not None:
            page = api.get(address, params={"stage": stage, "after": after, "limit": 2}).json()
            assert (page["stage"], page["total"]) == (stage, count)
            seen += [row["id"] for row in page["occurrences"]]
            after = page["next_after"]
        assert len(seen) == len(set(seen)) == count, stage


def test_an_occurrence_tells_what_happened(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{eventful_campaign(api.engine, api.workspace_id)}/occurrences"
    (paid,) = api.get(address, params={"stage": "payment"}).json()["occurrences"]
    assert (paid["n"], paid["amount"], paid["verdict"]) == (4, {"amount": 10_000, "currency": "EUR"}, None)
    assert paid["number"].startswith("+33")
    (visit,) = api.get(address, params={"stage": "hit_machine", "by": "reason", "value": "preview"}).json()["occurrences"]
    assert (visit["n"], visit["verdict"], visit["reason"], visit["amount"]) == (2, "machine", "preview", None)
    (unnamed,) = api.get(address, params={"stage": "hit_unnamed"}).json()["occurrences"]
    assert (unnamed["n"], unnamed["number"]) == (None, None)


def test_files_hold_the_rows_of_the_list(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{eventful_campaign(api.engine, api.workspace_id)}"
    behind = {"stage": "reached", "not": "clicked"}
    listed = api.get(f"{address}/messages", params=behind).json()
    lines = lines_of(api.get(f"{address}/messages.csv", params=behind))
    assert [line["n"] for line in lines] == [str(row["n"]) for row in listed["messages"]]
    assert len(lines) == listed["total"] == 7
    for stage, count in OCCURRING.items():
        assert len(lines_of(api.get(f"{address}/occurrences.csv", params={"stage": stage}))) == count, stage
    amounts = lines_of(api.get(f"{address}/occurrences.csv", params={"stage": "payment"}))
    assert [(line["amount"], line["currency"]) for line in amounts] == [("100", "EUR")]
    for what, stage in (("messages", "delivered"), ("occurrences", "redemption")):
        book = api.get(f"{address}/{what}.xlsx", params={"stage": stage})
        assert book.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        assert f'filename="{what}-{address.rpartition("/")[2]}-{stage}.xlsx"' in book.headers["content-disposition"]
        assert ZipFile(io.BytesIO(book.content)).testzip() is None
        assert rows_in(book.content) == [EXPECTED[stage] + 1]


def test_a_file_of_nothing_has_its_headings(sqlite_api: Api) -> None:
    campaign_id = factories.campaign(sqlite_api.engine, sqlite_api.workspace_id)
    answer = sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/messages.csv")
    assert lines_of(answer) == []
    assert "submitted_at (Europe/Paris)" in answer.text
    assert rows_in(sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/occurrences.xlsx?stage=payment").content) == [1]


def test_a_key_without_the_scopes_gets_neither_numbers_nor_codes(sqlite_api: Api) -> None:
    address = f"/v1/campaigns/cmp_{eventful_campaign(sqlite_api.engine, sqlite_api.workspace_id)}"
    bare, numbers = sqlite_api.make_key("campaigns:read"), sqlite_api.make_key("campaigns:read", "contacts:read")
    other = sqlite_api.make_key("contacts:read")
    for path, stage in (("messages", "delivered"), ("occurrences", "redemption")):
        params = {"stage": stage}
        lines = lines_of(sqlite_api.get(f"{address}/{path}.csv", params=params, key=bare))
        assert {(line["number"], line.get("code", "")) for line in lines} == {("", "")}
        lines = lines_of(sqlite_api.get(f"{address}/{path}.csv", params=params, key=numbers))
        assert all(line["number"].startswith("'+33") for line in lines)
        assert b"+33" not in unzipped(sqlite_api.get(f"{address}/{path}.xlsx", params=params, key=bare).content)
        check_problem(sqlite_api.get(f"{address}/{path}.csv", params=params, key=other), 403, "scope_missing")
    rows = sqlite_api.get(f"{address}/occurrences", params={"stage": "redemption"}, key=bare).json()["occurrences"]
    assert {row["number"] for row in rows} == {None}


def unzipped(workbook: bytes) -> bytes:
    with ZipFile(io.BytesIO(workbook)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


def test_every_wrong_parameter_is_named_in_lists_and_files(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    campaign_id = factories.campaign(sqlite_api.engine, sqlite_api.workspace_id)
    for what, params, code, field in WRONG:
        for ending in ("", ".csv", ".xlsx"):
            if ending == "" and "after" in params:
                continue
            with subtests.test(what=what, ending=ending, params=params):
                answer = sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/{what}{ending}", params=params)
                assert check_problem(answer, 422, code)["errors"][0]["field"] == field


def test_another_workspaces_campaign_has_no_rows(sqlite_api: Api) -> None:
    theirs = eventful_campaign(sqlite_api.engine, factories.workspace(sqlite_api.engine, "Elsewhere"))
    for what in ("messages", "occurrences"):
        for ending in ("", ".csv", ".xlsx"):
            for campaign_id in (theirs, 10_000):
                answer = sqlite_api.get(f"/v1/campaigns/cmp_{campaign_id}/{what}{ending}?stage=" + STAGE[what])
                check_problem(answer, 404, "campaign_not_found")


STAGE = {"messages": "produced", "occurrences": "redemption"}


def test_a_file_that_breaks_off_is_not_taken_for_whole(sqlite_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linksvc.row_sheets._PIECE_ROWS", 2)
    address = f"/v1/campaigns/cmp_{eventful_campaign(sqlite_api.engine, sqlite_api.workspace_id)}/messages"
    for ending in ("csv", "xlsx"):
        with failing_after(sqlite_api.engine, 2), pytest.raises(httpx2.RemoteProtocolError):
            sqlite_api.get(f"{address}.{ending}")
    assert len(lines_of(sqlite_api.get(f"{address}.csv"))) == EXPECTED["produced"]
