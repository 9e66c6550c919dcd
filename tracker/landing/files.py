"""The script and the stylesheets of pages, each at an address that holds its hash, so that browsers keep it for good.

A stylesheet's address holds the colours too: what a page looks like is no style in its HTML, and no look-up. A part that
adds blocks adds its source to SCRIPTS or STYLES.
"""

import gzip
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files

from linksvc.landing.themes import Theme
from tracker.landing.colours import variables
from tracker.landing.known_pages import KnownPage
from tracker.requests import Headers
from tracker.responses import Header, Response

SCRIPTS = ("base.js", "events.js", "countdowns.js", "codes.js", "draws.js", "surveys.js", "start.js")
"""In this order they are one script: `base.js` opens it, `start.js` ends it."""

STYLES = ("page.css", "draws.css", "surveys.css")

PREFIX = "/s/"
PICTURES = "/i/"

IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable")
_BRIEFLY = (b"cache-control", b"public, max-age=60")
"""For an address of another version: while trackers are replaced one by one, each shows what it has."""

_VARY = (b"vary", b"accept-encoding")
NOSNIFF = (b"x-content-type-options", b"nosniff")

_PATH = re.compile(r"/s/([0-9a-f]{16})/(page\.js|([0-9a-f]{6})-([0-9a-f]{6})-([0-9a-f]{6})-(system|serif|rounded)\.css)")
KEPT_THEMES = 256


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served: plain and compressed."""

    plain: Response
    compressed: Response
    size: int

    def for_who_takes(self, accept_encoding: bytes) -> Response:
        return self.compressed if b"gzip" in accept_encoding else self.plain


class PageAddresses:
    """Where a page's files are, on the host that the page is on."""

    def __init__(self) -> None:
        self.script = f"{PREFIX}{script_version()}/page.js"

    def stylesheet(self, page: KnownPage) -> str:
        theme = page.document.theme
        colours = "-".join(colour[1:] for colour in (theme.accent, theme.background, theme.text))
        return f"{PREFIX}{style_version()}/{colours}-{theme.font}.css"

    def picture(self, workspace_id: int, digest: str) -> str:
        return f"{PICTURES}{workspace_id}/{digest}.webp"


def answer_file(path: str, headers: Headers) -> Response | None:
    """The script or a stylesheet; None for any other path below PREFIX."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    version, name, *theme = found.groups()
    file = _script(version) if name == "page.js" else _stylesheet(version, *theme)
    return file.for_who_takes(headers.get(b"accept-encoding", b""))


@cache
def script() -> bytes:
    """The one script of every page."""
    return b"".join(_source(name) for name in SCRIPTS)


@cache
def script_version() -> str:
    return _version(script())


@cache
def style_version() -> str:
    return _version(stylesheet(Theme()))


def stylesheet(theme: Theme) -> bytes:
    return variables(theme).encode() + b"".join(_source(name) for name in STYLES)


@lru_cache(2)
def _script(version: str) -> File:
    return _file(script(), b"text/javascript; charset=utf-8", version == script_version())


@lru_cache(KEPT_THEMES)
def _stylesheet(version: str, accent: str, background: str, text: str, font: str) -> File:
    theme = Theme.model_validate({"accent": f"#{accent}", "background": f"#{background}", "text": f"#{text}", "font": font})
    return _file(stylesheet(theme), b"text/css; charset=utf-8", version == style_version())


def _file(content: bytes, media_type: bytes, is_present: bool) -> File:
    headers: tuple[Header, ...] = (
        (b"content-type", media_type),
        IMMUTABLE if is_present else _BRIEFLY,
        _VARY,
        NOSNIFF,
    )
    compressed = gzip.compress(content, 6, mtime=0)
    return File(
        Response(200, headers, content),
        Response(200, (*headers, (b"content-encoding", b"gzip")), compressed),
        len(content),
    )


def _source(name: str) -> bytes:
    return files("tracker.landing").joinpath("static", name).read_bytes()


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
