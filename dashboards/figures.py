"""One campaign's counts and rates, written in the reader's language, each with the rows behind it. The tiles, the steps of
the funnel and what stands beside them are made of these."""

from dataclasses import dataclass

from dashboards.definitions import DEFINITIONS
from dashboards.speech import Speech
from linksvc.funnel import Funnel
from linksvc.message_filters import MessageFilter
from linksvc.money import Money
from linksvc.occurrence_list import OccurrenceFilter
from linksvc.proportions import Proportion
from linksvc.public_ids import format_id


@dataclass(frozen=True, slots=True)
class Count:
    """A number and the rows behind it; `href` is None for 0, which has none."""

    stage: str
    value: int
    text: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """A rate with its numerator and denominator; `per_cent` is None where there is nothing to take a share of. `interval` is
    empty for what is no sample: every message has its receipt, but who did not click might have."""

    per_cent: str | None
    interval: str
    part: Count
    whole: Count
    of: str


@dataclass(frozen=True, slots=True)
class Named:
    """A figure with its name and definition."""

    label: str
    meaning: str
    count: Count


def label_of(speech: Speech, name: str) -> str:
    return speech.write(DEFINITIONS[name].label)


def meaning_of(speech: Speech, name: str) -> str:
    return speech.write(DEFINITIONS[name].meaning)


def definitions_in(speech: Speech) -> tuple[tuple[str, str, str], ...]:
    """Each name with its label and what it counts; what came late stands last."""
    names = sorted(DEFINITIONS, key=lambda name: name.startswith("late_"))
    return tuple((name, label_of(speech, name), meaning_of(speech, name)) for name in names)


def rows_path(campaign_id: int, rows: MessageFilter | OccurrenceFilter | str) -> str:
    """Where the rows behind a figure are listed: the messages of a filter, or what a stage or an occurrence counts."""
    query = f"stage={rows}" if isinstance(rows, str) else rows.query()
    return f"/campaigns/{format_id('campaign', campaign_id)}/messages?{query}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes one funnel's figures for one reader."""

    funnel: Funnel
    speech: Speech
    currency: str

    def count(self, stage: str) -> Count:
        value = self.funnel[stage]
        return Count(stage, value, self.speech.number(value), rows_path(self.funnel.campaign_id, stage) if value else None)

    def rest(self, whole: str, part: str) -> Count:
        """What of `whole` is no `part`, which is a part of it."""
        value = self.funnel[whole] - self.funnel[part]
        path = rows_path(self.funnel.campaign_id, MessageFilter(whole, without=(part,)))
        return Count(f"{whole}-{part}", value, self.speech.number(value), path if value else None)

    def share(self, part: str, whole: str, *, sampled: bool = False) -> Share:
        """`part` of `whole`, both stages; `sampled` asks for the interval."""
        proportion = Proportion(self.funnel[part], self.funnel[whole])
        return Share(
            per_cent=self.per_cent(proportion),
            interval=self.interval(proportion) if sampled else "",
            part=self.count(part),
            whole=self.count(whole),
            of=self.speech.say(f"figures.whole_{whole}"),
        )

    def named(self, *stages: str) -> tuple[Named, ...]:
        """The figures with their names and definitions."""
        return tuple(Named(label_of(self.speech, s), meaning_of(self.speech, s), self.count(s)) for s in stages)

    def per_cent(self, proportion: Proportion) -> str | None:
        return None if proportion.share is None else self.speech.per_cent(proportion.share)

    def interval(self, proportion: Proportion) -> str:
        """The 95 % interval, empty where there is none."""
        return self.speech.interval(*proportion.interval) if proportion.interval else ""


def money_texts(speech: Speech, revenue: tuple[Money, ...], currency: str) -> tuple[str, ...]:
    """One text a currency, the workspace's own first; zero of it when nothing was paid."""
    ordered = sorted(revenue, key=lambda money: (money.currency != currency, money.currency))
    return tuple(speech.money(money.amount_minor, money.currency) for money in ordered or [Money(0, currency)])
