"""What the template of a block is given beside the block itself: ready values. One function a type that needs any.

A type is added by its class in `linksvc.landing.blocks`, its template in `templates/blocks/` and, if it needs one, its view.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name
from markupsafe import Markup

from linksvc.landing.blocks import Block, CodeBlock, CountdownBlock, MapBlock, PictureBlock, PrivacyBlock, TextBlock
from linksvc.schedules import RECIPIENT
from tracker.landing import markup, symbols
from tracker.landing.draw_views import draw_view
from tracker.landing.locales import locale_of
from tracker.landing.scenes import Scene, epoch_ms
from tracker.landing.survey_views import survey_view
from tracker.landing.wording import own_words

Values = Mapping[str, Any]
View = Callable[[Any, Scene], Values]

_MAPS = "https://www.google.com/maps/search/?api=1&query="
"""Opens the map of every phone's own choice, and a page anywhere else; nothing is asked of it before somebody presses."""


def view_of(block: Block, scene: Scene) -> Values:
    view = VIEWS.get(block.type)
    return view(block, scene) if view else {}


def _text(block: TextBlock, scene: Scene) -> Values:
    fields = scene.personal.fields if scene.personal else {}
    return {
        "heading": markup.line(scene.say(block.heading), fields),
        "paragraphs": markup.paragraphs(scene.say(block.text), fields),
    }


def _picture(block: PictureBlock, scene: Scene) -> Values:
    size = scene.page.sizes.get(block.picture)
    return {"size": size, "source": scene.addresses.picture(scene.page.workspace_id, block.picture)}


def _map(block: MapBlock, _: Scene) -> Values:
    place = block.query if block.latitude is None else f"{block.latitude:.6f},{block.longitude:.6f}"
    return {"url": _MAPS + quote(place, safe="")}


def _countdown(block: CountdownBlock, scene: Scene) -> Values:
    """`ends_ms` is the moment itself. In a recipient's zone it is known once they are; before, what clocks show there."""
    own = block.timezone == RECIPIENT
    zone = scene.personal.zone if own and scene.personal else None if own else ZoneInfo(block.timezone)
    ends = block.moment(zone) if zone else None
    local = datetime.fromisoformat(block.ends_at) if block.ends_at else None
    over = ends is not None and scene.now >= ends
    return {
        "ends_ms": epoch_ms(ends) if ends else None,
        "ends_at": ends.isoformat() if ends else block.ends_at,
        "local": block.ends_at if ends is None else "",
        "over": over,
        "until": _until(local, ends, None if own else zone, scene.language) if local else "",
    }


def _until(local: datetime, ends: datetime | None, zone: ZoneInfo | None, language: str) -> str:
    """Until Saturday, 28 November 2026 at 18:00 (Central European Standard Time)."""
    locale = locale_of(language)
    day, hour = format_date(local, "full", locale=locale), format_time(local.time(), "short", locale=locale)
    whose = own_words(language)["your_time"]
    if zone and ends:
        whose = get_timezone_name(ends.astimezone(zone), "long", locale=locale)
    return own_words(language)["until"].format(moment=f"{day}, {hour} ({whose})")


def _code(block: CodeBlock, scene: Scene) -> Values:
    """Nothing before it is known whose. A code that cannot be drawn in a form is shown without it."""
    if scene.personal is None:
        return {"known": False}
    code, shown, words = scene.personal.code, scene.personal.fields["code"], own_words(scene.language)
    forms = [(draw, words[label]) for form, (draw, label) in _DRAWN.items() if form in block.forms]
    pictures = [picture for draw, label in forms if (picture := draw(code, label.format(code=shown)))] if code else []
    return {"known": True, "code": shown, "may_copy": "copy" in block.forms, "pictures": pictures}


def _privacy(block: PrivacyBlock, scene: Scene) -> Values:
    return {"paragraphs": markup.paragraphs(scene.say(block.text))}


_DRAWN: Mapping[str, tuple[Callable[[str, str], Markup | None], str]] = {
    "qr": (symbols.qr, "qr"),
    "code128": (symbols.code128, "barcode"),
    "ean13": (symbols.ean13, "barcode"),
}
"""How each form of a code is drawn, and the words for it."""

VIEWS: dict[str, View] = {
    "text": _text,
    "picture": _picture,
    "map": _map,
    "countdown": _countdown,
    "code": _code,
    "privacy": _privacy,
    "scratch": draw_view,
    "flip": draw_view,
    "survey": survey_view,
}
