"""What is sent to links that show pages: whose it is is found as for a GET, then the action answers. For `tracker.app`.

Programs, by their own looks, are told nothing personal and can do nothing: not draw, not stop, not answer.
"""

from typing import Protocol

from linksvc.clock import Clock
from linksvc.errors import Forbidden, NotFound, Problem, TooManyRequests
from linksvc.short_codes import LENGTH
from linksvc.token_buckets import Quota, TokenBuckets
from tracker.block_watch import BlockWatch
from tracker.destinations import Destination, Outcome
from tracker.landing.accepted import accepted_language
from tracker.landing.actions import Action, Actions
from tracker.landing.known_pages import KnownPage
from tracker.landing.rendering import render_fragment, render_page
from tracker.landing.serving import PageShowing, page_headers
from tracker.landing.visits import PageVisit, is_machine
from tracker.problems import MethodNotAllowed, Unavailable, problem_response
from tracker.requests import Headers, read_headers
from tracker.resolving import Opened, Refusal, Resolver
from tracker.responses import Receive, Response, Scope

PAGE_QUOTA = Quota("what is sent to one page", 60, 60)
"""By one network to one link: far more than a person sends who draws, answers and reads; each is work for the database."""


class RefusalPages(Protocol):
    """What a GET of the same link would be answered with."""

    def refuse(self, refusal: Refusal, headers: Headers) -> Response: ...

    def out_of_time(self, destination: Destination, outcome: Outcome, headers: Headers) -> Response: ...


class Gone(Problem):
    status = 410
    title = "Gone"
    code = "link_expired"


_EARLY = NotFound("The time of this link has not come yet.", code="link_not_yet_active")
_REFUSED: dict[Refusal, Problem] = {
    Refusal.UNKNOWN: NotFound("There is no such link.", code="link_not_found"),
    Refusal.THROTTLED: TooManyRequests("Too many requests from this network.", retry_after_s=60),
    Refusal.UNAVAILABLE: Unavailable("This link cannot be opened right now.", retryable=True),
}


_UNFIT = (403, 422)
"""What a script is answered whose token or body does not fit. Out of its time a link has no page that could send better:
only who has it open since before holds a token."""


class PagePosts:
    def __init__(
        self,
        resolver: Resolver,
        watch: BlockWatch,
        showing: PageShowing,
        refusals: RefusalPages,
        actions: Actions,
        clock: Clock,
    ) -> None:
        self._resolver = resolver
        self._watch = watch
        self._showing = showing
        self._refusals = refusals
        self._actions = actions
        self._clock = clock
        self._buckets = TokenBuckets(PAGE_QUOTA)

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to a request for an action of a page; None for any other request."""
        code, _, rest = scope["path"][1:].partition("/")
        name, _, argument = rest.partition("/")
        action = self._actions.get(name)
        if len(code) != LENGTH or action is None:
            return None
        if scope["method"] != "POST":
            return _only_post() if name else None
        headers = read_headers(scope["headers"])
        opened = await self._resolver.resolve(scope, headers, code)
        if isinstance(opened, Refusal):
            return problem_response(_REFUSED[opened]) if _wants_json(headers) else self._refusals.refuse(opened, headers)
        page_id = opened.destination.page_id
        page = self._watch.known.page(page_id) if page_id is not None else None
        return await self._act(opened, page, headers, action, argument, receive) if page else None

    async def _act(
        self, opened: Opened, page: KnownPage, headers: Headers, action: Action, argument: str, receive: Receive
    ) -> Response:
        now = self._clock()
        language = accepted_language(headers.get(b"accept-language", b""), page.document.languages)
        visit = PageVisit(opened, page, headers, language, now)
        outcome = opened.destination.outcome_at(now)
        if outcome is not Outcome.REDIRECTED and not action.after_end:
            if visit.wants_json:
                return problem_response(_out_of_time(outcome))
            return self._refusals.out_of_time(opened.destination, outcome, headers)
        try:
            self._check(visit, action)
            answer = await action.answer(visit, argument, receive)
        except Problem as problem:
            by_script = visit.wants_json or action.by_script
            return problem_response(problem) if by_script else self._trouble(visit, problem)
        if outcome is not Outcome.REDIRECTED and action.by_script and answer.status in _UNFIT:
            return problem_response(_out_of_time(outcome))
        return answer

    def _check(self, visit: PageVisit, action: Action) -> None:
        """Raises Forbidden, TooManyRequests."""
        if is_machine(visit.headers, "POST"):
            raise Forbidden("This is for the people whom we write to, not for programs.", code="not_for_machines")
        if action.by_script:
            return
        wait_s = self._buckets.take(f"{visit.campaign_id}:{visit.message}:{visit.caller.subnet}").wait_s
        if wait_s:
            raise TooManyRequests("Too much was sent to this page; please wait a moment.", retry_after_s=wait_s)

    def _trouble(self, visit: PageVisit, problem: Problem) -> Response:
        """A page for a browser without a script: what everybody sees with a word on the trouble, or that word alone."""
        scene = self._showing.scene(visit.opened, visit.page, visit.headers, visit.now)
        told = problem_response(problem).start["headers"]
        retry = tuple(header for header in told if header[0] == b"retry-after")
        if isinstance(problem, Unavailable):
            body = render_page(scene, visit.code, "", trouble=True)
        else:
            inner = render_fragment(scene, visit.code, "failed.html")
            body = render_page(scene, visit.code, "", only=render_fragment(scene, visit.code, "solo.html", inner=inner))
        return Response(problem.status, (*page_headers(scene), *retry), body.encode())


def _out_of_time(outcome: Outcome) -> Problem:
    return _EARLY if outcome is Outcome.EARLY else Gone("This link leads nowhere now.")


def _wants_json(headers: Headers) -> bool:
    return b"application/json" in headers.get(b"accept", b"")


def _only_post() -> Response:
    return problem_response(MethodNotAllowed("This address takes POST alone."), (b"allow", b"POST"))
