from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from linksvc import route_prices
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.route_prices import ALWAYS, Price, PriceLine, price_of, read_amount, read_start
from tests import factories

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def test_the_most_exact_price_that_began_holds_to_the_second(engine: Engine) -> None:
    route_id, other = factories.route(engine), factories.route(engine, "other")
    with writing(engine) as session:
        for line in (
            PriceLine(Price(50_000, "EUR"), ALWAYS),
            PriceLine(Price(38_500, "EUR"), ALWAYS, "FR"),
            PriceLine(Price(40_000, "EUR"), DECEMBER, "FR"),
            PriceLine(Price(30_000, "EUR"), DECEMBER, "FR", "20801"),
            PriceLine(Price(45_000, "USD"), DECEMBER, "GB"),
        ):
            route_prices.set_price(session, route_id, line)
    with reading(engine) as session:
        table = route_prices.read_prices(session)
        assert [str(line.price) for line in route_prices.prices_of(session, route_id)] == [
            "0.05 EUR",
            "0.0385 EUR",
            "0.04 EUR",
            "0.03 EUR",
            "0.045 USD",
        ]
    before = DECEMBER - timedelta(microseconds=1)
    assert price_of(table, route_id, "FR", "20801", before) == Price(38_500, "EUR")
    assert price_of(table, route_id, "FR", "20801", DECEMBER) == Price(30_000, "EUR")
    assert price_of(table, route_id, "FR", "20810", DECEMBER) == Price(40_000, "EUR")
    assert price_of(table, route_id, "GB", "", before) == Price(50_000, "EUR")
    assert price_of(table, route_id, "GB", "", DECEMBER) == Price(45_000, "USD")
    assert price_of(table, other, "FR", "", DECEMBER) is None
    assert price_of(table, route_id, "FR", "", ALWAYS - timedelta(1)) is None


def test_a_price_is_mended_and_taken_back(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        route_prices.set_price(session, route_id, PriceLine(Price(385_000, "EUR"), DECEMBER, "FR"))
        route_prices.set_price(session, route_id, PriceLine(Price(38_500, "EUR"), DECEMBER, "FR"))
        assert [line.price.micros for line in route_prices.prices_of(session, route_id)] == [38_500]
        route_prices.remove_price(session, route_id, "FR", "", DECEMBER)
        assert route_prices.prices_of(session, route_id) == []
        with pytest.raises(NotFound):
            route_prices.remove_price(session, route_id, "FR", "", DECEMBER)


def test_a_file_of_prices_is_taken_as_a_whole_or_not_at_all(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        text = "Country;Network;From;Currency;Price\nfr;;;EUR;0,0385\nFR;20801;2026-12-01;eur;0.03\n"
        assert route_prices.import_prices(session, route_id, text.encode()) == 2
    with reading(engine) as session:
        assert route_prices.prices_of(session, route_id) == [
            PriceLine(Price(38_500, "EUR"), ALWAYS, "FR"),
            PriceLine(Price(30_000, "EUR"), DECEMBER, "FR", "20801"),
        ]
    for text, says in (
        ("country,price\nFR,0.03\n", "The column currency is missing"),
        ("currency,price\nEUR,0.03\nEUR,cheap\n", "Line 3: price: “cheap” is no price"),
        ("country,currency,price\nXX,EUR,0.03\n", "Line 2: country"),
        ("currency,price\nXYZ,0.03\n", "Line 2: XYZ is no currency"),
        ("currency,price,from\nEUR,0.03,tomorrow\n", "Line 2: from: “tomorrow” is no moment"),
        ("currency,price,from\nEUR,0.03,2026-12-01T00:00\n", "Line 2: from"),
    ):
        with pytest.raises(InvalidRequest, match=says), writing(engine) as session:
            route_prices.import_prices(session, route_id, text.encode())
    with reading(engine) as session:
        assert len(route_prices.prices_of(session, route_id)) == 2


@pytest.mark.parametrize("written", ["", "NaN", "Infinity", "0.0000001", "1.2.3"])
def test_what_is_no_price_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_amount(written, "EUR")
    assert caught.value.code == "price_invalid"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_part_costs_less_than_nothing_or_a_fortune(engine: Engine) -> None:
    for written in ("-0.01", "1000.01"):
        with pytest.raises(InvalidRequest), writing(engine) as session:
            route_prices.set_price(
                session, factories.route(engine, f"r{len(written)}"), PriceLine(read_amount(written, "EUR"), ALWAYS)
            )


def test_a_day_begins_in_utc_and_a_moment_has_its_offset() -> None:
    assert read_start("2026-12-01") == DECEMBER
    assert read_start("2026-12-01T01:00+01:00") == DECEMBER
