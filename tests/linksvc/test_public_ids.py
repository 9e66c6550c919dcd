from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import NotFound
from linksvc.public_ids import Kind, format_id, parse_id


@given(st.sampled_from(get_args(Kind)), st.integers(1, 10**18 - 1))
def test_an_id_reads_back_as_it_was_written(kind: Kind, number: int) -> None:
    assert parse_id(kind, format_id(kind, number)) == number


@pytest.mark.parametrize(
    "text", ["", "12", "cmp", "cmp_", "cmp_0", "cmp_01", "cmp_-1", "cmp_1 ", "cmp_٣", "off_1", "cmp_" + "9" * 19, "cmp_1\0"]
)
def test_anything_else_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id("campaign", text)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_what_names_nothing_is_told_with_how_an_id_looks(kind: Kind) -> None:
    with pytest.raises(NotFound) as refused:
        parse_id(kind, "nonsense")
    assert str(refused.value) == f"There is no such {kind}. Its id looks like {format_id(kind, 12)}."
