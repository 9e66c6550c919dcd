"""Knobs: read from texts and tables, refused with a word of what would be right, and each doing what it says."""

from collections.abc import Mapping
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.pdus import Status
from sender.simulator.delays import Delay, DelayForm
from sender.simulator.fates import MALFORMATIONS, Fates, PartFate
from sender.simulator.knobs import Knobs, list_knobs, parse_assignments, read_knobs
from sender.simulator.limit import Limit
from sender.simulator.settings import IdForm, Mix, SmscSettings

NUMBERS = [f"+3363998{i:04d}" for i in range(1_500)]
SHARE = 0.2


def fates(**changes: Any) -> Fates:
    sound = dict.fromkeys(("refused", "throttled", "failed", "expired", "unknown", "missing_receipts"), 0)
    return Fates(Knobs(SmscSettings(**(sound | changes))))  # type: ignore[arg-type]


def test_every_knob_is_read_as_it_is_written() -> None:
    for settings in (SmscSettings(), SmscSettings(errors=Mix((("0x08", 0.25),)), tlv_id=None, first_id=7, silent=True)):
        for knob in list_knobs(settings):
            assert knob.help.endswith(".")
            assert read_knobs({knob.name: knob.value}) == {knob.name: getattr(settings, knob.name)}


def test_knobs_are_set_from_texts_and_tables() -> None:
    assert parse_assignments(["refused=0.5", "tlv_id = none", "bind_status=0x0E", "receipt_id=hex"]) == {
        "refused": 0.5,
        "tlv_id": None,
        "bind_status": Status.INVALID_PASSWORD,
        "receipt_id": IdForm.HEX,
    }
    assert read_knobs({"errors": {"0x08": 0.1, "11": 0.2}, "silent": True, "inbound_count": 3}) == {
        "errors": Mix((("0x08", 0.1), ("11", 0.2))),
        "silent": True,
        "inbound_count": 3,
    }


@pytest.mark.parametrize(
    ("assignment", "word"),
    [
        ("refused", "NAME=VALUE"),
        ("refuse=1", "no knob"),
        ("refused=2", "0 to 1"),
        ("refused=nan", "no number"),
        ("window=0", "1 or more"),
        ("window=1.5", "whole number"),
        ("speed=0", "above 0"),
        ("inbound_per_s=-1", "below 0"),
        ("errors=0x08", "CODE:SHARE"),
        ("errors=0x08:0.9,0x0B:0.2", "add up to 1"),
        ("errors=oops:0.1", "whole number"),
        ("errors=-1:0.1", "four bytes"),
        ("bind_status=0x100000000", "four bytes"),
        ("silent=maybe", "neither true nor false"),
        ("tlv_id=roman", "hex_capitals"),
        ("answer_delay=gauss:1:2", "lognormal"),
        ("answer_delay=uniform:2:1", "uniform"),
        ("answer_delay=lognormal:3:1", "the most is the last"),
        ("answer_delay=pareto:1:2:0", "pareto"),
        ("answer_delay=-1", "from 0"),
        ("answer_delay=inf", "from 0"),
    ],
)
def test_what_is_no_knob_is_refused_with_what_would_be_right(assignment: str, word: str) -> None:
    with pytest.raises(ValueError, match=word) as told:
        parse_assignments([assignment])
    assert assignment.split("=")[0] in str(told.value)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_delays(text: str) -> None:
    for name in ("answer_delay", "errors", "refused", "window"):
        try:
            read_knobs({name: text})
        except ValueError as error:
            assert name in str(error)


@pytest.mark.parametrize(
    ("text", "least_s", "median_s"),
    [
        ("constant:0.5", 0.5, 0.5),
        ("0.5", 0.5, 0.5),
        ("uniform:0.2:0.8", 0.2, 0.5),
        ("lognormal:0.5:9:0.4", 0, 0.5),
        ("pareto:0.5:9:2", 0.3, 0.5),
    ],
)
def test_delays_follow_their_distribution(text: str, least_s: float, median_s: float) -> None:
    delay, random = Delay.parse(text), Random(1)
    drawn = [delay.draw(random) for _ in range(4_000)]
    assert least_s <= min(drawn)
    assert max(drawn) <= delay.most_s
    assert abs(median(drawn) - median_s) < 0.04
    assert Delay.parse(str(delay)) == delay
    assert (len(set(drawn)) == 1) == (delay.form == DelayForm.CONSTANT)


@pytest.mark.parametrize(
    ("knob", "befallen"),
    [
        ("lost_answers", lambda part: part.answer_lost),
        ("half_answers", lambda part: part.answer_halved),
        ("late_receipts", lambda part: part.late),
        ("malformed_receipts", lambda part: part.malformation in MALFORMATIONS),
        ("unknown_id_receipts", lambda part: part.stray),
        ("malformed_pdus", lambda part: part.garbled),
    ],
)
def test_each_ill_befalls_about_its_share_of_the_parts_and_the_same_ones_again(knob: str, befallen: Any) -> None:
    there, again, off = fates(**{knob: SHARE}, early_receipts=0), fates(**{knob: SHARE}, early_receipts=0), fates()
    chosen = [number for number in NUMBERS if befallen(there.of_part(number, 0, 1, 1))]
    assert abs(len(chosen) / len(NUMBERS) - SHARE) < 0.04
    assert chosen == [number for number in reversed(NUMBERS) if befallen(again.of_part(number, 0, 1, 1))][::-1]
    assert not any(befallen(off.of_part(number, 0, 1, 1)) for number in NUMBERS)


def test_one_knob_changes_nothing_that_another_decides() -> None:
    plain = Fates(Knobs(SmscSettings()))
    turned = Fates(Knobs(SmscSettings(lost_answers=SHARE, malformed_pdus=SHARE, unknown_id_receipts=SHARE)))
    added = {"answer_lost", "garbled", "stray"}

    def rest(fate: PartFate) -> Mapping[str, object]:
        return {name: getattr(fate, name) for name in PartFate.__dataclass_fields__ if name not in added}

    for number in NUMBERS[:300]:
        assert plain.of_message(number, 0) == turned.of_message(number, 0)
        assert rest(plain.of_part(number, 0, 1, 1)) == rest(turned.of_part(number, 0, 1, 1))


def test_fakes_say_delivered_and_arrive_nowhere() -> None:
    drawn = [fates(fake_receipts=SHARE, failed=0.3).of_message(number, 0) for number in NUMBERS]
    faked = [fate for fate in drawn if fate.state == "DELIVERED" and not fate.arrives]
    assert abs(len(faked) / len(NUMBERS) - SHARE) < 0.04
    assert all(fate.reported for fate in faked)


def test_requests_are_lost_in_about_their_share() -> None:
    lost = sum(fates(lost_requests=SHARE).loses_request(number, 0, 1) for number in NUMBERS)
    assert abs(lost / len(NUMBERS) - SHARE) < 0.04


def test_a_mix_of_errors_refuses_for_now_or_for_good() -> None:
    drawn = fates(errors=Mix((("0x08", 0.2), ("0x14", 0.1), ("0x0B", 0.2), ("1375", 0.1))))
    tries = [drawn.first_try(number, 0, 1) for number in NUMBERS]
    refusals = [drawn.of_message(number, 0).refusal for number in NUMBERS]
    for statuses, status, share in [
        (tries, Status.SYSTEM_ERROR, 0.2),
        (tries, Status.QUEUE_FULL, 0.1),
        (refusals, Status.INVALID_DESTINATION, 0.2),
        (refusals, 1375, 0.1),
    ]:
        assert abs(statuses.count(status) / len(NUMBERS) - share) < 0.04
    assert set(tries) == {0, Status.SYSTEM_ERROR, Status.QUEUE_FULL}


def test_bad_receipts_bear_the_codes_of_the_mix() -> None:
    drawn = fates(failed=1, receipt_errors=Mix((("011", 0.5), ("4B", 0.3))))
    codes = [drawn.of_part(number, 0, 1, 1).error for number in NUMBERS]
    assert abs(codes.count("011") / len(NUMBERS) - 0.5) < 0.05
    assert abs(codes.count("4B") / len(NUMBERS) - 0.3) < 0.05
    assert not any(fates(receipt_errors=Mix((("011", 1),))).of_part(number, 0, 1, 1).error for number in NUMBERS[:50])


@given(per_s=st.floats(0.5, 200), gaps=st.lists(st.floats(0, 0.3), max_size=300))
def test_no_second_sees_more_than_the_limit(per_s: float, gaps: list[float]) -> None:
    limit, at_s, taken = Limit(), 0.0, []
    for gap in gaps:
        at_s += gap
        if limit.allows(per_s, at_s):
            taken.append(at_s)
    span_s = max(1.0, 1 / per_s)
    assert all(sum(0 <= other - one < 0.999 for other in taken) <= max(1, per_s * span_s + 1) for one in taken)
    assert all(Limit().allows(0, 0) for _ in range(3))
