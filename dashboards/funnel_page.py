"""Everything the funnel page shows, ready for its template. For `dashboards.pages.campaigns`, page and refresh alike, and
for the stream of `dashboards.pages.live_campaigns`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from dashboards.beside import Ledger, Unseen, make_late, make_ledgers, make_more, make_unseen
from dashboards.campaigns import CampaignDetails, LinkFacts
from dashboards.chart import funnel_chart
from dashboards.figures import Figures, Named
from dashboards.notices import Notice, State, notices_of, provisional_of, standing_of, state_of
from dashboards.page_rows import page_path
from dashboards.readings import Reading
from dashboards.remarks import nothing_of, remarks_of
from dashboards.segment_rows import segment_path
from dashboards.speech import Speech
from dashboards.steps import Exit, Step, make_exits, make_steps
from dashboards.tiles import Tile, Tiles
from linksvc.accounts import SignedIn
from linksvc.funnel import Funnel
from linksvc.public_ids import format_id
from linksvc.standing_campaigns import SINGLE

REFRESH_MS = 2_000
REFRESH_AT_REST_MS = 30_000
"""Clicks and redemptions come for weeks after a campaign was sent."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A line of what was sent: a name and a value, which may be a link of our pages."""

    label: str
    value: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class FunnelPage:
    """The page's values; `chart` is JSON, empty where there is nothing to draw."""

    path: str
    public_id: str
    name: str
    refresh_ms: int
    state: State
    control: tuple[str, ...]
    """What can be done now: pause, resume, cancel."""
    send_path: str
    """Where it is reviewed and sent, or given another time; empty once it was sent."""
    notices: tuple[Notice, ...]
    standing: str
    """Until when the figures are provisional, or since when they are final; empty before anything was produced."""
    provisional: tuple[str, ...]
    details: tuple[Detail, ...]
    results_path: str
    """What was answered and drawn on the campaign's landing page; empty: it has none."""
    charts_path: str
    """The charts below the figures, which `static/funnel.js` fetches once the page stands. What of them has an id and
    data-live is exchanged where it changed; `static/charts.js` draws each `.chart` from the data-chart of the element that
    its data-of names, colours as `var(--c1)`; a link with data-charts fetches other charts in their place."""
    empty: Notice | None
    """What stands instead of all that follows while nothing was produced."""
    tiles: tuple[Tile, ...]
    steps: tuple[Step, ...]
    exits: tuple[Exit, ...]
    revenue: Tile
    unseen: Unseen | None
    unseen_words: tuple[str, ...]
    ledgers: tuple[Ledger, ...]
    adds_up: bool
    late: tuple[Named, ...]
    window_days: int
    more: tuple[Named, ...]
    chart: str
    updated_at: str
    updated_words: str
    timezone: str

    @property
    def version(self) -> str:
        """Names what the page shows but for the time it was updated: two pages of one version look the same."""
        return sha256(repr(replace(self, updated_at="", updated_words="")).encode()).hexdigest()[:16]


def make_funnel_page(reading: Reading, who: SignedIn, speech: Speech, now: datetime) -> FunnelPage:
    """Writes what was read for one reader, in the reader's language."""
    funnel, details, routes = reading.funnel, reading.details, reading.routes
    figures = Figures(funnel, speech, who.currency)
    public_id = format_id("campaign", funnel.campaign_id)
    tiles, steps, unseen = Tiles(figures, reading.last).make(), make_steps(figures), make_unseen(figures)
    return FunnelPage(
        path=f"/campaigns/{public_id}",
        public_id=public_id,
        name=funnel.name,
        refresh_ms=REFRESH_AT_REST_MS if is_at_rest(funnel) else REFRESH_MS,
        state=state_of(funnel, details, routes, speech, now),
        control=_control(funnel),
        send_path=f"/campaigns/{public_id}/send" if funnel.state in ("draft", "scheduled") else "",
        notices=notices_of(funnel, details, routes, reading.held, speech, now, reading.uncovered) + remarks_of(figures),
        standing=standing_of(funnel, speech, now),
        provisional=provisional_of(funnel, speech),
        details=details_of(funnel, details, speech),
        results_path=f"/campaigns/{public_id}/answers" if details.link and details.link.page else "",
        charts_path=f"/campaigns/{public_id}/charts",
        empty=nothing_of(figures, public_id),
        tiles=tiles,
        steps=steps,
        exits=make_exits(figures),
        revenue=next(tile for tile in tiles if tile.name == "revenue"),
        unseen=unseen,
        unseen_words=_unseen_words(unseen, speech) if unseen else (),
        ledgers=make_ledgers(figures),
        adds_up=not funnel.unaccounted,
        late=make_late(figures),
        window_days=funnel.attribution_days,
        more=make_more(figures, reading.conversions),
        chart=funnel_chart(steps, tiles),
        updated_at=now.isoformat(timespec="seconds"),
        updated_words=speech.say("live.updated", time=speech.exact_time(now)),
        timezone=who.timezone,
    )


def _unseen_words(unseen: Unseen, speech: Speech) -> tuple[str, ...]:
    return (
        speech.say("unseen.messages", unseen.messages.value, reached=unseen.reached.value),
        speech.say("unseen.hits", unseen.hits.value),
    )


def is_at_rest(funnel: Funnel) -> bool:
    """Whether nothing is on its way: neither messages nor receipts nor facts."""
    return funnel.state in {"draft", "sent", "cancelled"} and not funnel["pending"] and not funnel.pending_facts


def _control(funnel: Funnel) -> tuple[str, ...]:
    if funnel.status == "paused":
        return ("resume", "cancel")
    return ("pause", "cancel") if funnel.status in {"scheduled", "producing", "sending"} else ()


def _link_details(link: LinkFacts | None, speech: Speech) -> Iterator[Detail]:
    say = speech.say
    if link and link.page:
        page_id, name = link.page
        yield Detail(say("details.page"), name, page_path(page_id))
    else:
        yield Detail(say("details.destination"), link.destination_url if link else say("details.no_link"))
    if link and link.opens_at:
        yield Detail(say("details.link_opens"), speech.day_and_time(link.opens_at))
    if link and link.closes_at:
        yield Detail(say("details.link_closes"), speech.day_and_time(link.closes_at))
    if link and link.fallback_url:
        yield Detail(say("details.fallback"), link.fallback_url)
    if link and link.changed_at:
        yield Detail(say("details.link_changed"), speech.day_and_time(link.changed_at))


def _written(details: CampaignDetails, speech: Speech) -> Iterator[Detail]:
    """What its messages say and to whom. Of single messages nothing of that is the campaign's."""
    say = speech.say
    if details.kind == SINGLE:
        yield Detail(say("details.text"), say("details.own_texts"))
        yield Detail(say("details.sender"), details.sender)
        return
    yield Detail(say("details.text"), details.text)
    yield Detail(say("details.sender"), details.sender)
    yield from _link_details(details.link, speech)
    yield Detail(say("details.offer"), details.offer or say("details.no_offer"))
    yield from _audience(details, speech)


def _audience(details: CampaignDetails, speech: Speech) -> Iterator[Detail]:
    """To whom; of a follow-up also whom it follows up, and who is left out."""
    say = speech.say
    for segment in details.segments:
        words = say("details.segment", name=segment.name or say("segment.gone"), count=segment.contacts)
        yield Detail(say("details.audience"), words, segment_path(segment.id) if segment.name else "")
    if not details.segments:
        audience = say("details.import", file=details.audience_file) if details.audience_file else say("details.everybody")
        yield Detail(say("details.audience"), audience)
    if details.parent:
        parent_id, name = details.parent
        yield Detail(say("details.parent"), name, f"/campaigns/{format_id('campaign', parent_id)}")
    if details.leave_out:
        done = ", ".join(say(f"keep.leave_out.{stage}") for stage in details.leave_out)
        yield Detail(say("details.left_out"), done)


def details_of(funnel: Funnel, details: CampaignDetails, speech: Speech) -> tuple[Detail, ...]:
    """What is sent, to whom and how fast, for the page on which it is sent too."""
    say = speech.say
    facts = [
        *_written(details, speech),
        Detail(say("details.kind"), say(f"kind.{details.kind}")),
        Detail(say("details.rate"), say("details.per_second", count=details.rate_per_s)),
        Detail(say("details.created"), speech.day_and_time(details.created_at)),
    ]
    if details.send_requested_at:
        facts.append(Detail(say("details.requested"), speech.day_and_time(details.send_requested_at)))
    if funnel.expires_at:
        facts.append(Detail(say("details.expires"), speech.day_and_time(funnel.expires_at)))
    return tuple(facts)
