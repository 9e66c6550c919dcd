import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.message_ids import LONGEST, canonical

forms = st.sampled_from(["auto", "text", "hex", "decimal"])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("38601FA", "38601fa"),
        ("0059113978", "59113978"),
        ("38601fa", "0059113978"),
        ("59113978", "038601FA"),
        ("c87c2273-7edb-4bc7-8d3a-7f57f21b625e", "C87C2273-7EDB-4BC7-8D3A-7F57F21B625E"),
        ("A29F6845555647139E5C8F3B817F2C9A", "a29f6845555647139e5c8f3b817f2c9a"),
        (" 42\0\0", "0042"),
        ("0x38601FA", "38601fa"),
        ("0x038601FA", "0059113978"),
        ("0X12345678", str(0x12345678)),
        ("0xabc", "0ABC"),
        ("0x0A29F6845555647139E5C8F3B817F2C9A", "a29f6845555647139e5c8f3b817f2c9a"),
    ],
)
def test_one_id_written_in_two_ways_is_one(answer: str, told: str) -> None:
    assert canonical(answer) == canonical(told) != ""


def test_counters_of_one_time_are_never_taken_for_each_other() -> None:
    assert len({canonical(id) for id in ("10", "16", "a", "1a", "26", "0x10", "0x26", "x1a")}) == 8
    assert canonical("12345678") != canonical(str(0x12345678))


@given(st.integers(min_value=10_000_000, max_value=2**64))
def test_a_number_is_one_id_in_either_base_if_its_hexadecimal_form_is_unmistakable(number: int) -> None:
    if not f"{number:x}".isdigit():
        assert canonical(f"{number:x}") == canonical(f"{number:020X}") == canonical(str(number)) == str(number)


@given(st.integers(min_value=0, max_value=2**128))
def test_a_route_that_names_its_forms_leaves_no_doubt(number: int) -> None:
    written = {canonical(f"{number:x}", "hex"), canonical(f"{number:040X}", "hex"), canonical(f"0x{number:x}", "hex")}
    assert written == {canonical(f"{number:045d}", "decimal")} == {str(number)}


def test_text_is_taken_as_it_is() -> None:
    assert canonical("00aB", "text") == "00aB"
    assert canonical("00aB\0", "text") != canonical("00ab", "text")


def test_an_id_that_is_not_of_its_route_s_form_is_kept_all_the_same() -> None:
    assert canonical("0Msg-7", "hex") == canonical("0Msg-7", "decimal") == "msg-7"
    assert canonical("²", "decimal") == canonical("²", "hex") == "²"


def test_an_id_of_zeros_stays_one_and_nothing_is_none() -> None:
    assert canonical("0000") == canonical("000", "decimal") == "0"
    assert canonical("") == canonical("\0" * 3) == canonical("  ", "text") == ""
    assert canonical("7" * (LONGEST + 1)) == ""


@given(st.text(max_size=200), forms)
def test_any_id_has_one_spelling_that_a_database_can_store(raw: str, form: str) -> None:
    key = canonical(raw, form)
    assert "\0" not in key
    assert len(key) <= 2 * LONGEST
