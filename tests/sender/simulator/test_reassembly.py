"""Reassembly: whatever the order of the parts, the phone shows the text that was written."""

import random

from hypothesis import given
from hypothesis import strategies as st

from linksvc.fragments import split
from sender.concatenation import Concatenation
from sender.simulator.reassembly import Reassembly, Submission

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x1b"), min_size=1, max_size=700)


def parts_of(text: str, reference: int, number: str = "+33639980000") -> list[Submission]:
    pieces = split(text)
    return [
        Submission(number, "36180", Concatenation(reference, len(pieces.parts), part), pieces.data_coding, body, 1)
        for part, body in enumerate(pieces.parts, 1)
    ]


@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_two_messages_in_any_order_arrive_whole(one: str, other: str, chance: random.Random) -> None:
    parts = [*parts_of(one, 1), *parts_of(other, 2), *parts_of(one, 1, "+33639980001")]
    chance.shuffle(parts)
    reassembly = Reassembly()
    arrived = [(part.number, reassembly.add(part)) for part in parts]
    assert sorted((number, text) for number, text in arrived if text is not None) == sorted(
        [("+33639980000", one), ("+33639980000", other), ("+33639980001", one)]
    )


def test_messages_to_a_number_are_counted_when_they_begin() -> None:
    reassembly = Reassembly()
    long, short = parts_of("a" * 200, 1), parts_of("b", 0)
    assert [reassembly.message_of(part) for part in (*long, *short)] == [0, 0, 0]
    reassembly.add(long[1])
    assert [reassembly.message_of(part) for part in (*long, *short)] == [0, 0, 1]
    reassembly.add(short[0])
    assert reassembly.add(long[0]) == "a" * 200
    assert reassembly.message_of(long[0]) == 2
