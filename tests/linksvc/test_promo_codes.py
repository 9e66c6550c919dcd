import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc import promo_codes
from linksvc.promo_codes import (
    ALPHABET,
    BITS,
    check_symbol,
    display,
    generate,
    generate_all,
    generator,
    has_valid_check,
    normalise,
)

PERMUTATION = generator(b"a key of the tests, of 32 bytes.")
serials = st.integers(0, (1 << BITS) - 1)
codes = serials.map(lambda serial: generate(PERMUTATION, serial))


def test_the_alphabet_has_29_symbols_that_cannot_be_mistaken() -> None:
    assert len(set(ALPHABET)) == 29
    assert not set(ALPHABET) & set("1ILOAEU")


def test_every_number_fits_in_eleven_symbols() -> None:
    assert len(ALPHABET) ** 11 >= 1 << BITS


@given(codes)
def test_a_code_has_twelve_symbols_in_three_groups_always(code: str) -> None:
    assert len(code) == 12
    assert set(code) <= set(ALPHABET)
    groups = display(code).split("-")
    assert [len(group) for group in groups] == [4, 4, 4]
    assert "".join(groups) == code


def test_codes_are_unique_without_looking() -> None:
    made = [generate(PERMUTATION, serial) for serial in range(20_000)]
    assert len(set(made)) == len(made)


@given(codes)
def test_the_check_symbol_catches_every_single_substitution(code: str) -> None:
    assert has_valid_check(code)
    for place, symbol in itertools.product(range(12), ALPHABET):
        if symbol != code[place]:
            assert not has_valid_check(code[:place] + symbol + code[place + 1 :])


@given(codes)
def test_the_check_symbol_catches_every_swap_of_two_symbols(code: str) -> None:
    for i, j in itertools.combinations(range(12), 2):
        if code[i] != code[j]:
            symbols = list(code)
            symbols[i], symbols[j] = symbols[j], symbols[i]
            assert not has_valid_check("".join(symbols)), (i, j)


@given(st.integers(0, (1 << BITS) - 200), st.integers(0, 200))
def test_many_codes_at_once_are_those_of_each_serial_alone(first: int, count: int) -> None:
    made = generate_all(PERMUTATION, range(first, first + count))
    assert made == [generate(PERMUTATION, first + i) for i in range(count)]


def test_the_last_and_the_first_serial_have_codes_too() -> None:
    last = (1 << BITS) - 1
    assert generate_all(PERMUTATION, [last, 0]) == [generate(PERMUTATION, last), generate(PERMUTATION, 0)]


def test_neighbours_share_nothing() -> None:
    sealed = [PERMUTATION.permute(serial) for serial in range(3_000)]
    differing = sum((a ^ b).bit_count() for a, b in itertools.pairwise(sealed))
    assert 0.45 < differing / ((len(sealed) - 1) * BITS) < 0.55


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2345-6789-bcdf", "23456789BCDF"),
        (" 2345 6789 BCDF ", "23456789BCDF"),
        ("2345–6789—BCDF", "23456789BCDF"),
        ("2345_6789_BCDF", "23456789BCDF"),
        ("2345\u00a06789\u202fBCDF", "23456789BCDF"),
        ("\ufeff2345\u200b6789\u2060BCDF\r\n", "23456789BCDF"),
        ("2345\t6789\tBCDF", "23456789BCDF"),
        ("2O45-6789-o000", "20456789" + "0000"),
        ("２３４５ＢＣＤＦ", "2345BCDF"),
        ("noël25", "N0Ë125"),
        ("lilas-i0", "111AS10"),
        ("", ""),
    ],
)
def test_a_typed_code_is_read_as_it_is_stored(typed: str, stored: str) -> None:
    assert normalise(typed) == stored


@given(codes)
def test_what_is_shown_reads_back_as_what_is_stored(code: str) -> None:
    assert normalise(display(code)) == code
    assert normalise(display(code).lower().replace("0", "o")) == code


@given(st.text())
def test_normalising_twice_changes_nothing(typed: str) -> None:
    assert normalise(normalise(typed)) == normalise(typed)


@given(st.text(st.characters(codec="ascii")))
def test_what_is_typed_in_ascii_is_read_as_it_is_beside_other_letters(typed: str) -> None:
    assert normalise(typed) == normalise(f"{typed}Ж").removesuffix("Ж")


@pytest.mark.parametrize("code", ["", "NOEL25", "23456789BCD", "23456789BCDFG", "1LIO23456789", "é" * 12])
def test_a_code_of_another_shape_is_not_one_of_ours(code: str) -> None:
    assert not has_valid_check(code)


@pytest.mark.parametrize("code", ["NOEL25", "N0EL", "SUMMERSALE25", ""])
def test_an_imported_code_is_shown_as_it_is(code: str) -> None:
    assert display(code) == code


def test_the_check_symbol_depends_on_every_place() -> None:
    blank = "0" * 11
    assert len({check_symbol(blank[:i] + "2" + blank[i + 1 :]) for i in range(11)}) == 11
    assert promo_codes.check_symbol(blank) == "0"
