"""The funnel's figures as the page shows them: counts, rates and definitions, written in the reader's language."""

from dataclasses import dataclass

from dashboards.definitions import DEFINITIONS
from dashboards.proportions import Proportion
from dashboards.speech import Speech
from linksvc.conversions import CONVERSION
from linksvc.funnel import Funnel
from linksvc.money import Money
from linksvc.public_ids import format_id
from linksvc.stages import SENT, UNSENT

ALSO_COUNTED = (
    "seen",
    "contradicted",
    "redeemed_unclicked",
    "replied",
    "opted_out",
    "suspect",
    "machine",
    "hit_human",
    "hit_suspect",
    "hit_machine",
    "hit_unnamed",
    "redemption",
    "return",
    "void",
    "payment",
)
"""What stands below the funnel: with the funnel itself and the two ledgers, every stage and occurrence there is."""

_STEPS = (
    ("produced", None, ()),
    ("submitted", "produced", ()),
    ("delivered", "submitted", ()),
    ("reached", None, ("contradicted", "seen")),
    ("clicked", "seen", ("hit_machine", "suspect")),
    ("engaged", "clicked", ()),
    ("redeemed", "reached", ("redeemed_unclicked",)),
    ("paid", "reached", ()),
)
"""The funnel: stage, the stage it is a share of, and what stands beside it."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number and the rows behind it; `href` is None for 0, which has none."""

    stage: str
    value: int
    text: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """A rate with its numerator and denominator; `per_cent` is None where there is nothing to take a share of."""

    per_cent: str | None
    interval: str
    part: Count
    whole: Count
    of: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One result: a share, or an amount of money."""

    name: str
    label: str
    meaning: str
    share: Share | None
    amounts: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A figure beside a step, with the words that follow it."""

    count: Count
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel. `width` is its bar, in per cent of produced, as an SVG length."""

    name: str
    label: str
    meaning: str
    count: Count
    width: str
    share: Share | None
    notes: tuple[Note, ...]
    of_produced: str | None
    of_previous: str | None


@dataclass(frozen=True, slots=True)
class Named:
    """A figure with its name and definition."""

    label: str
    meaning: str
    count: Count


@dataclass(frozen=True, slots=True)
class Ledger:
    """Figures that add up to a total."""

    name: str
    label: str
    total: Count
    items: tuple[Named, ...]


def label_of(speech: Speech, name: str) -> str:
    return speech.write(DEFINITIONS[name].label)


def meaning_of(speech: Speech, name: str) -> str:
    return speech.write(DEFINITIONS[name].meaning)


def rows_path(campaign_id: int, stage: str) -> str:
    """Where the rows behind a figure are listed."""
    return f"/campaigns/{format_id('campaign', campaign_id)}/messages?stage={stage}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes one funnel's figures for one reader."""

    funnel: Funnel
    speech: Speech
    currency: str

    def count(self, stage: str) -> Count:
        value = self.funnel[stage]
        return Count(stage, value, self.speech.number(value), rows_path(self.funnel.campaign_id, stage) if value else None)

    def share(self, part: str, whole: str, *, with_interval: bool = False) -> Share:
        """`part` of `whole`, both stages."""
        proportion = Proportion(self.funnel[part], self.funnel[whole])
        interval = proportion.interval if with_interval else None
        return Share(
            per_cent=self._per_cent(proportion),
            interval=self.speech.interval(*interval) if interval else "",
            part=self.count(part),
            whole=self.count(whole),
            of=self.speech.say(f"figures.of_{whole}"),
        )

    def tiles(self) -> tuple[Tile, ...]:
        """The results a marketer looks for first."""
        return (
            self._tile("delivered", "submitted", self._decided()),
            self._clicks(),
            *self._told("engaged", "clicked"),
            self._tile("redeemed", "reached"),
            *self._told("paid", "reached"),
            self._revenue(),
            self._tile("opted_out", "reached"),
        )

    def _told(self, part: str, whole: str) -> tuple[Tile, ...]:
        return (self._tile(part, whole),) if self.funnel.tells(part) else ()

    def _clicks(self) -> Tile:
        """The click rate, or that there can be none."""
        if self.funnel.has_link:
            return self._tile("clicked", "seen", self._upper_bound(), with_interval=True)
        label, meaning = label_of(self.speech, "clicked"), meaning_of(self.speech, "clicked")
        return Tile("clicked", label, meaning, None, (), (self.speech.say("figures.no_link"),))

    def _tile(self, part: str, whole: str, lines: tuple[str, ...] = (), *, with_interval: bool = False) -> Tile:
        share = self.share(part, whole, with_interval=with_interval)
        return Tile(part, label_of(self.speech, part), meaning_of(self.speech, part), share, (), lines)

    def _decided(self) -> tuple[str, ...]:
        """Unknown is neither success nor failure: the rate over the receipts that decide stands beside the other."""
        decided = self.funnel["delivered"] + self.funnel["failed"] + self.funnel["expired"]
        share = self._per_cent(Proportion(self.funnel["delivered"], decided))
        return (self.speech.say("figures.decided", share=share, decided=decided),) if share else ()

    def _upper_bound(self) -> tuple[str, ...]:
        """The click rate if every suspect were a person. A suspect whose message was not reached adds to both sides."""
        suspects = self.funnel["suspect"]
        most = self.funnel["clicked"] + suspects
        share = self._per_cent(Proportion(most, max(self.funnel["seen"], most)))
        return (self.speech.say("figures.upper", count=suspects, share=share),) if suspects and share else ()

    def _revenue(self) -> Tile:
        net = self.funnel.net_revenue
        amounts = money_texts(self.speech, net, self.currency)
        lines: tuple[str, ...] = ()
        if (submitted := self.funnel["submitted"]) and len(net) == 1:
            each = self.speech.money(round(net[0].amount_minor / submitted), net[0].currency)
            lines = (self.speech.say("figures.per_message", amount=each),)
        lines += tuple(
            self.speech.say("figures.taken_back", amount=self.speech.money(back.amount_minor, back.currency))
            for back in self.funnel.taken_back
            if back.amount_minor
        )
        return Tile(
            "revenue", self.speech.say("figures.revenue"), self.speech.say("figures.revenue.meaning"), None, amounts, lines
        )

    def steps(self) -> tuple[Step, ...]:
        """The funnel, first to last."""
        steps: list[Step] = []
        for name, whole, notes in _STEPS:
            if self.funnel.tells(name):
                told = tuple(note for note in notes if self.funnel.tells(note))
                steps.append(self._step(name, whole, told, steps[-1].name if steps else None))
        return tuple(steps)

    def claimed(self, conversions: int) -> tuple[Named, ...]:
        """What pages claimed, beside the funnel; nothing where they never did."""
        if not conversions:
            return ()
        path = rows_path(self.funnel.campaign_id, CONVERSION)
        count = Count(CONVERSION, conversions, self.speech.number(conversions), path)
        return (Named(self.speech.say("claimed.label"), self.speech.say("claimed.meaning"), count),)

    def also_counted(self) -> tuple[Named, ...]:
        """What stands below the funnel."""
        return self.named(tuple(stage for stage in ALSO_COUNTED if self.funnel.tells(stage)))

    def _step(self, name: str, whole: str | None, notes: tuple[str, ...], previous: str | None) -> Step:
        of_produced = Proportion(self.funnel[name], self.funnel["produced"])
        of_previous = Proportion(self.funnel[name], self.funnel[previous]) if previous else None
        return Step(
            name=name,
            label=label_of(self.speech, name),
            meaning=meaning_of(self.speech, name),
            count=self.count(name),
            width=f"{min(1.0, of_produced.share or 0.0) * 100:.2f}%",
            share=self.share(name, whole) if whole else None,
            notes=tuple(self._note(stage) for stage in notes if self.funnel[stage]),
            of_produced=self._per_cent(of_produced),
            of_previous=self._per_cent(of_previous) if of_previous else None,
        )

    def _note(self, stage: str) -> Note:
        return Note(self.count(stage), self.speech.say(f"note.{stage}", count=self.funnel[stage]))

    def ledgers(self) -> tuple[Ledger, ...]:
        """Where every message is: produced and submitted, each with the states that add up to it."""
        return (
            self._ledger("produced", (*UNSENT, "submitted")),
            self._ledger("submitted", SENT),
        )

    def _ledger(self, total: str, stages: tuple[str, ...]) -> Ledger:
        return Ledger(total, label_of(self.speech, total), self.count(total), self.named(stages))

    def named(self, stages: tuple[str, ...]) -> tuple[Named, ...]:
        """The figures with their names and definitions."""
        return tuple(Named(label_of(self.speech, s), meaning_of(self.speech, s), self.count(s)) for s in stages)

    def _per_cent(self, proportion: Proportion) -> str | None:
        return None if proportion.share is None else self.speech.per_cent(proportion.share)


def money_texts(speech: Speech, revenue: tuple[Money, ...], currency: str) -> tuple[str, ...]:
    """One text a currency, the workspace's own first; zero of it when nothing was paid."""
    ordered = sorted(revenue, key=lambda money: (money.currency != currency, money.currency))
    return tuple(speech.money(money.amount_minor, money.currency) for money in ordered or [Money(0, currency)])
