"""The answers to a form as a CSV file, however many there are. For the pages, the API and `ricochet page answers`."""

import csv
import io
from collections.abc import Iterator, Sequence

from sqlalchemy import Engine

from linksvc.csv_files import neutralise
from linksvc.database import reading
from linksvc.landing.answer_list import Form, list_forms
from linksvc.landing.answers import Answer
from linksvc.landing.campaign_pages import CampaignPage
from linksvc.landing.survey_results import QuestionResult, SurveyResult
from linksvc.landing.words import Words, said

OWN_COLUMNS = ("message", "external_id", "number", "answered_at", "language", "page_version")

_PAGE_ROWS = 2_000


def export_answers(engine: Engine, page: CampaignPage, survey: SurveyResult) -> Iterator[bytes]:
    """A line a recipient in pieces of a CSV file: UTF-8 with a mark, for Excel; formulas neutralised.

    The questions stand in the page's first language, those it no longer asks under their id. Each piece is a transaction of
    its own: who reads slowly holds up nobody. An answer that comes meanwhile may be missing.
    """
    default = page.document.default_language if page.document else ""
    yield b"\xef\xbb\xbf" + _lines([(*OWN_COLUMNS, *(_heading(one, default) for one in survey.questions))])
    cursor: str | None = ""
    while cursor is not None:
        with reading(engine) as session:
            found = list_forms(session, page.campaign_id, survey.block, cursor, _PAGE_ROWS)
        yield _lines([_cells(form, survey.questions, default) for form in found.forms])
        cursor = found.next_cursor


def _heading(question: QuestionResult, default: str) -> str:
    return _spoken(question.label, default, question.question)


def _cells(form: Form, questions: Sequence[QuestionResult], default: str) -> tuple[str, ...]:
    own = (
        str(form.n),
        form.external_id,
        form.number,
        form.answered_at.isoformat(timespec="seconds"),
        form.language,
        str(form.page_version),
    )
    return (*own, *(_cell(one, form.answers.get(one.question), default) for one in questions))


def _cell(question: QuestionResult, answer: Answer | None, default: str) -> str:
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    labels = {one.choice: _spoken(one.label, default, one.choice) for one in question.choices}
    if isinstance(answer, tuple):
        return "; ".join(labels.get(one, one) for one in answer)
    return labels.get(str(answer), str(answer)) if question.kind == "choice" else str(answer)


def _spoken(words: Words, default: str, otherwise: str) -> str:
    return said(words, default, default) or otherwise


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    piece = io.StringIO()
    csv.writer(piece).writerows([map(neutralise, row) for row in rows])
    return piece.getvalue().encode()
