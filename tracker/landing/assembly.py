"""Puts together what serves pages on the short domain: files, pictures, what is sent to pages. For `tracker.app`."""

from linksvc.clock import Clock
from tracker.block_watch import BlockWatch
from tracker.landing.actions import Action, Actions
from tracker.landing.answering import Answering
from tracker.landing.drawing import Drawing
from tracker.landing.files import PICTURES, PREFIX, answer_file
from tracker.landing.opting_out import OptingOut
from tracker.landing.personal import PersonalPages
from tracker.landing.picture_store import PictureStore
from tracker.landing.posts import PagePosts, RefusalPages
from tracker.landing.serving import PageShowing
from tracker.landing.transactions import Transactions
from tracker.page_events import PageEvents
from tracker.problems import Unavailable, problem_response
from tracker.requests import read_headers
from tracker.resolving import Resolver
from tracker.responses import Receive, Response, Scope, text


class LandingPages:
    """Everything of pages but their GET, which is the redirect's."""

    def __init__(
        self,
        transactions: Transactions,
        resolver: Resolver,
        watch: BlockWatch,
        showing: PageShowing,
        refusals: RefusalPages,
        events: PageEvents,
        clock: Clock,
    ) -> None:
        self._watch = watch
        self._transactions = transactions
        self._pictures = PictureStore(transactions, lambda *picture: watch.known.shows(*picture))
        self._posts = PagePosts(resolver, watch, showing, refusals, actions_of(transactions, showing, events), clock)

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to a request for anything of pages; None for any other."""
        path: str = scope["path"]
        if path.startswith((PREFIX, PICTURES)) and scope["method"] in ("GET", "HEAD"):
            return await self._file(scope, path)
        return await self._posts.answer(scope, receive)

    def close(self) -> None:
        self._transactions.close()

    async def _file(self, scope: Scope, path: str) -> Response:
        headers = read_headers(scope["headers"])
        owner = self._watch.known.hosts.owner(headers.get(b"host", b""))
        found: Response | None = None
        if owner is not None and path.startswith(PREFIX):
            found = answer_file(path, headers)
        elif path.startswith(PICTURES):
            try:
                found = await self._pictures.answer(path, owner)
            except Unavailable as problem:
                return problem_response(problem)
        return found or text(404, b"Not found\n")


def actions_of(transactions: Transactions, showing: PageShowing, events: PageEvents) -> Actions:
    """What can be sent to a page."""
    personal = PersonalPages(transactions, showing)
    return {
        "": Action(personal.page),
        "me": Action(personal.tell),
        "draw": Action(Drawing(transactions, personal).draw),
        "form": Action(Answering(transactions, personal).answer),
        "events": Action(events.take, after_end=True, by_script=True),
        "stop": Action(OptingOut(transactions, showing).stop, after_end=True),
    }
