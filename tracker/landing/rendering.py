"""Pages as HTML: rendered once for everybody and kept, rendered for a recipient when they ask. For `serving`, `personal` and
the preview of the page editor.

What differs between two visitors of a page as everybody sees it is the address of their own link and the token of their hit:
both are put between parts that are kept ready, so a GET joins a few byte strings.
"""

import secrets
from collections import OrderedDict
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from linksvc.landing.blocks import Block, CountdownBlock, TextBlock
from linksvc.landing.contrast import contrast
from linksvc.landing.documents import Document
from linksvc.schedules import RECIPIENT
from tracker.landing.scenes import Scene, epoch_ms
from tracker.landing.views import view_of
from tracker.landing.wording import own_words

KEPT_BYTES = 16 * 1024 * 1024
"""Of pages that are kept ready: a thousand of usual size."""

_PATH, _TOKEN = secrets.token_hex(16), secrets.token_hex(16)
"""Where the link's own address and the hit's token will stand. Nobody's text holds them: they are drawn anew each start."""

_UTC = ZoneInfo("UTC")
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_OWN = frozenset({"code", "scratch", "flip", "survey"})
"""Blocks that show somebody what is theirs."""


class Rendered:
    """A page as everybody sees it, but for where the link's path and the hit's token stand."""

    __slots__ = ("_head", "_rest", "size")

    def __init__(self, html: str) -> None:
        head, _, rest = html.partition(_TOKEN)
        self._head = tuple(part.encode() for part in head.split(_PATH))
        self._rest = tuple(part.encode() for part in rest.split(_PATH))
        self.size = len(html)

    def body(self, code: bytes, token: bytes) -> bytes:
        """The page of one link. `token` empty: what happens on it is not to be told."""
        return b"".join((code.join(self._head), token, code.join(self._rest)))


class Renderer:
    """One per process. Not for several threads at once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Rendered] = OrderedDict()
        self._kept_bytes = 0

    def for_everybody(self, scene: Scene) -> Rendered:
        """The page without anything personal, kept ready."""
        page = scene.page
        key = (page.page_id, page.version, scene.brand, scene.language, _ended(scene))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Rendered(render_page(scene, _PATH, _TOKEN))
            self._kept_bytes += found.size
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= self._kept.popitem(last=False)[1].size
        else:
            self._kept.move_to_end(key)
        return found


def render_page(scene: Scene, code: str, token: str, *, trouble: bool = False, only: Markup | None = None) -> str:
    """A whole page. `trouble`: what is personal cannot be shown now; `only`: this instead of its blocks."""
    return environment().get_template("page.html").render(page_values(scene, code, token, trouble=trouble, only=only))


def page_values(
    scene: Scene, code: str, token: str, *, trouble: bool = False, only: Markup | None = None
) -> dict[str, object]:
    """What `page.html` is given; each block's values are made while it is rendered."""
    document = scene.document
    return {
        **_shared(scene, code),
        "title": scene.say(document.title) or scene.brand,
        "direction": direction(scene.language),
        "dark": contrast(document.theme.background, "#ffffff") > contrast(document.theme.background, "#000000"),
        "theme": document.theme,
        "logo": scene.page.sizes.get(document.theme.logo),
        "token": token,
        "asks": asks(document),
        "now_ms": epoch_ms(scene.now) if scene.personal else None,
        "blocks": [] if only else document.blocks,
        "only": only,
        "reveals": _reveals(scene) if only is None else "",
        "trouble": trouble,
        "trouble_before": _first(document.blocks, _OWN),
    }


def render_block(scene: Scene, code: str, block: Block) -> str:
    """One block as it stands in the page, its <section> included."""
    return environment().get_template("block.html").render(**_shared(scene, code, alone=True), block=block)


def render_fragment(scene: Scene, code: str, template: str, **values: object) -> Markup:
    """Any other template with what every block's is given."""
    return Markup(environment().get_template(template).render(**_shared(scene, code), **values))  # noqa: S704


def direction(language: str) -> str:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def is_personal(block: Block) -> bool:
    """Whether a block may look otherwise to a recipient than to everybody."""
    if isinstance(block, TextBlock):
        return any("{{" in text for words in (block.heading, block.text) for text in words.values())
    if isinstance(block, CountdownBlock):
        return block.timezone == RECIPIENT
    return block.type in _OWN


def asks(document: Document) -> bool:
    """Whether a page has anything to ask for: what is personal, another language, the time."""
    counts = any(block.type == "countdown" for block in document.blocks)
    return counts or len(document.languages) > 1 or any(map(is_personal, document.blocks))


@cache
def environment() -> Environment:
    """The templates, each compiled once. What one names and is not given is an error, never an empty string."""
    made = Environment(
        loader=PackageLoader("tracker.landing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["view_of"] = view_of
    return made


def _shared(scene: Scene, code: str, *, alone: bool = False) -> dict[str, object]:
    """`alone`: it is put into a page that is shown already."""
    return {
        "alone": alone,
        "scene": scene,
        "say": scene.say,
        "own": own_words(scene.language),
        "language": scene.language,
        "personal": scene.personal,
        "brand": scene.brand,
        "here": f"/{code}",
    }


def _first(blocks: tuple[Block, ...], types: frozenset[str]) -> str:
    return next((block.id for block in blocks if block.type in types), "")


def _reveals(scene: Scene) -> str:
    """Where the button stands that asks for what is personal without a script: in the first block of a code, else behind the
    last block; empty: nothing is personal, or it is shown."""
    if scene.personal is not None or not any(map(is_personal, scene.document.blocks)):
        return ""
    return _first(scene.document.blocks, frozenset({"code"})) or "end"


def _ended(scene: Scene) -> tuple[bool, ...]:
    """Which of its countdowns are over: it is another page then."""
    return tuple(is_over(block, scene.now) for block in scene.document.blocks if isinstance(block, CountdownBlock))


def is_over(block: CountdownBlock, now: datetime) -> bool:
    """Of one that ends for everybody at once."""
    if block.timezone == RECIPIENT:
        return False
    ends = block.moment(_UTC)
    return ends is not None and now >= ends
