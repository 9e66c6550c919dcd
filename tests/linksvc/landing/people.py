"""Recipients who draw and answer, for whoever shows what they did."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.landing import surveys
from linksvc.landing.answers import check_answers
from linksvc.landing.blocks import FlipBlock, ScratchBlock, SurveyBlock
from linksvc.landing.draws import draw
from linksvc.landing.pages import find_page
from linksvc.landing.visitors import Visitor
from tests.factories import NOW
from tests.tracker.landing_scenes import PageCampaign


def answer(
    engine: Engine, campaign: PageCampaign, n: int, sent: Mapping[str, list[str]], at: datetime = NOW, block: str = "opinion"
) -> str:
    """What becomes of a form that recipient n sends."""
    with writing(engine) as session:
        page = find_page(session, campaign.workspace_id, campaign.page_id)
        form = page.document.find(block)
        assert isinstance(form, SurveyBlock)
        checked = check_answers(form, sent)
        assert not checked.faults
        return surveys.answer(session, _visitor(campaign, n, page.version), form, checked.answers, "fr", at)


def scratch(engine: Engine, campaign: PageCampaign, n: int, number: int = 0, block: str = "card") -> str:
    """What recipient n draws with a number."""
    with writing(engine) as session:
        page = find_page(session, campaign.workspace_id, campaign.page_id)
        card = page.document.find(block)
        assert isinstance(card, ScratchBlock | FlipBlock)
        return draw(session, _visitor(campaign, n, page.version), card, lambda _: number, NOW).prize


def _visitor(campaign: PageCampaign, n: int, version: int) -> Visitor:
    return Visitor(campaign.workspace_id, campaign.campaign_id, n, campaign.page_id, version)
