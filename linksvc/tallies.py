"""What messages and occurrences add to the counters: by what they have in common, and by when it happened.

`funnel_count` holds, for each `by`, a count a value and stage:

total     Everything, whatever the campaign's size: one value, one cohort.
hour      By cohort: the quarter of an hour of submission, or of production while there is none.
variant, segment, route, country, network, device
          By value and cohort. What has no value is not stored: it is the total less the others.
os        Messages clicked, by the system of the first click by a person.
cause     Messages refused, failed, expired and unknown, by why.
proof     Messages submitted, by the state of their receipt and by what their recipient did: the first that holds of clicked,
          redeemed, replied, suspect, machine; else nothing, or unseen where clicks cannot be.
click_delay, redeem_delay, receipt_delay
          Messages clicked by the time since their receipt if that says delivered; redeemed, and with a final receipt, by the
          time since their submission (`linksvc.delays`).
click_hour
          Messages clicked, by the hour of the week on their recipient's clock.
reason    Visits by why their verdict is what it is, those that name nobody too. Of messages nothing stands here.

`timeline_count` holds the same stages and occurrences by the quarter of an hour in which they came about.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from linksvc.clock import BUCKET
from linksvc.delays import delay_step
from linksvc.stages import SENT, stages_of
from linksvc.stamps import COLUMNS, Stamps, in_window

ABOUT_MONEY = {"redeemed": "redemption", "returned": "return", "voided": "void", "paid": "payment"}
"""Facts that come with an amount, each with the occurrence that it is counted as."""

FRAGMENT = "fragment"
"""Parts that a route took; the amount is what they cost, in millionths of the currency's unit."""

ANY_COHORT = datetime(1970, 1, 1, tzinfo=UTC)

REMEMBERED = 65_536
_QUARTER_S = int(BUCKET.total_seconds())

TOTAL, HOUR = "total", "hour"
PARTED = ("variant", "segment", "route", "country", "network", "device")
REASON = "reason"
SPREADS = ("os", "cause", "proof", "click_delay", "redeem_delay", "receipt_delay", "click_hour", REASON)

_WITH_A_CAUSE = ("refused", "failed", "expired", "unknown")
_WITH_A_RECEIPT = ("delivered", "failed", "expired", "unknown")
PROOFS = ("clicked", "redeemed", "replied", "suspect", "machine", "nothing", "unseen")


class Cell(NamedTuple):
    """A counter of a campaign."""

    by: str
    value: str
    cohort: datetime
    stage: str
    currency: str


class TimeCell(NamedTuple):
    """A counter of a campaign's timeline."""

    bucket: datetime
    stage: str
    currency: str


Counted = dict[Cell | TimeCell, tuple[int, int]]
"""(count, amount) of each counter."""


class Place(NamedTuple):
    """Where a message and all that happens to it are counted."""

    cohort: int
    """As a quarter of an hour."""
    variant: str
    segment: str
    route: str
    country: str
    network: str
    device: str


def quarter_of(moment: Any) -> int:
    """The quarter of an hour that a moment lies in, counted from 1970 on; one that is a quarter already stays so."""
    return int(moment) if isinstance(moment, int | float) else _quarter(moment)


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // _QUARTER_S


def place_of(stamps: Stamps) -> Place:
    return Place(
        quarter_of(stamps.submitted_at or stamps.produced_at),
        stamps.variant,
        _named(stamps.segment_id),
        _named(stamps.route_id),
        stamps.country,
        stamps.network,
        stamps.device,
    )


def _named(number: int) -> str:
    return str(number) if number else ""


class Tally:
    """Changes to one campaign's counters, summed before they are written."""

    def __init__(self) -> None:
        self._messages: defaultdict[_Alike, int] = defaultdict(int)
        self._happened: defaultdict[_Occurrence, int] = defaultdict(int)
        self._amounts: defaultdict[_Occurrence, int] = defaultdict(int)
        self._reasons: defaultdict[tuple[str, str], int] = defaultdict(int)

    def add(self, stamps: Stamps, times: int = 1) -> None:
        """Counts so many messages like this one under every stage it stands at; fewer than 0 takes them away."""
        self._messages[_alike(stamps)] += times

    def exchange(self, before: Stamps, after: Stamps) -> None:
        """Counts the message as it is now instead of as it was."""
        self.add(before, -1)
        self.add(after)

    def add_hit(self, verdict: str, reason: str, occurred_at: datetime, stamps: Stamps | None, sign: int = 1) -> None:
        """Counts a hit by the verdict that holds for it and why (or takes it away). `stamps` None: it names nobody."""
        if stamps is None:
            stages: tuple[str, ...] = (f"hit_{verdict}", "hit_unnamed")
        else:
            stages = (f"hit_{verdict}" if in_window(stamps, occurred_at) else "late_hit",)
        for stage in stages:
            self._happened[_occurrence(stage, occurred_at, stamps, "")] += sign
        self._reasons[stages[0], reason] += sign

    def add_money(
        self, kind: str, occurred_at: datetime, amount: int, currency: str, stamps: Stamps | None, sign: int = 1
    ) -> None:
        """Counts a redemption or a payment and what was paid, or a return or a void and what it took back."""
        late = stamps is not None and not in_window(stamps, occurred_at)
        stage = f"late_{ABOUT_MONEY[kind]}" if late else ABOUT_MONEY[kind]
        occurrence = _occurrence(stage, occurred_at, stamps, currency)
        self._happened[occurrence] += sign
        self._amounts[occurrence] += sign * amount

    def counted(self) -> Counted:
        """Every counter that changed, in one order."""
        found = _Sums()
        for alike, times in self._messages.items():
            if times:
                found.add_messages(alike, times)
        for occurrence in self._happened.keys() | self._amounts.keys():
            found.add_occurrence(occurrence, self._happened[occurrence], self._amounts[occurrence])
        for (stage, reason), times in self._reasons.items():
            found.add_reason(reason, stage, times)
        return found.spread_out()


class _Occurrence(NamedTuple):
    place: Place | None
    quarter: int
    stage: str
    currency: str


def _occurrence(stage: str, occurred_at: datetime, stamps: Stamps | None, currency: str) -> _Occurrence:
    return _Occurrence(place_of(stamps) if stamps else None, quarter_of(occurred_at), stage, currency)


_Alike = tuple[Any, ...]
"""All that the counters of a message depend on, its moments as their quarters: of a batch's messages most are alike."""

_WHAT = (
    *("variant", "segment_id", "route_id", "country", "network", "device", "tracked", "state", "parts_accepted"),
    *("cause", "os", "click_hour", "price_micros", "price_currency"),
)
_WHEN = tuple(name for name in COLUMNS if name.endswith("_at") and name != "window_ends_at")
_ALIKE = (*_WHAT, *_WHEN, "window_ends_at")
_told = attrgetter(*_WHAT)
_happened = attrgetter(*_WHEN)


def _alike(stamps: Stamps) -> _Alike:
    moments = _happened(stamps)
    ends_at = stamps.window_ends_at
    if ends_at is None or max(filter(None, moments)) <= ends_at:
        quarters = [moment and _quarter(moment) for moment in moments]
        return *_told(stamps), *quarters, None, *_delays(stamps)
    # What is late in its quarter is behind the end's quarter by a half, also where they are the same.
    shifted = [moment and _quarter(moment) + (0.5 if moment > ends_at else 0) for moment in moments]
    return *_told(stamps), *shifted, _quarter(ends_at), *_delays(stamps)


def _delays(stamps: Stamps) -> tuple[str, str, str]:
    """From the receipt that says delivered to the click, from submission to the redemption and to the final receipt; empty:
    there is none."""
    receipt, submitted = stamps.receipt_at, stamps.submitted_at
    if receipt is None and stamps.redeemed_at is None:
        return "", "", ""
    clicked = receipt and stamps.state == "delivered" and stamps.clicked_at
    return (
        delay_step(receipt, clicked) if receipt and clicked else "",
        delay_step(submitted, stamps.redeemed_at) if submitted and stamps.redeemed_at else "",
        delay_step(submitted, receipt) if submitted and receipt and stamps.state in _WITH_A_RECEIPT else "",
    )


_Common = tuple[str, str, datetime]
"""(by, value, cohort): what a counter counts by."""

_Summed = defaultdict[tuple[str, str], int]
"""By stage and currency."""


def _nothing() -> _Summed:
    return defaultdict(int)


class _Column:
    """One of the counters' numbers, by place and by quarter, before it is spread out over what a place has in common with
    others."""

    def __init__(self) -> None:
        self.common: defaultdict[_Common, _Summed] = defaultdict(_nothing)
        self.placed: defaultdict[Place | None, _Summed] = defaultdict(_nothing)
        self.timed: defaultdict[int, _Summed] = defaultdict(_nothing)

    def spread_out(self) -> dict[Cell | TimeCell, int]:
        for place, summed in self.placed.items():
            numbers = [(what, number) for what, number in summed.items() if number]
            for common in _shared(place) if numbers else ():
                sums = self.common[common]
                for what, number in numbers:
                    sums[what] += number
        found: dict[Cell | TimeCell, int] = {}
        for common, summed in self.common.items():
            found.update((Cell(*common, *what), number) for what, number in summed.items() if number)
        for quarter, summed in self.timed.items():
            begin = _begin_of(quarter)
            found.update((TimeCell(begin, *what), number) for what, number in summed.items() if number)
        return found


class _Sums:
    """The counts, and the amounts of those that have any."""

    def __init__(self) -> None:
        self._counts, self._amounts = _Column(), _Column()

    def add_messages(self, alike: _Alike, times: int) -> None:
        """Its moments are quarters here. What a stage asks for that is not told is as if it had not happened; of two moments
        the earlier one's quarter is the earlier one, so a stage may choose among quarters as among moments."""
        stamps = Stamps(0, **dict(zip(_ALIKE, alike, strict=False)))
        place = place_of(stamps)
        stages: dict[str, Any] = dict(stages_of(stamps))
        placed, timed, common = self._counts.placed[place], self._counts.timed, self._counts.common
        for stage, quarter in stages.items():
            what = (stage, "")
            placed[what] += times
            timed[int(quarter)][what] += times
        for by, value, stage in _spread(stamps, stages.keys(), *alike[-3:]):
            common[by, value, ANY_COHORT][stage, ""] += times
        if stamps.parts_accepted and stamps.submitted_at:
            fragments, cost = stamps.parts_accepted * times, stamps.price_micros * times
            submitted = _Occurrence(place, place.cohort, FRAGMENT, stamps.price_currency)
            self.add_occurrence(submitted, fragments, cost)

    def add_occurrence(self, one: _Occurrence, times: int, amount: int) -> None:
        what = (one.stage, one.currency)
        for column, number in ((self._counts, times), (self._amounts, amount)):
            if number:
                column.placed[one.place][what] += number
                column.timed[one.quarter][what] += number

    def add_reason(self, reason: str, stage: str, times: int) -> None:
        self._counts.common[REASON, reason, ANY_COHORT][stage, ""] += times

    def spread_out(self) -> Counted:
        counts, amounts = self._counts.spread_out(), self._amounts.spread_out()
        touched = sorted(counts.keys() | amounts.keys(), key=in_order)
        return {cell: (counts.get(cell, 0), amounts.get(cell, 0)) for cell in touched}


def in_order(cell: Cell | TimeCell) -> tuple[bool, tuple[Any, ...]]:
    return isinstance(cell, TimeCell), cell


@lru_cache(REMEMBERED)
def _shared(place: Place | None) -> tuple[_Common, ...]:
    """Everything that is counted at a place; None: of what names nobody."""
    total = (TOTAL, "", ANY_COHORT)
    if place is None:
        return (total,)
    quarter, *values = place
    cohort = _begin_of(quarter)
    parted = [(by, value, cohort) for by, value in zip(PARTED, values, strict=True) if value]
    return total, (HOUR, "", cohort), *parted


@lru_cache(REMEMBERED)
def _begin_of(quarter: int) -> datetime:
    return ANY_COHORT + quarter * BUCKET


def _spread(
    stamps: Stamps, stages: Any, click_delay: str, redeem_delay: str, receipt_delay: str
) -> Iterator[tuple[str, str, str]]:
    """(by, value, stage) of what a message adds beside its place."""
    final = _at_one_of(SENT, stages)
    if final:
        yield "proof", proof_of(stages, stamps.tracked), final
    if final in _WITH_A_RECEIPT:
        yield "receipt_delay", receipt_delay, final
    troubled = _at_one_of(_WITH_A_CAUSE, stages)
    if troubled:
        yield "cause", stamps.cause, troubled
    if "clicked" in stages:
        yield "os", stamps.os, "clicked"
        yield "click_delay", click_delay, "clicked"
        yield "click_hour", str(stamps.click_hour), "clicked"
    if "redeemed" in stages:
        yield "redeem_delay", redeem_delay, "redeemed"


def _at_one_of(wanted: tuple[str, ...], stages: Any) -> str:
    return next((stage for stage in wanted if stage in stages), "")


def proof_of(stages: Any, tracked: bool) -> str:
    """What is known of somebody at the other end, from the stages that a message stands at."""
    return _at_one_of(PROOFS[:-2], stages) or ("nothing" if tracked else "unseen")
