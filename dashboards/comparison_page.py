"""Campaigns side by side, written for one reader. For `dashboards.pages.reports`."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from dashboards.breakdown_page import rate_cell
from dashboards.charts.shape import Cell
from dashboards.charts.teller import DASH, Teller
from dashboards.figures import label_of, meaning_of, money_texts
from dashboards.speech import Speech
from linksvc.comparisons import Compared, Comparison, LastCampaigns, difference
from linksvc.costs import Costs
from linksvc.message_filters import MessageFilter
from linksvc.money import half_up
from linksvc.proportions import Difference
from linksvc.public_ids import format_id
from linksvc.rates import OF

_COUNTS = ("produced", "submitted")
_CLICKS = frozenset({"clicked", "engaged"})


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure of one campaign; `difference` from the first one's and what can be told of it, empty where there is none."""

    cell: Cell
    difference: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    meaning: str
    cells: tuple[Beside, ...]


@dataclass(frozen=True, slots=True)
class Head:
    name: str
    path: str
    """Empty: it is no single campaign."""
    note: str


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    heads: tuple[Head, ...]
    figures: tuple[Figure, ...]
    lead: str
    average: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a comparison for one reader whose workspace pays in `own`."""

    found: Comparison
    speech: Speech
    own: str

    def page(self) -> ComparisonPage:
        say, first = self.speech.say, self.found.campaigns[0]
        key = "compare.average_means" if self._has_average else "compare.no_average"
        return ComparisonPage(
            heads=tuple(self._heads()),
            figures=(*map(self._count, _COUNTS), *map(self._rate, OF), *self._money()),
            lead=say("compare.lead", name=first.name) if len(self.found.campaigns) > 1 or self._has_average else "",
            average=say(key, name=first.name),
        )

    @property
    def _has_average(self) -> bool:
        return bool(self.found.last.campaign_ids)

    def _heads(self) -> list[Head]:
        say, many = self.speech.say, len(self.found.campaigns) > 1 or self._has_average
        heads = []
        for place, campaign in enumerate(self.found.campaigns):
            path = f"/campaigns/{format_id('campaign', campaign.campaign_id)}"
            heads.append(Head(campaign.name, path, say("compare.first") if many and not place else ""))
        if self._has_average:
            heads.append(Head(say("compare.average", len(self.found.last.campaign_ids)), "", ""))
        return heads

    def _count(self, stage: str) -> Figure:
        cells = [Beside(self._teller(one).count(one.counts[stage], MessageFilter(stage))) for one in self.found.campaigns]
        if self._has_average:
            cells.append(Beside(self._plain(self.found.last.counts[stage])))
        return Figure(label_of(self.speech, stage), meaning_of(self.speech, stage), tuple(cells))

    def _rate(self, stage: str) -> Figure:
        first = self.found.campaigns[0]
        cells = []
        for one in self.found.campaigns:
            teller, why_not = self._teller(one), _why_not(one, stage)
            part, whole = (teller.count(one.counts[name], MessageFilter(name)) for name in (stage, OF[stage]))
            cell = Cell(DASH, self.speech.say(why_not)) if why_not else rate_cell(part, whole, teller)
            both = not (why_not or _why_not(first, stage) or one is first)
            cells.append(self._beside(cell, one.counts, stage, is_told=both))
        if self._has_average:
            cells.append(self._average(stage, self.found.last))
        return Figure(label_of(self.speech, stage), meaning_of(self.speech, stage), tuple(cells))

    def _average(self, stage: str, last: LastCampaigns) -> Beside:
        part, whole = self._plain(last.counts[stage]), self._plain(last.counts[OF[stage]])
        cell = rate_cell(part, whole, Teller(0, self.speech))
        return self._beside(cell, last.counts, stage, is_told=not _why_not(self.found.campaigns[0], stage))

    def _beside(self, cell: Cell, counts: Mapping[str, int], stage: str, *, is_told: bool) -> Beside:
        apart = difference(counts, self.found.campaigns[0].counts, stage) if is_told else None
        if apart is None:
            return Beside(cell)
        low, high = self._points(apart.low), self._points(apart.high)
        text = self.speech.say("compare.points", points=self._points(apart.estimate), low=low, high=high)
        return Beside(cell, text, self.speech.say(f"compare.{_verdict(apart)}"))

    def _points(self, share: float) -> str:
        """Percentage points with their sign."""
        text = self.speech.decimal(abs(share) * 100)
        if not any(digit in "123456789" for digit in text):
            return text
        return f"+{text}" if share > 0 else f"\u2212{text}"

    def _money(self) -> tuple[Figure, ...]:
        say = self.speech.say
        columns: list[tuple[Costs | None, tuple[str, ...]]] = [
            (one.costs, money_texts(self.speech, one.net_revenue, self.own)) for one in self.found.campaigns
        ]
        if self._has_average:
            last = self.found.last
            columns.append((last.costs, money_texts(self.speech, last.net_revenue, self.own)))
        revenue = tuple(Beside(Cell(", ".join(texts))) for _, texts in columns)
        each = tuple(Beside(self._per_message(costs)) for costs, _ in columns)
        back = tuple(Beside(self._investment(costs)) for costs, _ in columns)
        return (
            Figure(say("report.revenue"), say("figures.revenue.meaning"), revenue),
            Figure(say("compare.per_message"), "", each),
            Figure(say("compare.investment"), "", back),
        )

    def _per_message(self, costs: Costs | None) -> Cell:
        if costs is None or not costs.submitted:
            return Cell(DASH, self.speech.say("charts.no_share"))
        each = [
            self.speech.exact_money(half_up(Fraction(costs.net(currency), costs.submitted)), currency)
            for currency in sorted(costs.revenue, key=lambda currency: (currency != self.own, currency))
        ]
        return Cell(", ".join(each) or self.speech.exact_money(0, self.own))

    def _investment(self, costs: Costs | None) -> Cell:
        if costs is None or costs.investment_return is None:
            why = self.speech.say(f"charts.costs.{costs.why_no_return}") if costs else self.speech.say("compare.unknown")
            return Cell(DASH, why)
        return Cell(self.speech.per_cent(float(costs.investment_return)))

    def _teller(self, campaign: Compared) -> Teller:
        return Teller(campaign.campaign_id, self.speech)

    def _plain(self, value: int) -> Cell:
        """A sum over several campaigns, which no one list stands behind."""
        return Cell(self.speech.number(value), value=value)


def _why_not(campaign: Compared, stage: str) -> str:
    """The words that say why a campaign has no such rate; empty: it has one."""
    if stage in _CLICKS and not campaign.has_link:
        return "figures.no_link"
    return "details.no_offer" if stage == "redeemed" and not (campaign.has_offer or campaign.counts[stage]) else ""


def _verdict(apart: Difference) -> str:
    if not apart.is_told:
        return "untold"
    return "higher" if apart.estimate > 0 else "lower"
