"""QR codes of ad-hoc links over the API."""

from typing import Literal

from pydantic import Field

from linksvc.ad_hoc_links import find_link
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.operations.links import NOT_FOUND
from linksvc.api.payloads import Parameters
from linksvc.database import reading
from linksvc.public_ids import format_id
from linksvc.qr_codes import BORDER_MOST, QUIET_ZONE, SCALE_MOST, Format, QrStyle, draw

KEPT_S = 3_600
"""How long a client may show a picture again: what it encodes never changes, but for the installation's own address."""

_COLOUR = "in six hexadecimal digits, with or without # before them"


class QrQuery(Parameters):
    scale: int = Field(8, ge=1, le=SCALE_MOST, description="Pixels a module.")
    border: int = Field(QUIET_ZONE, ge=0, le=BORDER_MOST, description="Modules of light margin; cameras want 4.")
    dark: str = Field("#000000", max_length=7, description=f"The colour of the modules, {_COLOUR}.")
    light: str = Field("#ffffff", max_length=7, description=f"The colour behind them, {_COLOUR}.")
    level: Literal["L", "M", "Q", "H"] = Field("M", description="Error correction, at least; H survives most damage.")


def draw_svg(call: Call[None, QrQuery]) -> Prepared:
    return _picture(call, "svg", "image/svg+xml")


def draw_png(call: Call[None, QrQuery]) -> Prepared:
    return _picture(call, "png", "image/png")


def _picture(call: Call[None, QrQuery], format: Format, media_type: str) -> Prepared:
    link_id, sent = call.ids["link_id"], call.query
    with reading(call.engine) as session:
        link = find_link(session, call.short_links, call.workspace_id, link_id)
    picture = draw(link.short_url, format, QrStyle(sent.scale, sent.border, sent.dark, sent.light, sent.level))
    headers = {
        "Cache-Control": f"private, max-age={KEPT_S}",
        "Content-Disposition": f'inline; filename="{format_id("link", link_id)}.{format}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Prepared(200, picture, media_type, headers)


_FAILURES = (
    NOT_FOUND,
    Failure(422, "qr_style_invalid", "A colour is not written in six hexadecimal digits."),
    Failure(422, "qr_contrast_low", "The dark colour is not much darker than the light one: cameras would not see it."),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/links/{link_id}/qr.svg",
        name="draw_link_svg",
        summary="Draw a link as a QR code for print",
        tag="links",
        scope="links:read",
        handler=draw_svg,
        query=QrQuery,
        answer=None,
        media_type="image/svg+xml",
        failures=_FAILURES,
    ),
    Operation(
        method="GET",
        path="/v1/links/{link_id}/qr.png",
        name="draw_link_png",
        summary="Draw a link as a QR code for screens",
        tag="links",
        scope="links:read",
        handler=draw_png,
        query=QrQuery,
        answer=None,
        media_type="image/png",
        failures=_FAILURES,
    ),
)
