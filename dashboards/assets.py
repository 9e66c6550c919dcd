"""The static files, plotly.js among them: each under a name that holds its hash, so that browsers keep it for good."""

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

OWN = (
    "style.css",
    "charts.css",
    "editor.css",
    "segments.css",
    "page.js",
    "charts.js",
    "funnel.js",
    "till.js",
    "editor.js",
    "icon.svg",
)
PLOTLY = "plotly.min.js"

PREFIX = "/static/"

_MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_IMMUTABLE = "public, max-age=31536000, immutable"

# A library bundled in plotly.js adds a style element when it is loaded, which our policy forbids, unless something of
# this id stands in the page. Only maps need those styles, and we draw none.
_STYLE_ID = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served: `content` plain and `compressed`."""

    path: str
    media_type: str
    content: bytes
    compressed: bytes


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them: paths by plain name for the templates, assets by path for the server."""

    paths: Mapping[str, str]
    by_path: Mapping[str, Asset]
    plotly_style_ids: tuple[str, ...]

    def serve(self, request: Request) -> Response:
        """GET /static/{name}: compressed where the browser takes gzip. Raises HTTPException 404."""
        asset = self.by_path.get(PREFIX + request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": _IMMUTABLE, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
        return Response(asset.content, headers=headers, media_type=asset.media_type)


@cache
def load_assets() -> Assets:
    """Reads, hashes and compresses the files, once a process."""
    assets = {name: _asset(name, content) for name, content in _contents()}
    styles = _STYLE_ID.findall(assets[PLOTLY].content)
    return Assets(
        paths={name: asset.path for name, asset in assets.items()},
        by_path={asset.path: asset for asset in assets.values()},
        plotly_style_ids=tuple(sorted({style.decode() for style in styles})),
    )


def _contents() -> Iterator[tuple[str, bytes]]:
    for name in OWN:
        yield name, files("dashboards").joinpath("static", name).read_bytes()
    yield PLOTLY, files("plotly").joinpath("package_data", PLOTLY).read_bytes()


def _asset(name: str, content: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    path = f"{PREFIX}{stem}.{sha256(content).hexdigest()[:16]}.{ending}"
    return Asset(path, _MEDIA_TYPES[ending], content, gzip.compress(content, 6, mtime=0))
