"""Writes the figures of one campaign's charts for one reader. Every chart module is given one."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.charts.shape import Cell, Note
from dashboards.figures import rows_path
from dashboards.speech import Speech
from linksvc.message_filters import MessageFilter
from linksvc.occurrence_list import OccurrenceFilter
from linksvc.proportions import Proportion

DASH = "–"

Rows = MessageFilter | OccurrenceFilter
"""What a figure counts: messages, or what happens more than once to a message."""


@dataclass(frozen=True, slots=True)
class Teller:
    campaign_id: int
    speech: Speech

    def say(self, key: str, count: int | None = None, **values: str | int) -> str:
        return self.speech.say(key, count, **values)

    def count(self, value: int, rows: Rows, note: str = "") -> Cell:
        """A figure that opens its rows; 0 has none."""
        href = rows_path(self.campaign_id, rows) if value else None
        return Cell(self.speech.number(value), note, value, href)

    def share(self, part: Cell, whole: Cell, *, with_bar: bool = False) -> Cell:
        """A rate, with its numerator and denominator under it; a dash where there is nothing to take a share of."""
        share = _share(part.value or 0, whole.value or 0)
        if share is None:
            return Cell(DASH, self.say("charts.no_share"))
        width = f"{min(1.0, share) * 100:.2f}%" if with_bar else ""
        return Cell(self.speech.per_cent(share), parts=(part, whole), width=width)

    def brief(self, part: int, whole: int) -> str:
        """A count and its share, as a label in a picture."""
        share = _share(part, whole)
        return self.speech.number(part) + (f" · {self.speech.per_cent(share)}" if share is not None else "")

    def note(self, key: str, value: int, rows: Rows) -> tuple[Note, ...]:
        """A figure with the words that follow it, where there is one."""
        return (Note(self.say(key, count=value), self.count(value, rows)),) if value else ()

    def named(self, names: Mapping[str, str], value: str) -> str:
        """The text of a value of a closed set, whose keys are in `names`; one newer than the pages goes by its own name."""
        return self.say(names[value]) if value in names else value


def _share(part: int, whole: int) -> float | None:
    return Proportion(part, whole).share
