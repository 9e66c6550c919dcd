"""What a round did and whether every promise held: written by the rounds, asserted by tests, printed by `make soak`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Round:
    did: str
    where: str
    """The database."""
    seconds: float
    figures: Mapping[str, int]
    broken: tuple[str, ...]
    """The promises that did not hold; none in a good round."""

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {number:,}" for name, number in self.figures.items())
        outcome = f"FAILED: {'; '.join(self.broken)}" if self.broken else "OK"
        return f"{self.did} [{self.where}] {self.seconds:.1f} s: {figures}. {outcome}"


class Report:
    """A round's report while it is written."""

    def __init__(self, did: str, where: str) -> None:
        self._did = did
        self._where = where
        self._began = time.monotonic()
        self._figures: dict[str, int] = {}
        self._broken: list[str] = []

    def tell(self, **figures: int) -> None:
        """Figures by name; an underscore stands for a space."""
        self._figures |= {name.replace("_", " "): number for name, number in figures.items()}

    def promise(self, text: str, kept: bool) -> None:
        if not kept:
            self._broken.append(text)

    def end(self) -> Round:
        return Round(self._did, self._where, time.monotonic() - self._began, self._figures, tuple(self._broken))
