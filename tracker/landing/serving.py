"""The answer to GET of a link that shows a page: the same for everybody, from memory alone. For the redirect."""

from datetime import datetime

from tracker.evidence import HitRef, HitTokens
from tracker.landing.accepted import accepted_language
from tracker.landing.files import NOSNIFF, PageAddresses
from tracker.landing.known_pages import KnownPage
from tracker.landing.rendering import Renderer
from tracker.landing.scenes import Scene
from tracker.requests import Headers, follows
from tracker.resolving import Opened
from tracker.responses import PRIVATE, Header, Response
from tracker.segments import HitId

POLICY = b"; ".join(
    (
        b"default-src 'none'",
        b"style-src 'self'",
        b"script-src 'self'",
        b"img-src 'self' data:",
        b"connect-src 'self'",
        b"form-action 'self'",
        b"base-uri 'none'",
        b"frame-ancestors 'none'",
    )
)
"""Nothing inline, nothing of anybody else's."""

HEADERS: tuple[Header, ...] = (
    *PRIVATE,
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY),
    NOSNIFF,
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)


class PageShowing:
    def __init__(self, tokens: HitTokens, addresses: PageAddresses, renderer: Renderer) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._renderer = renderer

    def show(self, opened: Opened, page: KnownPage, headers: Headers, hit: HitId | None, now: datetime) -> Response:
        """The page of a link, with the token of the hit that asks for it. There is none, so that nothing can be told of it,
        for who did not consent to tracking, for a browser that asks not to be followed, for a hit that is not on disk."""
        scene = self.scene(opened, page, headers, now)
        body = self._renderer.for_everybody(scene).body(opened.code.encode(), self._token(opened, headers, hit, now))
        return Response(200, page_headers(scene), body)

    def scene(self, opened: Opened, page: KnownPage, headers: Headers, now: datetime) -> Scene:
        """The page as everybody sees it, in the language that the browser asks for."""
        language = accepted_language(headers.get(b"accept-language", b""), page.document.languages)
        return Scene(page, opened.destination.workspace_name, language, now, self._addresses)

    def _token(self, opened: Opened, headers: Headers, hit: HitId | None, now: datetime) -> bytes:
        n = opened.named
        if hit is None or n is None or not follows(headers):
            return b""
        return self._tokens.issue(HitRef(opened.block.campaign_id, n, hit.segment, hit.position), now).encode()


def page_headers(scene: Scene) -> tuple[Header, ...]:
    """Style and script are asked for while the page is still on its way."""
    style, script = scene.addresses.stylesheet(scene.page), scene.addresses.script
    preload = f"<{style}>; rel=preload; as=style, <{script}>; rel=preload; as=script"
    return (*HEADERS, (b"content-language", scene.language.encode()), (b"link", preload.encode()))
