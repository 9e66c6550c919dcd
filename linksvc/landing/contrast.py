"""How well colours are told from one another (WCAG 2.2, 1.4.3 and 1.4.11). For `linksvc.landing.themes`."""

from typing import Literal

TEXT_LEAST = 4.5
"""Of text on what is behind it."""

SHAPE_LEAST = 3.0
"""Of what must be seen to be used: a button on the page."""

_BLACK, _WHITE = "#000000", "#ffffff"


def contrast(one: str, other: str) -> float:
    """The ratio of two colours (#rrggbb), from 1.0 to 21.0."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(colour: str) -> Literal["#000000", "#ffffff"]:
    """Black or white, whichever is read better on a colour. The better of the two has at least 4.58 on any."""
    return "#ffffff" if contrast(colour, _WHITE) >= contrast(colour, _BLACK) else "#000000"


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
