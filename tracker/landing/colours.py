"""A theme as the custom properties that `static/page.css` draws with: its colours, and those between them."""

from linksvc.landing.contrast import TEXT_LEAST, contrast
from linksvc.landing.themes import Theme

_FONTS = {
    "system": 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
    "serif": 'ui-serif, "New York", Georgia, "Noto Serif", "Times New Roman", serif',
    "rounded": 'ui-rounded, "SF Pro Rounded", "Arial Rounded MT Bold", Nunito, Quicksand, system-ui, sans-serif',
}


def variables(theme: Theme) -> str:
    """Told by value, not mixed by the browser: phones are older than color-mix()."""
    values = {
        "accent": theme.accent,
        "on-accent": theme.on_accent,
        "accent-strong": _mix(theme.accent, theme.on_accent, 0.88 if theme.on_accent == "#000000" else 1.0),
        "link": theme.accent if contrast(theme.accent, theme.background) >= TEXT_LEAST else theme.text,
        "background": theme.background,
        "text": theme.text,
        "quiet": _quiet(theme),
        "line": _mix(theme.text, theme.background, 0.16),
        "edge": _mix(theme.text, theme.background, 0.55),
        "surface": _mix(theme.text, theme.background, 0.045),
        "tint": _mix(theme.accent, theme.background, 0.09),
        "font": _FONTS[theme.font],
    }
    return ":root{" + ";".join(f"--{name}:{value}" for name, value in values.items()) + "}\n"


def _quiet(theme: Theme) -> str:
    """Of what matters less: as pale as it may be and still be read, on the page and on a tint of it."""
    behind = (theme.background, _mix(theme.text, theme.background, 0.045))
    shares = (0.66, 0.74, 0.82, 0.9)
    colours = (_mix(theme.text, theme.background, share) for share in shares)
    return next((one for one in colours if all(contrast(one, other) >= TEXT_LEAST for other in behind)), theme.text)


def _mix(colour: str, other: str, share: float) -> str:
    """So much of one colour, the rest of the other."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one * share + two * (1 - share)):02x}" for one, two in pairs)
