"""QR codes of short links, for posters and shop windows: SVG for print, PNG for screens. Called by the API and the command
line.
"""

import io
import re
from dataclasses import dataclass
from typing import Literal

import segno

from linksvc.errors import FieldError, InvalidRequest

Format = Literal["svg", "png"]

LEVELS = ("L", "M", "Q", "H")
SCALE_MOST = 40
BORDER_MOST = 20

QUIET_ZONE = 4
"""Light modules around the code that ISO/IEC 18004 asks for."""

LEAST_CONTRAST = 0.4
"""Of the reflectances of light and dark: below it ISO/IEC 15415 grades a symbol's contrast D or F."""

_COLOUR = re.compile(r"#?([0-9A-Fa-f]{6})")


@dataclass(frozen=True)
class QrStyle:
    """How a code is drawn. `scale` is the width of a module in pixels, `border` that of the light margin in modules;
    `level` is the error correction it has at least, so that a logo or a scratch leaves it readable."""

    scale: int = 8
    border: int = QUIET_ZONE
    dark: str = "#000000"
    light: str = "#ffffff"
    level: str = "M"


def draw(link: str, format: Format, style: QrStyle) -> bytes:
    """The picture of a link, exactly as it is written. Raises InvalidRequest: qr_style_invalid, qr_contrast_low."""
    dark, light = _check(style)
    code = segno.make(link, error=style.level, micro=False)
    out = io.BytesIO()
    if format == "svg":
        code.save(out, kind="svg", scale=style.scale, border=style.border, dark=dark, light=light, title=link)
    else:
        code.save(out, kind="png", scale=style.scale, border=style.border, dark=dark, light=light)
    return out.getvalue()


def _check(style: QrStyle) -> tuple[str, str]:
    """The two colours as #rrggbb."""
    if not 1 <= style.scale <= SCALE_MOST:
        raise _wrong("scale", "qr_style_invalid", f"The scale is a number from 1 to {SCALE_MOST}: pixels a module.")
    if not 0 <= style.border <= BORDER_MOST:
        raise _wrong("border", "qr_style_invalid", f"The border is a number from 0 to {BORDER_MOST}: modules.")
    if style.level not in LEVELS:
        raise _wrong("level", "qr_style_invalid", f"The level is one of {', '.join(LEVELS)}; H survives most damage.")
    dark, light = _colour("dark", style.dark), _colour("light", style.light)
    if _reflectance(light) - _reflectance(dark) < LEAST_CONTRAST:
        raise _wrong(
            "dark",
            "qr_contrast_low",
            f"{dark} on {light} is too pale for cameras: the dark colour must be much darker than the light one.",
        )
    return dark, light


def _colour(field: str, written: str) -> str:
    found = _COLOUR.fullmatch(written)
    if found is None:
        raise _wrong(field, "qr_style_invalid", f"The {field} colour is written in six hexadecimal digits: 0057b8.")
    return f"#{found[1].lower()}"


def _reflectance(colour: str) -> float:
    """From 0, black, to 1, white: the relative luminance of sRGB (IEC 61966-2-1)."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
