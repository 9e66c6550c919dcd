"""Amounts as people type them at a till."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.speech import Language, Speech
from dashboards.typed_amounts import AMOUNT_MOST, parse_amount


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("49,90", "EUR", 4_990),
        ("49.90", "EUR", 4_990),
        (" 49 ", "EUR", 4_900),
        ("49,9", "EUR", 4_990),
        ("0", "EUR", 0),
        ("49,90 €", "EUR", 4_990),
        ("EUR 49.90", "EUR", 4_990),
        ("1 249", "EUR", 124_900),
        ("1\u202f249,50", "EUR", 124_950),
        ("1,249.50", "EUR", 124_950),
        ("1.249,50", "EUR", 124_950),
        ("1'249.50", "CHF", 124_950),
        ("1,249", "EUR", 124_900),
        ("1,249", "JPY", 1_249),
        ("1,249", "KWD", 1_249),
        ("1,249,000.5", "EUR", 124_900_050),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("", "EUR"),
        ("-3", "EUR"),
        (".5", "EUR"),
        ("1e3", "EUR"),
        ("٣", "EUR"),
        ("1.2", "JPY"),
        ("1,24,000", "EUR"),
        ("1.249.50", "EUR"),
        ("1,249.505", "EUR"),
        ("five", "EUR"),
        ("9" * 5_000, "EUR"),
        (str(AMOUNT_MOST // 100 + 1), "EUR"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_not_guessed_at(typed: str, currency: str) -> None:
    assert parse_amount(typed, currency) is None


@given(st.integers(0, AMOUNT_MOST), st.sampled_from(["EUR", "JPY", "IQD", "CHF"]), st.sampled_from(["en", "fr"]))
def test_what_the_pages_write_is_read_back(minor: int, currency: str, language: Language) -> None:
    assert parse_amount(Speech(language).money(minor, currency), currency) == minor
