"""Promo codes as pictures that a scanner reads back: QR, Code 128, EAN-13. SVG paths without a style, for a page's policy.

Always black on white with their quiet zones, whatever the colours of the page: scanners see nothing else.

The libraries take some megabytes, which a tracker that shows no page does without: `load` imports them beforehand, else
the first symbol does.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

QR_QUIET = 4
"""Modules of light around a QR code (ISO/IEC 18004)."""

BAR_QUIET = 10
"""Modules of light beside bars (ISO/IEC 15417); EAN-13 asks for 11 on its left (ISO/IEC 15420)."""

EAN_QUIET = 11
BAR_HEIGHT = 50
CODE128_MOST = 24
"""Characters: more would be too fine for a phone's width."""

QR_MOST = 200
_MASK = 0
"""Every reader takes every mask. To draw all eight and keep the one that is most even, as a printer should, takes four
milliseconds of a process that has redirects to answer."""

_EAN = re.compile(r"[0-9]{13}", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]+", re.ASCII)


def load() -> None:
    """Imports what the symbols are drawn with, so that no visitor waits for it."""
    import barcode  # noqa: F401
    import segno  # noqa: F401


def qr(code: str, label: str) -> Markup | None:
    """None for a code that is too long to be scanned from a phone."""
    import segno

    if not 0 < len(code) <= QR_MOST:
        return None
    rows = [bytes(row) for row in segno.make_qr(code, error="m", mask=_MASK).matrix]
    side = len(rows) + 2 * QR_QUIET
    path = "".join(_row(row, QR_QUIET, QR_QUIET + y, 1) for y, row in enumerate(rows))
    return _svg("qr", label, side, side, path)


def code128(code: str, label: str) -> Markup | None:
    """None for a code that has other characters than those of ASCII, or too many."""
    from barcode.errors import BarcodeError

    from tracker.landing.code128 import Code128

    if not _PRINTABLE.fullmatch(code) or len(code) > CODE128_MOST:
        return None
    try:
        (modules,) = Code128(code).build()
    except BarcodeError:
        return None
    return _bars("code128", label, modules, BAR_QUIET)


def ean13(code: str, label: str) -> Markup | None:
    """None unless the code is an EAN-13, its check digit included: scanners read thirteen digits and refuse a wrong one, so
    whatever else was drawn would be read as another code."""
    from barcode import EAN13

    if not _EAN.fullmatch(code):
        return None
    symbol = EAN13(code)
    if symbol.ean != code:
        return None
    (modules,) = symbol.build()
    return _bars("ean13", label, modules, EAN_QUIET)


def _bars(kind: str, label: str, modules: str, quiet: int) -> Markup:
    width = len(modules) + 2 * quiet
    path = _row([int(module) for module in modules], quiet, 0, BAR_HEIGHT)
    return _svg(kind, label, width, BAR_HEIGHT, path)


def _row(modules: Sequence[int] | bytes, left: int, top: int, height: int) -> str:
    """The dark runs of a row as rectangles of a path."""
    return "".join(f"M{left + x} {top}h{size}v{height}h-{size}z" for x, size in _runs(modules))


def _runs(modules: Iterable[int]) -> Iterable[tuple[int, int]]:
    x = 0
    for dark, run in groupby(modules):
        size = len(list(run))
        if dark:
            yield x, size
        x += size


def _svg(kind: str, label: str, width: int, height: int, path: str) -> Markup:
    return Markup(
        '<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {w} {h}" width="{w}" height="{h}"{}>'
        '<path fill="#fff" d="M0 0h{w}v{h}H0z"/><path fill="#000" d="{}"/></svg>'
    ).format(kind, label, Markup(' preserveAspectRatio="none"') if kind != "qr" else "", path, w=width, h=height)
