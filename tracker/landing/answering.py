"""POST /{code}/form/{block}: somebody answered a form. What is wrong is told beside each question; nothing typed is lost."""

from dataclasses import replace
from urllib.parse import parse_qs

from linksvc.errors import InvalidRequest, NotFound
from linksvc.landing.answers import Answers, Sent, check_answers
from linksvc.landing.blocks import SurveyBlock
from linksvc.landing.participation import Participation
from linksvc.landing.surveys import Outcome, answer
from tracker.bodies import read_body
from tracker.landing.personal import PersonalPages, block_response, whole_page
from tracker.landing.scenes import Scene
from tracker.landing.survey_views import ANSWERED_BEFORE, Refused
from tracker.landing.transactions import Transactions
from tracker.landing.visits import PageVisit
from tracker.responses import Receive, Response

MOST_BYTES = 49_152
"""Of a form: the protocol takes no more than 64 kB with everything around it."""

FIELDS_MOST = 500


class Answering:
    def __init__(self, transactions: Transactions, personal: PersonalPages) -> None:
        self._transactions = transactions
        self._personal = personal

    async def answer(self, visit: PageVisit, block_id: str, receive: Receive) -> Response:
        """Thanks, or the form again with what is wrong: the block for the page's script, else the whole page."""
        sent = _read(await read_body(visit.headers, receive, MOST_BYTES))
        block = visit.document.find(block_id)
        if not isinstance(block, SurveyBlock):
            raise NotFound("There is no form by that name: the page was changed. Open it again.", code="block_not_found")
        scene = await self._personal.scene(visit)
        checked = check_answers(block, sent)
        if checked.faults and not _has_answered(scene, block):
            return _shown(visit, _noted(scene, block, Refused(sent, checked.faults)), block, 422)
        outcome = await self._keep(visit, block, checked.answers, scene.language)
        if outcome == "answered_before":
            return _shown(visit, _noted(scene, block, ANSWERED_BEFORE), block, 409)
        return _shown(visit, _answered(scene, block), block, 200)

    async def _keep(self, visit: PageVisit, block: SurveyBlock, answers: Answers, language: str) -> Outcome:
        return await self._transactions.write(
            lambda session: answer(session, visit.visitor, block, answers, language, visit.now)
        )


def _read(body: bytes) -> Sent:
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        raise InvalidRequest("This is no form of ours: it has too many fields.", code="form_invalid") from None


def _has_answered(scene: Scene, block: SurveyBlock) -> bool:
    return scene.personal is not None and block.id in scene.personal.participation.answered


def _noted(scene: Scene, block: SurveyBlock, note: object) -> Scene:
    return replace(scene, notes={block.id: note})


def _answered(scene: Scene, block: SurveyBlock) -> Scene:
    if scene.personal is None:
        raise ValueError("an answer is somebody's")
    before = scene.personal.participation
    after = Participation(before.draws, before.answered | {block.id})
    return replace(scene, personal=replace(scene.personal, participation=after))


def _shown(visit: PageVisit, scene: Scene, block: SurveyBlock, status: int) -> Response:
    return block_response(visit, scene, block, status) if visit.wants_json else whole_page(visit, scene, status)
