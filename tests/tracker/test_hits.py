from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.hits import FORMAT, SpooledHit, unpack

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
hits = st.builds(
    SpooledHit,
    occurred_at=st.datetimes(timezones=st.just(UTC)),
    campaign_id=st.integers(1, 2**62),
    link_id=st.integers(1, 9),
    n=st.none() | st.integers(0, 2**40),
    method=st.sampled_from(["GET", "HEAD"]),
    network=texts,
    user_agent=texts,
    referrer=texts,
    language=texts,
    headers=st.dictionaries(texts, texts, max_size=3),
    outcome=st.sampled_from(["redirected", "early", "expired"]),
)


@given(hits)
def test_a_hit_is_unpacked_as_it_was_packed(hit: SpooledHit) -> None:
    assert unpack(hit.pack()) == hit


GOOD = orjson.loads(SpooledHit(datetime(2026, 11, 20, tzinfo=UTC), 1, 1, None, "GET", "", "", "", "", {}).pack())


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {},
        [FORMAT - 1, *GOOD[1:]],
        GOOD[:-1],
        [*GOOD, 1],
        [FORMAT, "now", *GOOD[2:]],
        [FORMAT, 2**62, *GOOD[2:]],
        [*GOOD[:4], "3", *GOOD[5:]],
        [*GOOD[:4], -1, *GOOD[5:]],
        [*GOOD[:7], ["", "", ""], GOOD[8]],
        [*GOOD[:7], ["", "", "", []], GOOD[8]],
        [*GOOD[:7], ["", "", "", {"sec-purpose": 5}], GOOD[8]],
    ],
)
def test_what_is_no_hit_of_ours_is_refused(fields: object) -> None:
    with pytest.raises(ValueError, match="hit"):
        unpack(orjson.dumps(fields))


def test_bytes_that_are_no_json_are_refused() -> None:
    with pytest.raises(ValueError, match="line 1 column 1"):
        unpack(b"\x00\xff")
