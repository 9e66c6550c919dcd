"""How a page looks: a workspace's colours, its logo, a font that phones have already. For `linksvc.landing.documents`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from linksvc.landing.contrast import SHAPE_LEAST, TEXT_LEAST, contrast, readable_on
from linksvc.landing.parts import OptionalDigest, Part

Colour = Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$"), AfterValidator(str.lower)]


class Theme(Part):
    """Colours as #rrggbb. The text on buttons is black or white, whichever is read better on the accent."""

    accent: Colour = "#0b57d0"
    """Of buttons and of what is marked."""
    background: Colour = "#ffffff"
    text: Colour = "#1f1f1f"
    font: Literal["system", "serif", "rounded"] = "system"
    logo: OptionalDigest = ""
    """The digest of a picture; empty: none."""

    @property
    def on_accent(self) -> str:
        """The colour of the text on buttons."""
        return readable_on(self.accent)


def contrast_faults(theme: Theme) -> Iterator[tuple[str, str]]:
    """What cannot be told apart: a field of the theme, and a sentence with the ratio found and the ratio needed."""
    pairs = (("text", theme.text, TEXT_LEAST, "The text"), ("accent", theme.accent, SHAPE_LEAST, "A button"))
    for field, colour, least, what in pairs:
        # Rounded down: a ratio that is too small is never told as one that is enough.
        ratio = int(contrast(colour, theme.background) * 100) / 100
        if ratio < least:
            yield (
                field,
                f"{what} in {colour} on {theme.background} has a contrast of {ratio:.2f} to 1; at least {least} to 1 is "
                "needed. Choose a darker or a lighter one.",
            )
