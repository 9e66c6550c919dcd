"""`ricochet route`, as an operator types it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from linksvc import route_health, routes
from linksvc.database import open_engine, reading, writing
from linksvc.models import Bind
from linksvc.route_accounts import NewRoute
from linksvc.route_health import Vitals
from tests.ricochet.conftest import Terminal

ADD = ("route", "add", "main", "--host", "smsc.example", "--system-id", "lumen")
EVERYTHING = (
    *("--port", "2776", "--window", "50", "--rate", "400", "--system-type", "SMPP", "--bind-type", "pair", "--binds", "3"),
    *(
        "--tls",
        "--tls-name",
        "smsc.example.net",
        "--alphabet",
        "latin1",
        "--data-coding",
        "3=gsm",
        "--data-coding",
        "245=ucs2",
    ),
    *("--answer-id", "hex", "--receipt-id", "decimal", "--tlv-id", "text", "--receipt-timezone", "Europe/Paris"),
    *("--number-country", "FR", "--numbering", "short=0/1", "--numbering", "long=1/1", "--long-form", "udh16"),
    *("--max-tries", "3", "--max-age", "600"),
)
TOLD = NewRoute(
    "main",
    "smsc.example",
    2776,
    "lumen",
    50,
    400,
    "SMPP",
    "pair",
    3,
    True,
    "smsc.example.net",
    "latin1",
    {3: "gsm", 245: "ucs2"},
    "hex",
    "decimal",
    "text",
    "Europe/Paris",
    "FR",
    {"short": (0, 1), "long": (1, 1)},
    "udh16",
    3,
    600,
)


def account(url: str, name: str = "main") -> NewRoute:
    engine = open_engine(url)
    with reading(engine) as session:
        found = routes.find_route(session, name).account
    engine.dispose()
    return found


def test_everything_of_an_account_is_told_changed_and_shown(terminal: Terminal, sqlite_url: str) -> None:
    assert terminal.run(*ADD).err.startswith("Route main has no password")
    assert account(sqlite_url) == NewRoute("main", "smsc.example", 2775, "lumen")
    terminal.done("route", "change", "main", *EVERYTHING)
    assert account(sqlite_url) == TOLD
    terminal.run("route", "add", "twin", *ADD[3:], *EVERYTHING)
    assert account(sqlite_url, "twin") == NewRoute(**{**vars(TOLD), "name": "twin"})
    shown = terminal.done("route", "show", "main").splitlines()
    for line in (
        "state\tidle",
        "tls\tyes",
        "numbering\tshort=0/1 long=1/1",
        "data_codings\t3=gsm 245=ucs2",
        "rate_per_s\t400",
    ):
        assert line in shown
    terminal.done(
        "route", "change", "main", "--no-tls", "--numbering", "short=", "--data-coding", "245=", "--number-country", ""
    )
    changed = account(sqlite_url)
    assert (changed.tls, changed.tls_name, changed.number_country) == (False, "", "")
    assert (changed.numbering, changed.data_codings) == ({"long": (1, 1)}, {3: "gsm"})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ((), "Say what to change"),
        (("--binds", "9"), "binds"),
        (("--data-coding", "x=gsm"), "“x=gsm” is no data_coding"),
        (("--numbering", "short=3"), "“short=3” has no TON and NPI"),
        (("--receipt-timezone", "Paris"), "receipt_timezone"),
    ],
)
def test_what_cannot_be_changed_is_told_and_nothing_is(
    terminal: Terminal, sqlite_url: str, wrong: tuple[str, ...], says: str
) -> None:
    terminal.run(*ADD)
    before = account(sqlite_url)
    assert says in terminal.refused("route", "change", "main", *wrong)
    assert account(sqlite_url) == before
    assert "no route named other" in terminal.refused("route", "change", "other", "--rate", "1")


def test_coverage_is_told_line_by_line(terminal: Terminal) -> None:
    terminal.run(*ADD)
    assert terminal.done("route", "cover", "main", "--country", "FR", "--weight", "70") == (
        "The route main is used for FR: 70.\n"
    )
    told = terminal.done("route", "cover", "main", "--country", "FR", "--network", "20801", "--weight", "0")
    assert told == "The route main is used for FR: 70, FR 20801: 0.\n"
    assert "covers\tFR\t20801\tweight 0" in terminal.done("route", "show", "main").splitlines()
    assert "FR 20801: 0" in terminal.done("route", "cover", "main", "--country", "FR", "--remove")
    assert terminal.done("route", "cover", "main", "--everywhere") == "The route main is used for any country: 100.\n"
    assert "ISO 3166" in terminal.refused("route", "cover", "main", "--country", "France")


def test_prices_are_told_one_by_one_or_by_a_file(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run(*ADD)
    told = terminal.done("route", "price", "main", "0,0385", "eur", "--country", "FR", "--from", "2026-12-01")
    assert told == "A part on the route main costs 0.0385 EUR in FR.\n"
    prices = tmp_path / "prices.csv"
    prices.write_text("country,currency,price\nGB,GBP,0.031\nBE,EUR,0.06\n")
    assert terminal.done("route", "price", "main", "--file", str(prices)) == "Took 2 prices for the route main.\n"
    terminal.done("route", "price", "main", "--remove", "--country", "BE")
    shown = [line for line in terminal.done("route", "show", "main").splitlines() if line.startswith("price")]
    assert shown == ["price\tFR\tany\tfrom 2026-12-01 00:00 UTC\t0.0385 EUR", "price\tGB\tany\talways\t0.031 GBP"]
    for negative in ("-1", "-0.5", "-,5"):
        said = terminal.refused("route", "price", "main", negative, "EUR")
        assert f"“{negative}” is no price of a part; it is from 0 to 1,000" in said
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "a line of column names and lines below it" in terminal.refused("route", "price", "main", "--file", str(empty))
    for wrong in ((), ("0.03",), ("0.03", "EUR", "--remove"), ("--remove", "--file", str(prices))):
        assert "Give an amount and its currency" in terminal.refused("route", "price", "main", *wrong)
    prices.write_text("currency,price\nEUR,0.03\nEUR,x\n")
    assert "Line 3" in terminal.refused("route", "price", "main", "--file", str(prices))


def test_codes_are_given_a_meaning_and_causes_are_listed(terminal: Terminal) -> None:
    terminal.run(*ADD)
    told = terminal.done("route", "error", "main", "submit", "1375", "--cause", "throttled", "--temporary", "--wait", "30")
    assert told.startswith("The code 0x55f of the route main means throttled: More was handed over")
    terminal.done("route", "error", "main", "receipt", "00B", "--cause", "number_barred")
    shown = terminal.done("route", "show", "main").splitlines()
    assert shown[-2:] == ["error\treceipt\t00b\tnumber_barred", "error\tsubmit\t0x55f\tthrottled\ttried again after 30 s"]
    terminal.done("route", "error", "main", "receipt", "00B", "--remove")
    assert "number_barred" not in terminal.done("route", "show", "main")
    assert "One of number_unknown" in terminal.refused("route", "error", "main", "submit", "1", "--cause", "weather")
    assert "Say of which route" in terminal.refused("route", "error", "main", "submit", "1")
    causes = terminal.done("route", "error", "--causes").splitlines()
    assert any(line.startswith("throttled\ttemporary\t") for line in causes)
    assert all(len(line.split("\t")) == 4 for line in causes)


def test_a_route_is_disabled_enabled_and_removed(terminal: Terminal, sqlite_url: str) -> None:
    terminal.run(*ADD)
    assert "First: ricochet route disable main" in terminal.refused("route", "remove", "main")
    terminal.done("route", "disable", "main")
    assert terminal.done("route", "list") == "main\tlumen@smsc.example:2775\tdisabled\n"
    assert "no password" in terminal.run("route", "enable", "main").err
    terminal.done("route", "disable", "main")
    terminal.done("route", "remove", "main")
    assert terminal.done("route", "list") == ""
    terminal.run(*ADD)
    assert account(sqlite_url).name == "main"


def test_health_is_listed_and_shown_and_a_refusal_is_tried_again_by_hand(terminal: Terminal, sqlite_url: str) -> None:
    terminal.run(*ADD)
    engine = open_engine(sqlite_url)
    now = datetime.now(UTC)
    with writing(engine) as session:
        id = routes.find_route(session, "main").id
        route_health.tell_vitals(session, id, 0, Vitals(12_500, 9, 1, 2, 3, 40), now)
        route_health.tell_state(session, id, 0, "bound", "", now)
    counts = "9 accepted, 1 refused, 2 put off, 3 unanswered; answered in 40 ms; pace 12.5/s"
    health = f"in 5 minutes, or since its sender started, {counts}"
    assert terminal.done("route", "list") == f"main\tlumen@smsc.example:2775\tbound\t{health}\n"
    assert f"bind\t0\tbound\t\t{health}" in terminal.done("route", "show", "main").splitlines()
    assert terminal.done("route", "retry", "main") == "The route main is not refused.\n"
    with writing(engine) as session:
        route_health.tell_state(session, id, 0, "refused", "The password is not accepted.", now)
    assert terminal.done("route", "list").endswith("refused\tThe password is not accepted.\n")
    assert terminal.done("route", "retry", "main") == "The route main is tried again.\n"
    with reading(engine) as session:
        assert session.exec(select(Bind.state)).all() == ["idle"]
    engine.dispose()
