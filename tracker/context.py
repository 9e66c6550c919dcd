"""The later pass's rules: what a hit shows beside its message and among the hits around it. Used by `tracker.judging`.

A hit is judged by itself first (`tracker.verdicts`). Where nothing in it speaks against a person, its context may raise a
suspicion; never more, for all of this can be true of a person:

- The operator's answer, from which we know that a message was taken, may come after the phone rang: SMSCs answer late
  when they are busy. The answer's time is the sender's clock, the hit's the tracker's, and two hosts' clocks differ.
- A network that shows one face may be a crowd all the same (`tracker.bursts`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from linksvc.hit_verdicts import Ruling
from tracker.bursts import Bursts, Opening
from tracker.hits import SpooledHit
from tracker.stored_hits import StoredHit
from tracker.verdicts import RULES_VERSION, Judgement, Reason, Verdict, judge

SOON = timedelta(seconds=1)
"""Nobody gets, reads and opens a message this soon after the operator took it."""

CLOCKS_AGREE_WITHIN = timedelta(seconds=1)
"""Hosts that keep time by NTP differ by far less. What came earlier by no more than this may have come later, and is told
as too soon instead: either is suspect."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What hits are judged by: each alone, then in context."""

    version: int
    alone: Callable[[SpooledHit], Judgement]


PRESENT = Rules(RULES_VERSION, judge)


def find_bursts(hits: Iterable[StoredHit], rules: Rules) -> Bursts:
    """The bursts among hits in the order of time. Hits that name nobody tell no recipients; a network that is not known is
    none."""
    return Bursts(
        Opening(hit.occurred_at, hit.network, hit.user_agent, hit.n, stored.submitted_at)
        for stored in hits
        if (hit := stored.hit).n is not None and hit.network and rules.alone(hit).verdict == Verdict.HUMAN
    )


def judge_in_context(stored: StoredHit, bursts: Bursts, rules: Rules) -> Judgement:
    """The verdict on a hit, whatever was judged before."""
    hit = stored.hit
    alone = rules.alone(hit)
    if alone.verdict != Verdict.HUMAN:
        return alone
    if reason := _by_time(hit.occurred_at, stored.submitted_at):
        return Judgement(Verdict.SUSPECT, reason)
    if bursts.hold(hit.network, hit.user_agent, hit.occurred_at):
        return Judgement(Verdict.SUSPECT, Reason.BURST)
    return alone


def _by_time(occurred_at: datetime, submitted_at: datetime | None) -> Reason | None:
    if submitted_at is None or occurred_at - submitted_at > SOON:
        return None
    return Reason.BEFORE_SUBMISSION if submitted_at - occurred_at > CLOCKS_AGREE_WITHIN else Reason.TOO_SOON


def rulings(hits: Iterable[StoredHit], bursts: Bursts, rules: Rules) -> Iterator[tuple[StoredHit, Ruling | None]]:
    """Each hit, and the ruling on it where another verdict than the present one, or another reason, is found."""
    for stored in hits:
        found = judge_in_context(stored, bursts, rules)
        same = (found.verdict, found.reason) == (stored.verdict, stored.reason)
        if same or stored.settled:
            yield stored, None
        else:
            yield stored, Ruling(stored.segment, stored.position, stored.judged, found.verdict, found.reason, rules.version)
