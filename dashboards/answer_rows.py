"""All answers to a form as a table, for `dashboards.pages.page_results`."""

from collections.abc import Iterator

from dashboards.results import Teller, results_path
from dashboards.rows import Cell, Table
from linksvc.landing.answer_list import Form, FormPage
from linksvc.landing.answers import Answer, choices_of
from linksvc.landing.survey_results import QuestionResult, SurveyResult


def answer_table(teller: Teller, survey: SurveyResult, page: FormPage, after: str) -> Table:
    """The newest first, a column a question."""
    say, path = teller.speech.say, f"{results_path(teller.page.campaign_id)}/list?block={survey.block}"
    own = (say("rows.n"), say("rows.number"), say("rows.time"), say("results.language"))
    total = say("results.forms", count=survey.forms)
    return Table(
        title=teller.spoken(survey.title, survey.block),
        total=total,
        meaning="",
        columns=(*own, *(teller.spoken(question.label, question.question) for question in survey.questions)),
        rows=tuple(tuple(_cells(teller, survey, form)) for form in page.forms),
        shown=say("rows.shown", shown=len(page.forms), total=survey.forms),
        first_path=path if after else None,
        next_path=f"{path}&after={page.next_cursor}" if page.next_cursor else None,
    )


def _cells(teller: Teller, survey: SurveyResult, form: Form) -> Iterator[Cell]:
    yield Cell(teller.speech.number(form.n))
    yield Cell(form.number, form.external_id)
    yield Cell(teller.speech.day_and_time(form.answered_at))
    yield Cell(form.language)
    for question in survey.questions:
        answer = form.answers.get(question.question)
        yield Cell(None, teller.speech.say("results.left_out")) if answer is None else Cell(_told(teller, question, answer))


def _told(teller: Teller, question: QuestionResult, answer: Answer) -> str:
    if question.kind == "text":
        return str(answer)
    labels = {one.choice: one.label for one in question.choices}
    return ", ".join(teller.choice(question, choice, labels.get(choice, {})) for choice in choices_of(answer))
