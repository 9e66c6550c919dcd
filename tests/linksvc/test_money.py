from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.money import Money, check_currency, exponent_of, half_up, in_minor_units


@pytest.mark.parametrize(
    ("amount_minor", "currency", "language", "words"),
    [
        (1_250, "EUR", "en", "€12.50"),
        (1_250, "EUR", "fr", "12,50\u00a0€"),
        (1_250, "JPY", "en", "¥1,250"),
        (1_250, "BHD", "en", "BHD1.250"),
        (1_250, "IQD", "en", "IQD1.250"),
        (0, "EUR", "en", "€0.00"),
    ],
)
def test_money_is_written_with_its_own_decimals(amount_minor: int, currency: str, language: str, words: str) -> None:
    assert Money(amount_minor, currency).in_words(language) == words


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "JPY", "BHD", "CLF"]))
def test_money_loses_no_unit_when_it_is_written(amount_minor: int, currency: str) -> None:
    digits = "".join(c for c in Money(amount_minor, currency).in_words() if c.isdigit())
    assert int(digits) == amount_minor


def test_decimals_follow_iso_4217_and_not_how_many_are_usually_shown() -> None:
    assert [exponent_of(currency) for currency in ("EUR", "JPY", "BHD", "IQD", "LAK", "HUF")] == [2, 0, 3, 3, 2, 2]


@given(st.fractions(-(10**12), 10**12))
def test_an_amount_is_rounded_to_the_nearest_and_a_half_away_from_nothing(amount: Fraction) -> None:
    nearest = half_up(amount)
    assert abs(nearest - amount) <= Fraction(1, 2)
    assert half_up(-amount) == -nearest
    if abs(nearest - amount) == Fraction(1, 2):
        assert abs(nearest) > abs(amount)


def test_half_a_coin_of_millionths_is_a_coin() -> None:
    amounts = ((45_000, "EUR"), (35_000, "EUR"), (44_999, "EUR"), (-45_000, "EUR"), (500_000, "JPY"), (45_500, "BHD"))
    assert [in_minor_units(*amount) for amount in amounts] == [5, 4, 4, -5, 1, 46]


def test_only_a_currency_in_use_is_taken() -> None:
    assert check_currency("EUR") == "EUR"
    for currency in ("FRF", "XXX", "EURO", "eur", "", "ZZZ"):
        with pytest.raises(InvalidRequest) as error:
            check_currency(currency)
        assert error.value.code == "currency_unknown"
