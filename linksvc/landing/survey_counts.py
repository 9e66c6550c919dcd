"""How many answered what, kept up with each form: results are read from here, however many answers there are. Written by
`linksvc.landing.surveys`, read by `linksvc.landing.survey_results`."""

from sqlmodel import Session, col, select

from linksvc.database import insert_into
from linksvc.landing.answers import Answers, choices_of
from linksvc.landing.blocks import SurveyBlock
from linksvc.models import SurveyCount

FORMS = ("", "")
"""In the place of question and choice: how many forms came."""

ANYTHING = ""
"""In the place of a choice: how many answered the question."""


def count_answers(session: Session, campaign_id: int, block: SurveyBlock, answers: Answers) -> None:
    """Counts one form. The rows stay locked until the transaction ends, in one order for all, so it comes last in it."""
    chosen = {FORMS} | {(question, ANYTHING) for question in answers}
    for question in block.questions:
        if question.id in answers and question.kind != "text":
            chosen |= {(question.id, choice) for choice in choices_of(answers[question.id])}
    shared = {"campaign_id": campaign_id, "block": block.id, "count": 1}
    rows = [shared | {"question": question, "choice": choice} for question, choice in sorted(chosen)]
    statement = insert_into(session, SurveyCount).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=("campaign_id", "block", "question", "choice"), set_={"count": col(SurveyCount.count) + 1}
    )
    session.connection().execute(statement)


def read_counts(session: Session, campaign_id: int) -> dict[str, dict[tuple[str, str], int]]:
    """By block, then by question and choice; FORMS among them."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for row in session.exec(select(SurveyCount).where(SurveyCount.campaign_id == campaign_id)):
        found.setdefault(row.block, {})[row.question, row.choice] = row.count
    return found
