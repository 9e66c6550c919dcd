"""POST /{code}/draw/{block}: somebody scratched a card or chose a cell. Never by GET, and never for a program (`posts`)."""

import secrets
from dataclasses import replace

from linksvc.errors import NotFound
from linksvc.landing.blocks import FlipBlock, ScratchBlock
from linksvc.landing.draws import Chance, Drawn, draw
from linksvc.landing.participation import Participation
from tracker.bodies import read_body
from tracker.landing.personal import MOST_BYTES, PersonalPages, block_response, whole_page
from tracker.landing.scenes import Scene
from tracker.landing.transactions import Transactions
from tracker.landing.visits import PageVisit
from tracker.responses import Receive, Response


class Drawing:
    def __init__(self, transactions: Transactions, personal: PersonalPages, chance: Chance = secrets.randbelow) -> None:
        self._transactions = transactions
        self._personal = personal
        self._chance = chance

    async def draw(self, visit: PageVisit, block_id: str, receive: Receive) -> Response:
        """What the recipient has drawn, now or before: the block for the page's script, else the whole page."""
        await read_body(visit.headers, receive, MOST_BYTES)
        block = visit.document.find(block_id)
        if not isinstance(block, ScratchBlock | FlipBlock):
            raise NotFound(
                "There is nothing to draw by that name: the page was changed. Open it again.", code="block_not_found"
            )
        # Read first: it tells whether there is such a recipient.
        scene = await self._personal.scene(visit)
        drawn = await self._transactions.write(lambda session: draw(session, visit.visitor, block, self._chance, visit.now))
        scene = _with(scene, drawn)
        return block_response(visit, scene, block) if visit.wants_json else whole_page(visit, scene)


def _with(scene: Scene, drawn: Drawn) -> Scene:
    if scene.personal is None:
        raise ValueError("a draw is somebody's")
    before = scene.personal.participation
    after = Participation({**before.draws, drawn.block: drawn}, before.answered)
    return replace(scene, personal=replace(scene.personal, participation=after))
