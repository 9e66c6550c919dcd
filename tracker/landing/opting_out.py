"""POST /{code}/stop: the recipient wants no more messages. Never by GET: previews and scanners follow links."""

from dataclasses import replace
from urllib.parse import parse_qs

from linksvc.landing.opting_out import OptedOut, opt_out
from tracker.bodies import read_body
from tracker.landing.personal import MOST_BYTES, json_response
from tracker.landing.rendering import render_fragment, render_page
from tracker.landing.scenes import Scene
from tracker.landing.serving import PageShowing, page_headers
from tracker.landing.transactions import Transactions
from tracker.landing.visits import PageVisit
from tracker.landing.wording import own_words
from tracker.responses import Receive, Response


class OptingOut:
    def __init__(self, transactions: Transactions, showing: PageShowing) -> None:
        self._transactions = transactions
        self._showing = showing

    async def stop(self, visit: PageVisit, _: str, receive: Receive) -> Response:
        """Confirms, and says how to come back: in the block for the page's script, else as a page."""
        sent = parse_qs((await read_body(visit.headers, receive, MOST_BYTES)).decode("utf-8", "replace"))
        done = await self._transactions.write(lambda session: opt_out(session, visit.visitor, visit.now))
        scene = self._showing.scene(visit.opened, visit.page, visit.headers, visit.now)
        # As the page speaks that they look at: it may be their own language and not the browser's.
        spoken = (sent.get("language") or [""])[0]
        scene = replace(scene, language=spoken) if spoken in visit.document.languages else scene
        inner = render_fragment(scene, visit.code, "opted_out.html", way_back=_way_back(scene, done))
        if visit.wants_json:
            block = visit.document.find((sent.get("block") or [""])[0])
            return json_response(200, _swapped(scene, visit.code, block.id if block else "", inner))
        solo = render_fragment(scene, visit.code, "solo.html", inner=inner)
        return Response(200, page_headers(scene), render_page(scene, visit.code, "", only=solo).encode())


def _swapped(scene: Scene, code: str, block_id: str, inner: str) -> dict[str, str]:
    section = render_fragment(scene, code, "section.html", block_id=block_id, kind="opt_out", inner=inner)
    return {"block": block_id, "html": str(section)}


def _way_back(scene: Scene, done: OptedOut) -> str:
    words = own_words(scene.language)
    if done.answers_to:
        return words["come_back_by_sms"].format(sender=done.answers_to)
    return words["come_back_by_asking"].format(brand=scene.brand)
