"""The answers of a form, checked against its questions. For `linksvc.landing.surveys` and whoever shows the form again."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.questions import Question
from linksvc.landing.words import clean

TEXT_MOST = 1_000
"""Characters of a text that is written freely."""

YES, NO = "yes", "no"

Answer = str | int | bool | tuple[str, ...]
"""Of a choice the option's id, of several their ids in the order of the form, of a scale the number, of a text the text, of
consent whether the box was ticked."""

Answers = Mapping[str, Answer]
"""By question. One that was left out is not there."""

Fault = Literal["required", "consent_required", "unknown_option", "off_scale", "too_long", "unreadable"]

Sent = Mapping[str, Sequence[str]]
"""The values of a form by the name of their field."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`faults`: what is wrong, by question, in the order of the form; with any, nothing is stored."""

    answers: Answers
    faults: Mapping[str, Fault]


class _Faulty(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def field_name(question: Question) -> str:
    """The name of a question's field: no other field of a page's forms is called so."""
    return f"q.{question.id}"


def check_answers(block: SurveyBlock, sent: Sent) -> Checked:
    """What was sent for the questions of the form; other fields do not count."""
    answers: dict[str, Answer] = {}
    faults: dict[str, Fault] = {}
    for question in block.questions:
        try:
            answer = _read(question, [value for value in sent.get(field_name(question), ()) if value.strip()])
        except _Faulty as error:
            faults[question.id] = error.fault
        else:
            if answer is not None:
                answers[question.id] = answer
    return Checked(answers, faults)


def write_answers(answers: Answers) -> str:
    """As they are stored; the same answers are the same text."""
    return json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read_answers(stored: str) -> Answers:
    found: dict[str, Any] = json.loads(stored)
    return {question: tuple(value) if isinstance(value, list) else value for question, value in found.items()}


def choices_of(answer: Answer) -> tuple[str, ...]:
    """What an answer that is no free text is counted under: its options, its number, yes or no."""
    if isinstance(answer, bool):
        return (YES if answer else NO,)
    return answer if isinstance(answer, tuple) else (str(answer),)


def _read(question: Question, values: Sequence[str]) -> Answer | None:
    if question.kind == "consent":
        return _consent(question, values)
    if not values:
        if question.required:
            raise _Faulty("required")
        return None
    if question.kind == "several":
        return _several(question, values)
    if len(values) > 1:
        raise _Faulty("unknown_option" if question.has_options else "unreadable")
    if question.kind == "choice":
        return _several(question, values)[0]
    return _scale(question, values[0]) if question.kind == "scale" else _text(question, values[0])


def _consent(question: Question, values: Sequence[str]) -> bool:
    if question.required and not values:
        raise _Faulty("consent_required")
    if set(values) - {YES}:
        raise _Faulty("unknown_option")
    return bool(values)


def _several(question: Question, values: Sequence[str]) -> tuple[str, ...]:
    known = [option.id for option in question.options]
    if set(values) - set(known):
        raise _Faulty("unknown_option")
    return tuple(option for option in known if option in values)


def _scale(question: Question, value: str) -> int:
    steps = {str(step): step for step in range(question.low, question.high + 1)}
    if value not in steps:
        raise _Faulty("off_scale")
    return steps[value]


def _text(question: Question, value: str) -> str | None:
    """Line breaks and emoji may stand in it; what a screen cannot show, or what turns the direction of reading, may not."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in value):
        raise _Faulty("unreadable")
    try:
        text = clean(value)
    except ValueError:
        raise _Faulty("unreadable") from None
    if len(text) > TEXT_MOST:
        raise _Faulty("too_long")
    if not text and question.required:
        raise _Faulty("required")
    return text or None
