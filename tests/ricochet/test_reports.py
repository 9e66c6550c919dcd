"""`ricochet report` and the files of rows from the command line: the API's figures, or a clear refusal and no half file."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from linksvc.accounts import ensure_workspace
from linksvc.api.app import create_api
from linksvc.api_keys import create_key
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.facts import NewFact
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from tests.dashboards.scenes import EXPECTED, apply_all, eventful_campaign, learn, new_campaign
from tests.factories import NOW
from tests.linksvc.api.conftest import plain_client, served
from tests.ricochet.conftest import Terminal

REPORT, ROWS = ("report",), ("campaign", "messages")


@pytest.fixture
def installed(lumen: Terminal, sqlite_url: str) -> Iterator[Engine]:  # noqa: ARG001 - it makes the workspace
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def campaign(installed: Engine) -> str:
    return f"cmp_{eventful_campaign(installed, 1)}"


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_json_is_the_answer_of_the_api(lumen: Terminal, installed: Engine, campaign: str, sqlite_url: str) -> None:
    secret = SecretStr("a secret key for the tests, of 42 characters")
    settings = Settings(data_dir=lumen.data_dir, database_url=sqlite_url, secret_key=secret)
    with writing(installed) as session:
        key = create_key(session, 1, "reader", ("campaigns:read",), None, now())
    asked: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({}, ()),
        ({"by": "country"}, ("--by", "country")),
        ({"by": "hour", "from": "2026-11-20T09:00Z"}, ("--by", "hour", "--from", "2026-11-20T09:00Z")),
    ]
    with served(create_api(settings, installed, open_keyring(settings))) as url, plain_client(url) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        answers = [client.get(f"/v1/campaigns/{campaign}/funnel", params=params).json() for params, _ in asked]
    # What the API logged.
    lumen.capsys.readouterr()
    for (_, options), answer in zip(asked, answers, strict=True):
        told = json.loads(lumen.done("report", campaign, "--format", "json", *options))
        assert told.pop("definitions").endswith("/definitions")
        assert told == {name: value for name, value in answer.items() if name != "definitions"}


def test_csv_has_every_figure_and_the_breakdown_adds_up(lumen: Terminal, campaign: str) -> None:
    rows = rows_of(lumen.done("report", campaign, "--format", "csv", "--by", "country"))
    whole = {row["figure"]: row for row in rows if not row["by"]}
    assert {name: int(whole[name]["count"]) for name in EXPECTED} == EXPECTED
    assert (whole["revenue"]["amount"], whole["revenue"]["currency"]) == ("1514.00", "EUR")
    parts = [row for row in rows if row["by"] == "country" and row["figure"] == "delivered"]
    assert sum(int(row["count"]) for row in parts) == EXPECTED["delivered"]


def test_a_table_tells_counts_shares_and_a_breakdown(lumen: Terminal, campaign: str) -> None:
    table = lumen.done("report", campaign, "--by", "country")
    assert table.startswith(f"{campaign} Black Friday VIP: ")
    assert "\x1b" not in table
    assert re.search(r"clicked +│ +3 │ +8 seen │ 37.5%", table)
    assert re.search(r"net revenue +│ +1400.00 EUR", table)
    assert re.search(rf"FR +│ +{EXPECTED['submitted']} │", table)


def test_a_table_of_a_campaign_that_never_arrived_says_so(lumen: Terminal, installed: Engine) -> None:
    campaign_id = new_campaign(installed, 1, 3)
    assert "0 of" not in lumen.done("report", f"cmp_{campaign_id}")
    facts = [NewFact(campaign_id, "accepted", f"{n}.1.1", n, NOW, parts=1) for n in range(3)]
    facts += [NewFact(campaign_id, "receipt", f"{n}.1.1", n, NOW, value="UNDELIVERABLE") for n in range(3)]
    learn(installed, facts)
    apply_all(installed, campaign_id)
    table = lumen.done("report", f"cmp_{campaign_id}")
    assert "No message is confirmed as delivered: 0 of 3 submitted." in table
    assert re.search(r"failed +│ +3 ", table)


def test_a_table_names_the_workspaces_zone_and_tells_the_bounds_of_the_click_rate(lumen: Terminal, campaign: str) -> None:
    figures = json.loads(lumen.done("report", campaign, "--format", "json"))
    bounds = figures["click_bounds"]["suspects_in"]
    table = " ".join(lumen.done("report", campaign).split())
    assert f"{bounds['rate']:.1%} (" in table
    assert f"), {bounds['numerator']} of {bounds['denominator']}." in table
    cohort = lumen.done("report", campaign, "--from", "2026-11-20T09:00Z", "--to", "2026-11-20T23:00Z")
    assert "submitted from 2026-11-20 10:00 (Europe/Paris) to 2026-11-21 00:00 (Europe/Paris)." in " ".join(cohort.split())
    assert "UTC" not in table + cohort


@pytest.mark.parametrize(("language", "words"), [("en", "As of"), ("fr", "État au")])
def test_html_is_one_whole_file(lumen: Terminal, campaign: str, tmp_path: Path, language: str, words: str) -> None:
    file = tmp_path / "report.html"
    said = lumen.done("report", campaign, "--format", "html", "--language", language, "--output", str(file))
    assert said == f"The report is in {file}.\n"
    html = file.read_text()
    assert f'<html lang="{language}">' in html
    assert words in html
    assert html.rstrip().endswith("</html>")


def test_rows_are_those_that_the_figure_counts(lumen: Terminal, campaign: str, tmp_path: Path) -> None:
    rows = rows_of(lumen.done(*ROWS, campaign, "--stage", "reached", "--not", "clicked"))
    assert len(rows) == 7
    assert all(row["number"].startswith("'+33") for row in rows)
    french = rows_of(lumen.done(*ROWS, campaign, "--stage", "delivered", "--by", "country", "--value", "FR"))
    assert len(french) == EXPECTED["delivered"]
    redeemed = json.loads(lumen.done("campaign", "occurrences", campaign, "--stage", "redemption", "--format", "json"))
    assert sum(row["amount"] for row in redeemed) == pytest.approx(1414)
    assert all(datetime.fromisoformat(row["occurred_at"]).utcoffset() for row in redeemed)
    book = tmp_path / "rows.xlsx"
    said = lumen.done(*ROWS, campaign, "--format", "xlsx", "--output", str(book))
    assert said == f"The messages behind produced are in {book}.\n"
    assert ZipFile(book).testzip() is None


def test_what_is_wrong_is_told_before_anything_is_written(
    lumen: Terminal, installed: Engine, campaign: str, tmp_path: Path
) -> None:
    with writing(installed) as session:
        ensure_workspace(session, "Elsewhere", now())
    file, mine = tmp_path / "out", ("--workspace", "Boutique Lumen")
    wrong: list[tuple[tuple[str, ...], str]] = [
        (("report", "cmp_999", *mine), "no such campaign"),
        (("report", "12", *mine), "looks like cmp_12"),
        (("report", campaign, "--workspace", "Elsewhere"), "no such campaign"),
        (("report", campaign), "Say which workspace"),
        (("report", campaign, "--format", "pdf", *mine), "“pdf” is none of table, json, csv, html"),
        (("report", campaign, "--format", "html", "--language", "de", *mine), "“de” is none of en, fr"),
        (("report", campaign, "--format", "html", "--by", "country", *mine), "by variant and segment where it has several"),
        (("report", campaign, "--by", "colour", *mine), "colour"),
        (("report", campaign, "--from", "yesterday", *mine), "yesterday"),
        ((*ROWS, "cmp_999", *mine), "no such campaign"),
        ((*ROWS, campaign, "--workspace", "Elsewhere"), "no such campaign"),
        ((*ROWS, campaign, "--format", "pdf", *mine), "“pdf” is none of csv, xlsx, json"),
        ((*ROWS, campaign, "--stage", "opened", *mine), "opened"),
        ((*ROWS, campaign, "--by", "shoe", "--value", "42", *mine), "shoe"),
        (("campaign", "occurrences", campaign, "--stage", "clicked", *mine), "clicked"),
    ]
    for arguments, words in wrong:
        assert words in lumen.refused(*arguments, "--output", str(file)), arguments
        assert not file.exists()
    assert "Name a file" in lumen.refused(*ROWS, campaign, "--format", "xlsx", *mine)


@pytest.mark.parametrize("command", [REPORT, ROWS])
def test_a_folder_that_is_not_there_is_told(
    lumen: Terminal, campaign: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    before = set(tmp_path.iterdir())
    for place, why in ((tmp_path / "none" / "out.csv", "No such file"), (tmp_path, "Is a directory")):
        refused = lumen.refused(*command, campaign, "--format", "csv", "--output", str(place))
        assert f"{place} cannot be written: {why}" in refused
        assert len(refused.splitlines()) == 1
    assert {path for path in tmp_path.iterdir() if "ricochet-" in path.name} <= before
