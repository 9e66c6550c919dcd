"""Answers are checked against their questions; what is wrong is told beside each."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.landing.answers import TEXT_MOST, check_answers, choices_of, read_answers, write_answers
from tests.linksvc.landing.forms import FORM, SENT, form

REQUIRED = form(questions=[question | {"required": True} for question in FORM["questions"]])


def test_a_form_that_is_filled_in_is_read_question_by_question() -> None:
    checked = check_answers(form(), SENT | {"another": ["field"]})
    assert not checked.faults
    assert checked.answers == {
        "visit": "weekly",
        "likes": ("staff", "prices"),
        "rating": 10,
        "wish": "Ouvrir le dimanche\nmerci 👍",
        "news": True,
    }


def test_what_is_not_required_may_be_left_out() -> None:
    checked = check_answers(form(), {"q.visit": ["rarely"], "q.wish": ["  \n "], "q.likes": []})
    assert (checked.answers, checked.faults) == ({"visit": "rarely", "news": False}, {})


def test_what_is_required_is_missed_in_the_order_of_the_form() -> None:
    faults = check_answers(REQUIRED, {"q.wish": ["\u200b"]}).faults
    assert list(faults.items()) == [
        ("visit", "required"),
        ("likes", "required"),
        ("rating", "required"),
        ("wish", "required"),
        ("news", "consent_required"),
    ]


@pytest.mark.parametrize(
    ("field", "values", "fault"),
    [
        ("q.visit", ["daily"], "unknown_option"),
        ("q.visit", ["weekly", "rarely"], "unknown_option"),
        ("q.likes", ["staff", "<script>"], "unknown_option"),
        ("q.rating", ["11"], "off_scale"),
        ("q.rating", ["-1"], "off_scale"),
        ("q.rating", ["٣"], "off_scale"),
        ("q.rating", ["1e1"], "off_scale"),
        ("q.rating", ["1", "2"], "unreadable"),
        ("q.wish", ["x" * (TEXT_MOST + 1)], "too_long"),
        ("q.wish", ["a\0b"], "unreadable"),
        ("q.wish", ["a\x1b[31mb"], "unreadable"),
        ("q.wish", ["\u202egnirts"], "unreadable"),
        ("q.wish", ["\ud800"], "unreadable"),
        ("q.news", ["on"], "unknown_option"),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(field: str, values: list[str], fault: str) -> None:
    checked = check_answers(form(), SENT | {field: values})
    assert checked.faults == {field.removeprefix("q."): fault}


def test_a_text_may_be_as_long_as_is_said() -> None:
    checked = check_answers(form(), SENT | {"q.wish": ["é" * TEXT_MOST]})
    assert not checked.faults and len(str(checked.answers["wish"])) == TEXT_MOST


values = st.lists(
    st.sampled_from(["weekly", "staff", "prices", "5", "yes", "<b>", "", "=1+1"]) | st.text(max_size=20), max_size=3
)


@given(st.dictionaries(st.sampled_from([*SENT, "x"]), values))
def test_whatever_is_sent_is_stored_as_it_is_read_or_refused(sent: Any) -> None:
    checked = check_answers(form(), sent)
    asked = {question.id: question for question in form().questions}
    assert not set(checked.answers) & set(checked.faults)
    assert read_answers(write_answers(checked.answers)) == checked.answers
    for question, answer in checked.answers.items():
        if asked[question].has_options:
            assert set(choices_of(answer)) <= {option.id for option in asked[question].options}
        if asked[question].kind == "text":
            assert str(answer) and all(c.isprintable() or c == "\n" or ord(c) > 127 for c in str(answer))
