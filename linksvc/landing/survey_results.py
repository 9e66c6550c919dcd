"""What the recipients of a campaign answered, in numbers: for the pages, the API and the command line.

From counters, so it takes the same time however many answers there are. Words are those of the page as it is published now;
a question or an option that was taken out of it keeps its figures, under its id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.landing.answers import NO, YES
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.campaign_pages import CampaignPage
from linksvc.landing.questions import Question
from linksvc.landing.survey_counts import ANYTHING, FORMS, read_counts
from linksvc.landing.words import Words

Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class ChoiceResult:
    """How many chose it. `label` is empty where the choice speaks for itself (a number, yes, no), or is no longer there."""

    choice: str
    label: Words
    count: int


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """`answered`: how many answered it at all; of several the choices add up to more. `kind` is empty for a question that
    the page no longer asks. `mean`: of a scale, None without answers."""

    question: str
    kind: str
    label: Words
    answered: int
    choices: tuple[ChoiceResult, ...]
    mean: float | None


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """One form. `is_asked`: whether the page has it still."""

    block: str
    title: Words
    is_asked: bool
    forms: int
    questions: tuple[QuestionResult, ...]


def read_results(session: Session, page: CampaignPage) -> tuple[SurveyResult, ...]:
    """The forms of a campaign's page in its order, also those that nobody has answered, then those it had before."""
    counts = read_counts(session, page.campaign_id)
    blocks = [block for block in (page.document.blocks if page.document else ()) if isinstance(block, SurveyBlock)]
    gone = sorted(counts.keys() - {block.id for block in blocks})
    asked = [_result(block.id, block, counts.get(block.id, {})) for block in blocks]
    return (*asked, *(_result(block_id, None, counts[block_id]) for block_id in gone))


def _result(block_id: str, block: SurveyBlock | None, counts: Counts) -> SurveyResult:
    questions = block.questions if block else ()
    gone = sorted({question for question, _ in counts} - {question.id for question in questions} - {FORMS[0]})
    results = [_of_question(question, counts) for question in questions]
    results += [_of_gone(question, counts) for question in gone]
    return SurveyResult(block_id, block.title if block else {}, block is not None, counts.get(FORMS, 0), tuple(results))


def _of_question(question: Question, counts: Counts) -> QuestionResult:
    labels = dict(_choices(question))
    choices = [ChoiceResult(choice, label, counts.get((question.id, choice), 0)) for choice, label in labels.items()]
    choices += [one for one in _chosen(question.id, counts) if one.choice not in labels]
    answered = counts.get((question.id, ANYTHING), 0)
    mean = _mean(choices) if question.kind == "scale" else None
    return QuestionResult(question.id, question.kind, question.label, answered, tuple(choices), mean)


def _of_gone(question: str, counts: Counts) -> QuestionResult:
    return QuestionResult(question, "", {}, counts.get((question, ANYTHING), 0), tuple(_chosen(question, counts)), None)


def _choices(question: Question) -> Iterator[tuple[str, Words]]:
    """What can be answered, in the order of the form."""
    if question.has_options:
        yield from ((option.id, option.label) for option in question.options)
    elif question.kind == "scale":
        yield from ((str(step), {}) for step in range(question.low, question.high + 1))
    elif question.kind == "consent":
        yield from ((YES, {}), (NO, {}))


def _chosen(question: str, counts: Counts) -> Iterator[ChoiceResult]:
    for (asked, choice), count in sorted(counts.items()):
        if asked == question and choice != ANYTHING:
            yield ChoiceResult(choice, {}, count)


def _mean(choices: list[ChoiceResult]) -> float | None:
    steps = [(int(one.choice), one.count) for one in choices if one.choice.isdecimal()]
    count = sum(count for _, count in steps)
    return sum(step * count for step, count in steps) / count if count else None


def find_survey(session: Session, page: CampaignPage, block: str | None) -> SurveyResult:
    """The form of that id; None: the only one. Raises NotFound (survey_not_found), InvalidRequest (survey_not_told) when
    there are several."""
    found = [one for one in read_results(session, page) if block in (None, one.block)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("The campaign's page has no such form, and nobody has answered one.", code="survey_not_found")
    message = f"There are several forms. Say which: {', '.join(one.block for one in found)}."
    raise InvalidRequest(message, code="survey_not_told", errors=(FieldError("block", message),))
