"""Events about forms on pages, told in the transaction that keeps the answers."""

from datetime import datetime

from sqlmodel import Session, select

from linksvc.landing.answers import Answers
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.visitors import Visitor
from linksvc.models import Contact, Message
from linksvc.public_ids import format_id
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Event, MessageName, QuestionAnswer, Recipient, SurveyReply


def tell_answers(
    session: Session,
    visitor: Visitor,
    message: Message,
    block: SurveyBlock,
    answers: Answers,
    language: str,
    now: datetime,
) -> None:
    """Tells whoever listens what a recipient answered: ids of questions and options, as the page's document has them."""
    listeners = outbox.find_listeners(session, visitor.workspace_id)
    if not any("survey.answered" in one.types for one in listeners):
        return
    external_id = session.exec(
        select(Contact.external_id).where(Contact.workspace_id == visitor.workspace_id, Contact.id == message.contact_id)
    ).first()
    data = SurveyReply(
        message=MessageName(format_id("campaign", visitor.campaign_id), visitor.n),
        recipient=Recipient(external_id or "", message.number),
        page_id=format_id("page", visitor.page_id),
        block=block.id,
        answers=tuple(
            QuestionAnswer(question.id, question.kind, answers[question.id])
            for question in block.questions
            if question.id in answers
        ),
        language=language,
        answered_at=now,
    )
    event = Event("survey.answered", f"{visitor.campaign_id} {visitor.n} {block.id}", now, data)
    outbox.tell_listeners(session, visitor.workspace_id, listeners, [event], now)
