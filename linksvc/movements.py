"""What a transaction moves: stamps and counters, by newly applied facts and by verdicts that changed.

Called by `linksvc.applier` alone, in a transaction that nobody else counts this campaign in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from operator import attrgetter, ne

from sqlmodel import Session, select

from linksvc import counters
from linksvc.bulk import mark_rows, update_rows
from linksvc.click_contexts import ClickContext, click_contexts
from linksvc.database import sending_ahead
from linksvc.facts import AnyFact
from linksvc.first_redemptions import first_redemptions
from linksvc.hit_verdicts import INTERACTION, Change, first_hits, write_rows
from linksvc.models import Campaign, Fact, Message
from linksvc.moved_occurrences import take_along
from linksvc.stamps import WRITTEN, Stamps, add_hit, close_window, copy_of, fold, set_hits
from linksvc.tallies import ABOUT_MONEY, Tally

OCCURRING = frozenset({"hit", *ABOUT_MONEY})
"""Facts of which each is counted for itself, beside what it makes of its message."""


@dataclass(frozen=True, slots=True)
class HumanHit:
    """A hit that counts as a person's from now on. `n` None names nobody."""

    source: str
    n: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved: messages, each with the state it was in and its stamps now; and clicks."""

    stamped: Sequence[tuple[str, Stamps]]
    clicks: Sequence[HumanHit]


def move(
    session: Session,
    campaign_id: int,
    facts: Sequence[AnyFact],
    changes: Sequence[Change],
    now: datetime,
    human: Collection[str] = (),
) -> Movement:
    """Applies facts, which are marked so, and exchanges the verdicts of hits that are counted already. Returns what there is
    to tell of it.

    `human`: sources of `hit` facts among `facts` that count as human whatever they say.
    """
    write_rows(session, campaign_id, changes)
    verdicts = {fact.source: "human" if fact.source in human else fact.value for fact in facts if fact.kind == "hit"}
    stamped = _stamp(session, campaign_id, facts, changes, verdicts)
    tally = Tally()
    take_along(session, campaign_id, stamped, changes, tally)
    # Everything is read by now.
    with sending_ahead(session):
        _mark_applied(session, campaign_id, facts, now)
        _write_stamps(session, campaign_id, stamped)
        for before, moved in stamped:
            tally.exchange(before, moved)
        _tally_occurrences(tally, facts, changes, {stamps.n: stamps for _, stamps in stamped}, human)
        counters.write(session, campaign_id, tally)
    return Movement([(before.state, stamps) for before, stamps in stamped], _clicks(facts, changes, verdicts))


def _tally_occurrences(
    tally: Tally,
    facts: Sequence[AnyFact],
    changes: Sequence[Change],
    after: Mapping[int, Stamps],
    human: Collection[str],
) -> None:
    """Counts each visit and whatever has to do with money, under its message's stamps as they will be."""
    for fact in facts:
        if fact.kind not in OCCURRING:
            continue
        stamps = None if fact.n is None else after[fact.n]
        if fact.kind in ABOUT_MONEY:
            tally.add_money(fact.kind, fact.occurred_at, fact.amount_minor, fact.currency, stamps)
        elif fact.source in human:
            tally.add_hit("human", INTERACTION, fact.occurred_at, stamps)
        else:
            tally.add_hit(fact.value, fact.detail, fact.occurred_at, stamps)
    for change in changes:
        stamps = None if change.hit.n is None else after[change.hit.n]
        tally.add_hit(change.hit.verdict, change.hit.reason, change.hit.occurred_at, stamps, -1)
        tally.add_hit(change.verdict, change.reason, change.hit.occurred_at, stamps)


def _clicks(facts: Sequence[AnyFact], changes: Sequence[Change], verdicts: dict[str, str]) -> list[HumanHit]:
    hits = [fact for fact in facts if fact.kind == "hit" and verdicts[fact.source] == "human"]
    new = [HumanHit(fact.source, fact.n, fact.occurred_at) for fact in hits]
    raised = [change.hit for change in changes if change.verdict == "human" != change.hit.verdict]
    return new + [HumanHit(hit.source, hit.n, hit.occurred_at) for hit in raised]


def _stamp(
    session: Session, campaign_id: int, facts: Sequence[AnyFact], changes: Sequence[Change], verdicts: dict[str, str]
) -> list[tuple[Stamps, Stamps]]:
    """The messages' stamps as they are and as they will be."""
    by_message: dict[int, list[AnyFact]] = defaultdict(list)
    for fact in facts:
        if fact.n is not None:
            by_message[fact.n].append(fact)
    # A verdict that is taken back may have been the first of its kind, so the message's other hits decide.
    anew = first_hits(session, campaign_id, {change.hit.n for change in changes if change.hit.n is not None})
    redeemed = first_redemptions(session, campaign_id, facts)
    days = session.exec(select(Campaign.attribution_days).where(Campaign.id == campaign_id)).one()
    after: list[tuple[Stamps, Stamps]] = []
    for before in counters.read_stamps(session, campaign_id, by_message.keys() | anew.keys()):
        stamps = copy_of(before)
        after.append((before, stamps))
        if before.n in anew:
            set_hits(stamps, anew[before.n])
        learnt = by_message[before.n]
        fold(stamps, learnt)
        close_window(stamps, days)
        if before.n in redeemed:
            stamps.redeemed_at = redeemed[before.n]
        for fact in learnt:
            if fact.kind == "hit":
                add_hit(stamps, verdicts[fact.source], fact.occurred_at)
            stamps.has_occurrences |= fact.kind in OCCURRING
    _tell_clicks(session, campaign_id, after, verdicts.keys())
    return after


def _tell_clicks(
    session: Session, campaign_id: int, stamped: Sequence[tuple[Stamps, Stamps]], news: Collection[str]
) -> None:
    """Stamps on what and at which hour of theirs somebody first clicked, where that changed."""
    changed = [stamps for before, stamps in stamped if before.clicked_at != stamps.clicked_at]
    clicked = {stamps.n: stamps.clicked_at for stamps in changed if stamps.clicked_at}
    contexts = click_contexts(session, campaign_id, clicked, news)
    for stamps in changed:
        stamps.device, stamps.os, stamps.click_hour = contexts.get(stamps.n, ClickContext())


def _mark_applied(session: Session, campaign_id: int, facts: Iterable[AnyFact], now: datetime) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        by_kind[fact.kind].append(fact.source)
    for kind, sources in by_kind.items():
        mark_rows(session, Fact, ("applied_at", now), {"campaign_id": campaign_id, "kind": kind}, "source", sources)


def _write_stamps(session: Session, campaign_id: int, stamped: Iterable[tuple[Stamps, Stamps]]) -> None:
    """Writes what changed: of a batch's messages mostly the same few columns."""
    rows: dict[tuple[int, ...], list[tuple[object, ...]]] = defaultdict(list)
    for before, after in stamped:
        values = _written(after)
        changed = tuple(compress(_PLACES, map(ne, _written(before), values)))
        if changed:
            rows[changed].append((campaign_id, after.n, *[values[place] for place in changed]))
    for places, of_these in rows.items():
        update_rows(session, Message, ("campaign_id", "n"), tuple(WRITTEN[place] for place in places), of_these)


_written = attrgetter(*WRITTEN)
_PLACES = range(len(WRITTEN))
