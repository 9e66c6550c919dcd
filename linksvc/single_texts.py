"""What is a single message's own: its text, and which link it has. For `linksvc.single_messages`, which writes both, and for
`sender.texts`."""

from collections.abc import Sequence
from functools import lru_cache

from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import MessageText
from linksvc.templates import Template

TEXTS_READY = 500
"""Texts kept parsed: programs send the same ones again and again."""


def link_of(n: int) -> int:
    """The id, within its campaign, of the link of a single message. None of them is the link of the campaign."""
    return CAMPAIGN_LINK + 1 + n


def message_of(link_id: int) -> int:
    """The n of the message that a link belongs to."""
    return link_id - CAMPAIGN_LINK - 1


def read_texts(session: Session, campaign_id: int, ns: Sequence[int]) -> dict[int, str]:
    """The texts of single messages, by n; one statement however many they are."""
    statement = select(MessageText.n, MessageText.text).where(
        MessageText.campaign_id == campaign_id, among(session, col(MessageText.n), ns)
    )
    return dict(session.exec(statement).all())


def read_templates(session: Session, campaign_id: int, ns: Sequence[int]) -> dict[int, Template]:
    """As `read_texts`, to be rendered; each was checked when it was written."""
    return {n: _parsed(text) for n, text in read_texts(session, campaign_id, ns).items()}


@lru_cache(maxsize=TEXTS_READY)
def _parsed(text: str) -> Template:
    return Template.parse(text)
