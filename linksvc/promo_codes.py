"""Promo codes as symbols: making, reading and checking them. What a code is worth stands in `linksvc.code_worth`."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from linksvc.permutation import Permutation

ALPHABET = "023456789BCDFGHJKMNPQRSTVWXYZ"
"""29 symbols that can be read aloud: no vowel, so no word; no 1, I or L, which look alike. O is read as 0."""

BITS = 53
"""2**53 numbers fit in eleven symbols of base 29."""

_BASE = len(ALPHABET)
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_SYMBOLS = 11
_LOOK_ALIKES = str.maketrans("OIL", "011")
_DROPPED = {"Cf", "Cc", "Zs", "Pd", "Pc"}
"""Unicode categories that mean nothing in a typed code: zero-width characters, controls, spaces, dashes, underscores."""
_OF_ASCII = {ord(c): None for c in map(chr, range(128)) if unicodedata.category(c) in _DROPPED} | _LOOK_ALIKES
"""All of it in one table: NFKC leaves ASCII as it is."""


def generator(key: bytes) -> Permutation:
    """The permutation that turns promo serials into promo codes: unique by construction, no retry."""
    return Permutation(key, BITS)


def generate(permutation: Permutation, serial: int) -> str:
    """The code of a serial: 11 symbols and a check symbol, without dashes."""
    value = permutation.permute(serial)
    symbols = []
    for _ in range(_SYMBOLS):
        value, digit = divmod(value, _BASE)
        symbols.append(ALPHABET[digit])
    body = "".join(reversed(symbols))
    return body + check_symbol(body)


def generate_all(permutation: Permutation, serials: Sequence[int]) -> list[str]:
    """The codes of many serials, as `generate` makes them one by one, in half the time."""
    groups = _groups()
    symbols, base = groups.symbols, len(groups.symbols)
    second, third, fourth = groups.sums
    codes = []
    for value in permutation.permute_all(serials):
        value, d = divmod(value, base)
        value, c = divmod(value, base)
        a, b = divmod(value, base)
        check = (groups.first_sums[a] + second[b] + third[c] + fourth[d]) % _BASE
        codes.append(groups.first_symbols[a] + symbols[b] + symbols[c] + symbols[d] + ALPHABET[check])
    return codes


@dataclass(frozen=True, slots=True)
class _Groups:
    """A body cut into two, three, three and three symbols: by the value of a group its symbols, and what they add to the
    weighted sum of the check symbol where the group stands."""

    first_symbols: list[str]
    first_sums: list[int]
    symbols: list[str]
    sums: tuple[list[int], ...]


@lru_cache(maxsize=1)
def _groups() -> _Groups:
    def sums(size: int, first_weight: int) -> list[int]:
        values = product(range(_BASE), repeat=size)
        return [sum(weight * value for weight, value in enumerate(group, first_weight)) % _BASE for group in values]

    pairs, triples = (["".join(group) for group in product(ALPHABET, repeat=size)] for size in (2, 3))
    return _Groups(pairs, sums(2, 1), triples, tuple(sums(3, weight) for weight in (3, 6, 9)))


def check_symbol(body: str) -> str:
    """A weighted sum modulo the prime 29: catches every single substitution and every swap of two symbols."""
    return ALPHABET[sum(weight * _VALUE[symbol] for weight, symbol in enumerate(body, 1)) % _BASE]


def has_valid_check(code: str) -> bool:
    """Whether a normalised code could be one of ours; imported codes need not pass."""
    return _is_of_our_form(code) and check_symbol(code[:_SYMBOLS]) == code[_SYMBOLS]


def normalise(typed: str) -> str:
    """What a person typed or scanned, as it is stored: NFKC, capitals, no spaces, no dashes, look-alikes as one: O as 0, I
    and L as 1.

    Reading the result again changes nothing. One pass is not enough for that: a spacing accent falls apart into a space
    and an accent, and without the space the accent joins its letter.
    """
    if typed.isascii():  # As nearly all are; one pass is enough then.
        return typed.upper().translate(_OF_ASCII)
    folded = _fold(typed)
    while (again := _fold(folded)) != folded:
        folded = again
    return folded


def _fold(text: str) -> str:
    capitals = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(c for c in capitals if unicodedata.category(c) not in _DROPPED)
    return kept.translate(_LOOK_ALIKES)


def display(code: str) -> str:
    """A code as it is shown: `XXXX-XXXX-XXXX` for one of our form, else as it is."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}" if _is_of_our_form(code) else code


def _is_of_our_form(code: str) -> bool:
    return len(code) == _SYMBOLS + 1 and set(code) <= _VALUE.keys()
