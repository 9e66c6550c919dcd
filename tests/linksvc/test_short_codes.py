import itertools

from hashids import Hashids
from hypothesis import example, given
from hypothesis import strategies as st

from linksvc.keys import MOST_KEYS, Keyring
from linksvc.short_codes import LENGTH, SERIAL_BITS, ShortCodes

KEYRING = Keyring.derive("a secret key for the tests, of 42 characters")
CODES = ShortCodes.of(KEYRING)
ROTATED = ShortCodes(KEYRING.link_salt, {v: bytes([v + 1]) * 32 for v in range(MOST_KEYS)}, current=MOST_KEYS - 1)
LAST = (1 << SERIAL_BITS) - 1

serials = st.integers(0, LAST)


@given(serial=serials, version=st.integers(0, MOST_KEYS - 1))
@example(serial=0, version=0)
@example(serial=LAST, version=MOST_KEYS - 1)
def test_every_serial_under_every_key_has_eleven_characters_and_comes_back(serial: int, version: int) -> None:
    code = ROTATED.encode(serial, version)
    assert len(code) == LENGTH
    assert code.isascii()
    assert code.isalnum()
    assert ROTATED.decode(code) == (version, serial)


@given(serial=serials, version=st.integers(0, MOST_KEYS - 1))
@example(serial=0, version=0)
@example(serial=LAST, version=MOST_KEYS - 1)
def test_a_code_is_what_hashids_itself_writes(serial: int, version: int) -> None:
    number = ROTATED._offset + (version << SERIAL_BITS) + ROTATED._permutations[version].permute(serial)
    assert ROTATED.encode(serial, version) == Hashids(salt=KEYRING.link_salt.hex()).encode(number)


@given(several=st.lists(serials, max_size=5), version=st.integers(0, MOST_KEYS - 1))
def test_many_serials_at_once_have_the_codes_of_each(several: list[int], version: int) -> None:
    assert ROTATED.encode_all(several, version) == [ROTATED.encode(serial, version) for serial in several]


@given(
    st.binary(max_size=14) | st.binary(min_size=LENGTH, max_size=LENGTH) | st.text("abcdefgh", min_size=10).map(str.encode)
)
def test_bytes_open_what_they_open_as_a_text(code: bytes) -> None:
    assert ROTATED.decode_bytes(code) == ROTATED.decode(code.decode("latin-1"))


@given(serials)
def test_a_code_in_bytes_opens_what_it_opens_as_a_text(serial: int) -> None:
    assert ROTATED.decode_bytes(ROTATED.encode(serial).encode()) == (MOST_KEYS - 1, serial)


def test_a_text_that_no_request_can_hold_opens_nothing() -> None:
    assert CODES.decode("\ud800" * LENGTH) is None


def test_the_ends_of_the_sealed_range_have_eleven_characters_too() -> None:
    for version in range(MOST_KEYS):
        for sealed in (0, LAST):
            assert len(ROTATED.encode(ROTATED._permutations[version].invert(sealed), version)) == LENGTH


def test_codes_of_a_rotated_key_go_on_working_and_new_ones_use_the_new_key() -> None:
    old = ROTATED.encode(12_345, version=0)
    assert ROTATED.decode(old) == (0, 12_345)
    assert ROTATED.decode(ROTATED.encode(12_345)) == (MOST_KEYS - 1, 12_345)


def test_a_code_of_a_key_that_is_not_held_opens_nothing() -> None:
    assert CODES.decode(ROTATED.encode(12_345)) is None


def test_neighbours_share_nothing() -> None:
    """Any two codes agree in a character of 44 by chance: neighbours must agree no more often."""
    codes = [CODES.encode(serial) for serial in range(1_000_000, 1_003_000)]
    assert len(set(codes)) == len(codes)
    agreeing = sum(a == b for one, other in itertools.pairwise(codes) for a, b in zip(one, other, strict=True))
    assert agreeing / (len(codes) * LENGTH) < 0.05
    sealed = [CODES._permutations[0].permute(serial) for serial in range(1_000_000, 1_003_000)]
    differing = sum((a ^ b).bit_count() for a, b in itertools.pairwise(sealed))
    assert 0.45 < differing / ((len(sealed) - 1) * SERIAL_BITS) < 0.55


def test_the_next_codes_in_the_alphabet_open_nothing_that_was_dealt() -> None:
    """A guesser who changes characters of a real link lands outside any campaign of a million."""
    code = CODES.encode(500_000)
    guesses = {code[:i] + c + code[i + 1 :] for i in range(LENGTH) for c in Hashids.ALPHABET} - {code}
    opened = [CODES.decode(guess) for guess in guesses]
    assert not [found for found in opened if found and found[1] < 1_000_000]


def by_hashids(code: str) -> tuple[int, int] | None:
    """The code as the library reads it: what the tables must agree with."""
    numbers = Hashids(salt=KEYRING.link_salt.hex()).decode(code)
    if len(numbers) != 1 or len(code) != LENGTH:
        return None
    version, sealed = divmod(numbers[0] - ROTATED._offset, 1 << SERIAL_BITS)
    permutation = ROTATED._permutations.get(version)
    return (version, permutation.invert(sealed)) if permutation else None


@given(st.text(alphabet=Hashids.ALPHABET, min_size=LENGTH, max_size=LENGTH))
def test_anything_of_the_right_shape_is_read_as_the_library_reads_it(code: str) -> None:
    assert ROTATED.decode(code) == by_hashids(code)


@given(serials, st.integers(0, LENGTH - 1), st.sampled_from(Hashids.ALPHABET))
def test_a_mistyped_code_is_read_as_the_library_reads_it(serial: int, place: int, character: str) -> None:
    code = ROTATED.encode(serial)
    mistyped = code[:place] + character + code[place + 1 :]
    assert ROTATED.decode(mistyped) == by_hashids(mistyped)


@given(st.text())
@example("")
@example("é" * LENGTH)
def test_whatever_is_no_code_is_none_and_never_an_error(text: str) -> None:
    found = CODES.decode(text)
    assert found is None or CODES.encode(found[1], found[0]) == text


def test_case_matters() -> None:
    code = next(c for c in map(CODES.encode, range(100)) if c.swapcase() != c)
    assert CODES.decode(code) is not None
    assert CODES.decode(code.swapcase()) != CODES.decode(code)
