import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.permutation import Permutation

KEY = b"a key of the tests, of 32 bytes."
REAL_BITS = 52


@pytest.mark.parametrize("bits", range(2, 13))
def test_a_small_domain_is_mapped_onto_itself_once_each(bits: int) -> None:
    permutation = Permutation(KEY, bits)
    images = [permutation.permute(value) for value in range(1 << bits)]
    assert sorted(images) == list(range(1 << bits))
    assert [permutation.invert(image) for image in images] == list(range(1 << bits))


@pytest.mark.parametrize("bits", [REAL_BITS, 53])
@given(data=st.data())
def test_the_real_domains_are_inverted_both_ways(bits: int, data: st.DataObject) -> None:
    permutation = Permutation(KEY, bits)
    value = data.draw(st.integers(0, (1 << bits) - 1))
    image = permutation.permute(value)
    assert 0 <= image < 1 << bits
    assert permutation.invert(image) == value
    assert permutation.permute(permutation.invert(value)) == value


@pytest.mark.parametrize(
    ("bits", "images"), [(52, (4392433821210558, 786949436594103)), (53, (1253351536380412, 4213863673419868))]
)
def test_what_was_sealed_yesterday_is_opened_tomorrow(bits: int, images: tuple[int, int]) -> None:
    """Links and codes are with people: whoever changes the permutation breaks them all."""
    permutation = Permutation(KEY, bits)
    assert (permutation.permute(0), permutation.permute((1 << bits) - 1)) == images


@pytest.mark.parametrize("bits", [2, 13, 31, REAL_BITS, 53, 64])
@given(data=st.data())
def test_many_values_at_once_are_sealed_as_each_is_alone(bits: int, data: st.DataObject) -> None:
    permutation = Permutation(KEY, bits)
    values = data.draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=40))
    assert permutation.permute_all(values) == [permutation.permute(value) for value in values]


@pytest.mark.parametrize("stray", [-1, 1 << REAL_BITS])
def test_many_values_are_refused_for_one_that_is_out_of_bounds(stray: int) -> None:
    with pytest.raises(ValueError, match="52 bits"):
        Permutation(KEY, REAL_BITS).permute_all([1, stray, 2])


@pytest.mark.parametrize("distance", [1, 2, 1 << 25, 1 << 26, 1 << 51])
def test_values_a_bit_apart_are_sealed_into_unrelated_ones(distance: int) -> None:
    permutation = Permutation(KEY, REAL_BITS)
    pairs = 2_000
    differing = sum((permutation.permute(v) ^ permutation.permute(v ^ distance)).bit_count() for v in range(7, 7 + pairs))
    assert 0.45 < differing / (pairs * REAL_BITS) < 0.55


def test_another_key_seals_differently() -> None:
    one, other = Permutation(KEY, REAL_BITS), Permutation(KEY[::-1], REAL_BITS)
    assert all(one.permute(value) != other.permute(value) for value in range(1_000))


def test_another_width_under_the_same_key_seals_differently() -> None:
    one, other = Permutation(KEY, 52), Permutation(KEY, 53)
    same_bits = sum((one.permute(value) ^ other.permute(value) & (1 << 52) - 1).bit_count() for value in range(1_000))
    assert 0.45 < same_bits / (1_000 * 52) < 0.55


@pytest.mark.parametrize("value", [-1, 1 << REAL_BITS])
def test_a_number_outside_the_domain_is_refused(value: int) -> None:
    permutation = Permutation(KEY, REAL_BITS)
    with pytest.raises(ValueError, match="not a number of 52 bits"):
        permutation.permute(value)
    with pytest.raises(ValueError, match="not a number of 52 bits"):
        permutation.invert(value)
