"""What the template of a form is given: its questions, what was typed, what is wrong. For `tracker.landing.views`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from linksvc.landing.answers import TEXT_MOST, YES, Fault, Sent, field_name
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.questions import Question
from tracker.landing import markup
from tracker.landing.scenes import Scene
from tracker.landing.wording import own_words


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was sent and not kept: it is shown again as it was filled in."""

    sent: Sent
    faults: Mapping[str, Fault]


ANSWERED_BEFORE = "answered_before"
"""Instead of that: the reader has answered, and otherwise."""


_MISSING = {"consent": "fault_consent_required"}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the form shows it. `missing`: what is said of a required one without an answer; `focus`: it is the first
    with a fault, and the browser goes there."""

    question: Question
    id: str
    name: str
    label: str
    choices: tuple[Choice, ...]
    ends: tuple[str, str]
    typed: str
    fault: str
    missing: str
    focus: bool


def survey_view(block: SurveyBlock, scene: Scene) -> dict[str, object]:
    note = scene.notes.get(block.id)
    refused = note if isinstance(note, Refused) else Refused({}, {})
    answered = scene.personal is not None and block.id in scene.personal.participation.answered
    return {
        "answered": answered and not refused.faults,
        "thanks": markup.paragraphs(scene.say(block.thanks)),
        "before": note == ANSWERED_BEFORE,
        "faulty": bool(refused.faults),
        "questions": tuple(_asked(block, question, refused, scene) for question in block.questions),
        "longest": TEXT_MOST,
    }


def _asked(block: SurveyBlock, question: Question, refused: Refused, scene: Scene) -> Asked:
    name, fault = field_name(question), refused.faults.get(question.id)
    values = refused.sent.get(name, ())
    own = own_words(scene.language)
    return Asked(
        question=question,
        id=f"f-{block.id}-{question.id}",
        name=name,
        label=scene.say(question.label),
        choices=tuple(_choices(question, values, scene)),
        ends=(scene.say(question.low_label), scene.say(question.high_label)),
        typed=values[0] if values else "",
        fault=own[f"fault_{fault}"] if fault else "",
        missing=own[_MISSING.get(question.kind, "fault_required")] if question.required else "",
        focus=question.id == next(iter(refused.faults), None),
    )


def _choices(question: Question, values: Sequence[str], scene: Scene) -> Iterator[Choice]:
    if question.kind == "scale":
        for step in range(question.low, question.high + 1):
            yield Choice(str(step), str(step), str(step) in values)
    elif question.kind == "consent":
        yield Choice(YES, scene.say(question.label), YES in values)
    for option in question.options:
        yield Choice(option.id, scene.say(option.label), option.id in values)
