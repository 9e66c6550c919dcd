"""What a bind submits next: due retries first, else messages of the campaign whose pace lets it go soonest.

For `sender.route_sender`, one for each bind. It claims ahead for about two seconds, and marks ahead for a tenth of one.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Engine

from linksvc import send_batches
from linksvc.clock import Clock
from linksvc.database import PAUSE_S, reading
from linksvc.templates import Template
from sender.binds import Bind, holding
from sender.claims import claim_batches, find_due, open_campaigns
from sender.long_forms import Writing
from sender.marks import mark, mark_again, refuse
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.pacing import Pacer, Window
from sender.pdus import Status
from sender.texts import Composer

CLAIM_AHEAD_S, MARK_AHEAD_S = 2.0, 0.1
LEAST_CLAIMED, MOST_CLAIMED = 10, 500
LOOK_FOR_CAMPAIGNS_S = 0.5


_USUAL = Writing()


@dataclass(slots=True)
class _Stock:
    """A campaign's messages that are claimed and rendered, and whether there are more to claim."""

    campaign: OpenCampaign
    template: Template
    messages: deque[Outgoing] = field(default_factory=deque)
    more: bool = True


@dataclass(frozen=True)
class Campaigns:
    """What all binds of this process share: the texts and the campaigns' paces."""

    composer: Composer
    pacers: dict[int, Pacer] = field(default_factory=dict)

    def pacer(self, campaign: OpenCampaign) -> Pacer:
        pacer = self.pacers.setdefault(campaign.id, Pacer(campaign.rate_per_s))
        pacer.rate_per_s = campaign.rate_per_s
        return pacer


class Feed:
    def __init__(
        self,
        engine: Engine,
        bind: Bind,
        clock: Clock,
        campaigns: Campaigns,
        pacer: Pacer,
        window: Window,
        writing: Writing = _USUAL,
    ) -> None:
        self._writing = writing
        self._engine = engine
        self._bind = bind
        self._clock = clock
        self._campaigns = campaigns
        self._pacer = pacer
        self._window = window
        self._stocks: dict[int, _Stock] = {}
        self._looked_at = float("-inf")
        self._retries: list[tuple[float, int, Submission]] = []
        self._order = count()

    async def next(self) -> list[Submission]:
        """What may be submitted now, marked and counted in the window; empty when there is nothing, or no room.

        Raises BindLost, and the database's errors.
        """
        if self._retries:
            submissions = await self._next_retries()
            if submissions:
                return submissions
        await self._look_for_campaigns()
        stock = await self._next_stock()
        return await self._mark(stock) if stock else []

    def retry(self, submission: Submission, due: float) -> None:
        """Puts a fragment back that was refused for the moment, until `due` by the event loop's time."""
        heapq.heappush(self._retries, (due, next(self._order), submission))

    def pacers(self, submission: Submission) -> Sequence[Pacer]:
        return self._pacer, self._campaigns.pacer(submission.message.campaign)

    async def _next_retries(self) -> list[Submission]:
        due: list[Submission] = []
        while self._retries and self._retries[0][0] <= asyncio.get_running_loop().time():
            one = self._retries[0][2]
            same = not due or due[0].message.campaign.id == one.message.campaign.id
            if not same or len(due) == self._window.size or not self._window.has_room_for(len(due) + 1):
                break
            due.append(heapq.heappop(self._retries)[2])
        if not due:
            return []
        self._window.take(len(due))
        marked: list[Submission] = []
        try:
            marked = await asyncio.to_thread(self._mark_again, due)
        except BaseException:
            for one in due:
                self.retry(one, 0.0)
            raise
        finally:
            self._window.give_back(len(due) - len(marked))
        return marked

    async def _look_for_campaigns(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < LOOK_FOR_CAMPAIGNS_S:
            return
        self._looked_at = now
        open_now, due = await asyncio.to_thread(self._look)
        campaigns = {campaign.id: campaign for campaign in open_now}
        for id in self._stocks.keys() - campaigns.keys():
            await self._drop(id)
        for id, campaign in campaigns.items():
            stock = self._stocks.get(id)
            if stock is None or stock.campaign.text != campaign.text:
                await self._drop(id)
                template = self._campaigns.composer.template(campaign)
                if template is not None:
                    self._stocks[id] = _Stock(campaign, template)
            else:
                stock.campaign = campaign
                stock.more |= id in due

    async def _next_stock(self) -> _Stock | None:
        """The stock whose campaign may go soonest, filled."""
        stocks = sorted(self._stocks.values(), key=lambda stock: self._campaigns.pacer(stock.campaign).ready_at())
        for stock in stocks:
            if not stock.messages and stock.more:
                await self._fill(stock)
            if stock.messages:
                return stock
        return None

    async def _fill(self, stock: _Stock) -> None:
        rate = min(self._pacer.rate_per_s, stock.campaign.rate_per_s)
        limit = max(LEAST_CLAIMED, min(MOST_CLAIMED, int(rate * CLAIM_AHEAD_S)))
        stock.more = await asyncio.to_thread(self._claim, stock, limit) > 0

    async def _drop(self, campaign_id: int) -> None:
        """Gives back what is claimed of a campaign that may not leave any more, or not as it was rendered."""
        stock = self._stocks.pop(campaign_id, None)
        if stock and stock.messages:
            await asyncio.to_thread(self._give_back, campaign_id)

    async def _mark(self, stock: _Stock) -> list[Submission]:
        """Marks what the window has room for and the pace lets go within a moment: one message at least, if it fits."""
        now = asyncio.get_running_loop().time()
        most = max(1, int(min(self._pacer.rate(now), stock.campaign.rate_per_s) * MARK_AHEAD_S))
        chosen: list[Outgoing] = []
        parts = 0
        while stock.messages:
            size = len(stock.messages[0].payloads)
            if not self._window.has_room_for(parts + size) or (chosen and parts + size > min(most, self._window.size)):
                break
            chosen.append(stock.messages.popleft())
            parts += size
        if not chosen:
            return []
        self._window.take(parts)
        marked: list[Submission] = []
        try:
            marked = await asyncio.to_thread(self._mark_fresh, stock.campaign, chosen)
        except BaseException:
            stock.messages.extendleft(reversed(chosen))
            raise
        finally:
            self._window.give_back(parts - len(marked))
        await asyncio.sleep(PAUSE_S)
        return marked

    def _look(self) -> tuple[list[OpenCampaign], set[int]]:
        """The campaigns that may leave, and which of them have something to claim."""
        with reading(self._engine) as session:
            now = self._clock()
            return open_campaigns(session, now), find_due(session, now)

    def _give_back(self, campaign_id: int) -> None:
        with holding(self._engine, self._bind, self._clock) as session:
            send_batches.free(session, [campaign_id], self._bind.worker)

    def _claim(self, stock: _Stock, limit: int) -> int:
        with holding(self._engine, self._bind, self._clock) as session:
            claims = claim_batches(session, stock.campaign.id, self._bind.worker, limit, self._clock())
        if not claims:
            return 0
        with reading(self._engine) as session:
            composed = self._campaigns.composer.compose(session, stock.campaign, stock.template, claims, self._writing)
        if composed.too_long:
            with holding(self._engine, self._bind, self._clock) as session:
                status = Status.INVALID_MESSAGE_LENGTH
                refuse(session, self._bind, stock.campaign.id, composed.too_long, status, self._clock())
        stock.messages.extend(composed.messages)
        return len(claims)

    def _mark_fresh(self, campaign: OpenCampaign, messages: Sequence[Outgoing]) -> list[Submission]:
        with holding(self._engine, self._bind, self._clock) as session:
            return mark(session, self._bind, campaign, messages, self._clock())

    def _mark_again(self, refused: Sequence[Submission]) -> list[Submission]:
        with holding(self._engine, self._bind, self._clock) as session:
            return mark_again(session, self._bind, refused, self._clock())
