"""Forms on pages: a recipient's answers, once. Called by `tracker.landing` with answers that were checked.

In one transaction: the answers, their counts, that somebody took part, a consent that was given among the answers, the
webhook `survey.answered`, and the thank-you message.
"""

from datetime import datetime
from typing import Literal

from sqlmodel import Session, select

from linksvc import single_messages
from linksvc.database import insert_into, rows_affected
from linksvc.landing.answers import Answers, read_answers, write_answers
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.participated import tell_participation
from linksvc.landing.survey_counts import count_answers
from linksvc.landing.visitors import Visitor
from linksvc.models import Message, SurveyAnswer
from linksvc.page_consents import give_marketing_consent
from linksvc.single_messages import Place
from linksvc.webhooks.survey_news import tell_answers

Outcome = Literal["stored", "same", "answered_before"]
"""The first form of a recipient stands. The same once more is the same request again; another one is told so."""


def answer(
    session: Session, visitor: Visitor, block: SurveyBlock, answers: Answers, language: str, now: datetime
) -> Outcome:
    """Keeps the answers of a recipient who has not answered this form. Of two forms at the same moment one is the first."""
    if not _record(session, visitor, block.id, answers, language, now):
        return "same" if _find(session, visitor, block.id) == answers else "answered_before"
    tell_participation(session, visitor, "form", block.id, now)
    message = _message(session, visitor)
    if any(question.kind == "consent" and answers.get(question.id) is True for question in block.questions):
        give_marketing_consent(session, visitor.workspace_id, message.contact_id, now)
    tell_answers(session, visitor, message, block, answers, language, now)
    if block.thank_you_sms and (text := block.thank_you_sms.get(language)):
        _thank(session, visitor, block.id, text, now)
    # Last: whoever answers the same form waits for these rows.
    count_answers(session, visitor.campaign_id, block, answers)
    return "stored"


def _thank(session: Session, visitor: Visitor, block: str, text: str, now: datetime) -> None:
    """By a message like any other: after a STOP there is none, and quiet hours hold it up. A text of a page always fits."""
    place = Place(visitor.campaign_id, visitor.n)
    single_messages.answer(session, place, text, f"survey {visitor.campaign_id} {visitor.n} {block}", now)


def _record(session: Session, visitor: Visitor, block: str, answers: Answers, language: str, now: datetime) -> bool:
    """False if the recipient has answered. A form that is being stored at this moment is waited for."""
    row = {
        "campaign_id": visitor.campaign_id,
        "n": visitor.n,
        "block": block,
        "page_id": visitor.page_id,
        "page_version": visitor.page_version,
        "answers": write_answers(answers),
        "language": language,
        "answered_at": now,
    }
    made = session.connection().execute(insert_into(session, SurveyAnswer).on_conflict_do_nothing(), row)
    return rows_affected(made) == 1


def _find(session: Session, visitor: Visitor, block: str) -> Answers:
    stored = select(SurveyAnswer.answers).where(
        SurveyAnswer.campaign_id == visitor.campaign_id, SurveyAnswer.n == visitor.n, SurveyAnswer.block == block
    )
    return read_answers(session.exec(stored).one())


def _message(session: Session, visitor: Visitor) -> Message:
    found = select(Message).where(Message.campaign_id == visitor.campaign_id, Message.n == visitor.n)
    return session.exec(found).one()
