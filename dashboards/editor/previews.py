"""The preview: a page as its recipients' phones show it, by the tracker's own renderer, from what is typed at this moment.

Somebody who does not exist looks at it, so nothing is counted, drawn or stored. For `dashboards.pages.landing_preview`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from dashboards.editor.conversion import Reading, languages_of
from dashboards.editor.pictures import Offered, picture_path
from dashboards.editor.trees import Tree
from linksvc.errors import InvalidRequest
from linksvc.landing.blocks import CodeBlock
from linksvc.landing.documents import Document, parse_document
from tracker.landing.files import PageAddresses
from tracker.landing.known_pages import KnownPage, Size
from tracker.landing.rendering import render_page
from tracker.landing.scenes import Personal, Scene

NOWHERE = "preview"
"""In place of a short code: no code looks like this."""

_NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_TRIES = 3

_CODE, _SHOWN_CODE = "2F4K9QTX07BM", "2F4K-9QTX-07BM"
_CODE_OF_DIGITS = "2000000000008"


class _Addresses(PageAddresses):
    """The script and the stylesheets are the tracker's; pictures are served to whoever is signed in."""

    def picture(self, workspace_id: int, digest: str) -> str:  # noqa: ARG002
        return picture_path(digest) if digest else _NO_PICTURE


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose page is shown: the workspace's name stands on it."""

    workspace_id: int
    brand: str
    zone: ZoneInfo


def preview_html(document: Document, language: str, pictures: Mapping[str, Offered], viewer: Viewer, now: datetime) -> str:
    """The page in a language, its default one if it does not speak that."""
    sizes = tuple(Size(digest, one.width, one.height) for digest, one in pictures.items())
    page = KnownPage(0, viewer.workspace_id, 0, 0, document.dump(), sizes)
    language = language if language in document.languages else document.default_language
    personal = _somebody(document, language, viewer.zone)
    scene = Scene(page, viewer.brand, language, now, _Addresses(), personal)
    return render_page(scene, NOWHERE, "")


def _somebody(document: Document, language: str, zone: ZoneInfo) -> Personal:
    """A recipient of whom everything is known, with a code that can be drawn in the forms that the page shows."""
    has_ean = any(isinstance(block, CodeBlock) and "ean13" in block.forms for block in document.blocks)
    code, shown = (_CODE_OF_DIGITS, _CODE_OF_DIGITS) if has_ean else (_CODE, _SHOWN_CODE)
    fields = {"first_name": "Zoé", "last_name": "Martin", "city": "Lyon", "code": shown}
    return Personal(fields, code, language, zone)


def readable_document(tree: Tree) -> Document | None:
    """What can be shown of a page while it is typed: a value that is no value yet is left out. None if nothing can."""
    raw = Reading(languages_of(tree)).document(tree)
    for _ in range(_TRIES):
        try:
            return parse_document(orjson.dumps(raw))
        except InvalidRequest as error:
            if not error.errors:
                return None
            for fault in error.errors:
                _leave_out(raw, fault.field.split("."))
    return None


def _leave_out(raw: dict[str, Any], path: list[str]) -> None:
    """Takes away what stands at a path; a block as a whole if the path leads to nothing in it."""
    place: Any = raw
    for part in path[:-1]:
        following = place.get(part) if isinstance(place, dict) else _item(place, part)
        if following is None:
            break
        place = following
    if isinstance(place, dict) and path[-1] in place and len(path) > 1 and path[-1] not in ("id", "type"):
        del place[path[-1]]
    elif path[0] == "blocks" and len(path) > 1 and _item(raw.get("blocks"), path[1]) is not None:
        # Emptied and not deleted, so that the paths of other faults still lead where they did.
        block = raw["blocks"][int(path[1])]
        kept = block["id"] if path[-1] != "id" else f"part-{path[1]}"
        raw["blocks"][int(path[1])] = {"id": kept, "type": "text"}


def _item(place: object, part: str) -> Any:
    return place[int(part)] if isinstance(place, list) and part.isdigit() and int(part) < len(place) else None
