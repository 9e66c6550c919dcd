"""Code 128 by python-barcode, whose release 0.16.1 loses a code's first two characters where they are 99 (its issue 251,
mended behind that release). Imported when the first is drawn, see `tracker.landing.symbols`.
"""

import barcode


class Code128(barcode.Code128):  # type: ignore[misc]
    def _try_to_optimize(self, encoded: list[int]) -> list[int]:
        """Joins the start with a change of the character set right behind it. The pair of digits 99 has the number of such
        a change, and is none."""
        if self.code.startswith("99"):
            return encoded
        joined: list[int] = super()._try_to_optimize(encoded)
        return joined
