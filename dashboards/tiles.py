"""The tiles at the top of a campaign's page: the results a marketer looks for first, held against the last campaigns."""

from dataclasses import dataclass
from fractions import Fraction

from dashboards.figures import Figures, Share, label_of, meaning_of, money_texts
from linksvc.comparisons import LastCampaigns
from linksvc.money import half_up
from linksvc.proportions import Proportion
from linksvc.rates import bounds_of

COMPARED = 5
"""How many campaigns one is held against."""


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
class Tiles:
    """Writes them."""

    figures: Figures
    last: LastCampaigns

    def make(self) -> tuple[Tile, ...]:
        return (
            self._tile("delivered", "submitted", self._decided(), sampled=False),
            self._clicks(),
            *self._told("engaged", "clicked"),
            *self._told("redeemed", "reached"),
            *self._told("paid", "reached"),
            self._revenue(),
            self._tile("replied", "reached"),
            self._tile("opted_out", "reached"),
        )

    def _told(self, part: str, whole: str) -> tuple[Tile, ...]:
        return (self._tile(part, whole),) if self.figures.funnel.tells(part) else ()

    def _clicks(self) -> Tile:
        """The click rate, or that there can be none."""
        if self.figures.funnel.has_link:
            return self._tile("clicked", "seen", self._bounds())
        speech = self.figures.speech
        label, meaning = label_of(speech, "clicked"), meaning_of(speech, "clicked")
        return Tile("clicked", label, meaning, None, (), (speech.say("figures.no_link"),))

    def _tile(self, part: str, whole: str, lines: tuple[str, ...] = (), *, sampled: bool = True) -> Tile:
        speech = self.figures.speech
        share = self.figures.share(part, whole, sampled=sampled)
        lines += self._compared(Proportion(self.last.counts[part], self.last.counts[whole]))
        return Tile(part, label_of(speech, part), meaning_of(speech, part), share, (), lines)

    def _compared(self, before: Proportion) -> tuple[str, ...]:
        """The same rate over the last campaigns, with its numerator and denominator."""
        share = self.figures.per_cent(before)
        if share is None:
            return ()
        campaigns = len(self.last.campaign_ids)
        say = self.figures.speech.say
        return (say("compared.share", campaigns, share=share, part=before.part, whole=before.whole),)

    def _decided(self) -> tuple[str, ...]:
        """Unknown is neither success nor failure: the rate over the receipts that decide stands beside the other."""
        funnel = self.figures.funnel
        delivered, decided = funnel["delivered"], funnel["delivered"] + funnel["failed"] + funnel["expired"]
        share = self.figures.per_cent(Proportion(delivered, decided))
        say = self.figures.speech.say
        return (say("figures.decided", share=share, delivered=delivered, decided=decided),) if share else ()

    def _bounds(self) -> tuple[str, ...]:
        """The click rate with all suspects left out, which is the one shown, and with all of them in."""
        bounds, say = bounds_of(self.figures.funnel.counts), self.figures.speech.say
        share = self.figures.per_cent(bounds.within)
        if not bounds.suspects or share is None:
            return ()
        interval, part, whole = self.figures.interval(bounds.within), bounds.within.part, bounds.within.whole
        return (say("figures.with_suspects", bounds.suspects, share=share, interval=interval, part=part, whole=whole),)

    def _revenue(self) -> Tile:
        funnel, speech = self.figures.funnel, self.figures.speech
        net = funnel.net_revenue
        lines: tuple[str, ...] = ()
        if (submitted := funnel["submitted"]) and len(net) == 1:
            each = speech.money(half_up(Fraction(net[0].amount_minor, submitted)), net[0].currency)
            lines = (speech.say("figures.per_message", amount=each), *self._compared_revenue(net[0].currency))
        lines += tuple(
            speech.say("figures.taken_back", amount=speech.money(back.amount_minor, back.currency))
            for back in funnel.taken_back
            if back.amount_minor
        )
        amounts = money_texts(speech, net, self.figures.currency)
        return Tile("revenue", speech.say("figures.revenue"), speech.say("figures.revenue.meaning"), None, amounts, lines)

    def _compared_revenue(self, currency: str) -> tuple[str, ...]:
        """What a message of the last campaigns brought, where that was the same currency alone."""
        submitted, net = self.last.counts["submitted"], self.last.net_revenue
        if not submitted or [money.currency for money in net] != [currency]:
            return ()
        speech = self.figures.speech
        each = speech.money(half_up(Fraction(net[0].amount_minor, submitted)), currency)
        return (speech.say("compared.revenue", len(self.last.campaign_ids), amount=each),)
