"""What a transaction moves: stamps and counters, by newly applied facts and by verdicts that changed.

Called by `linksvc.applier` alone, in a transaction that nobody else counts this campaign in.
"""

import copy
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam
from sqlmodel import Session

from linksvc import counters
from linksvc.counters import Tally
from linksvc.hit_verdicts import Change, first_hits, write_rows
from linksvc.models import Fact, Message
from linksvc.stamps import WRITTEN, Stamps, add_hit, fold, set_hits


def move(
    session: Session, campaign_id: int, facts: Sequence[Fact], changes: Sequence[Change], human: Collection[str] = ()
) -> None:
    """Folds facts that are not applied yet, and exchanges the verdicts of hits that are counted already.

    `human`: sources of `hit` facts among `facts` that count as human whatever they say.
    """
    write_rows(session, campaign_id, changes)
    verdicts = {fact.source: "human" if fact.source in human else fact.value for fact in facts if fact.kind == "hit"}
    tally = Tally()
    after = _stamp(session, campaign_id, facts, changes, verdicts, tally)
    for fact in facts:
        stamps = None if fact.n is None else after[fact.n]
        if fact.kind == "hit":
            tally.add_hit(verdicts[fact.source], fact.occurred_at, stamps)
        elif fact.kind == "redeemed":
            tally.add_redemption(fact, stamps)
    for change in changes:
        stamps = None if change.hit.n is None else after[change.hit.n]
        tally.add_hit(change.hit.verdict, change.hit.occurred_at, stamps, -1)
        tally.add_hit(change.verdict, change.hit.occurred_at, stamps)
    _write_stamps(session, campaign_id, after.values())
    counters.write(session, campaign_id, tally)


def _stamp(
    session: Session,
    campaign_id: int,
    facts: Sequence[Fact],
    changes: Sequence[Change],
    verdicts: dict[str, str],
    tally: Tally,
) -> dict[int, Stamps]:
    """The messages' stamps as they will be, by n; the tally learns of what they leave and of where they get to."""
    by_message: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.n is not None:
            by_message[fact.n].append(fact)
    # A verdict that is taken back may have been the first of its kind, so the message's other hits decide.
    anew = first_hits(session, campaign_id, {change.hit.n for change in changes if change.hit.n is not None})
    after: dict[int, Stamps] = {}
    for before in counters.read_stamps(session, campaign_id, by_message.keys() | anew.keys()):
        stamps = after[before.n] = copy.copy(before)
        if before.n in anew:
            set_hits(stamps, anew[before.n])
        learnt = by_message[before.n]
        fold(stamps, learnt)
        for fact in learnt:
            if fact.kind == "hit":
                add_hit(stamps, verdicts[fact.source], fact.occurred_at)
        tally.add(before, -1)
        tally.add(stamps)
    return after


def _write_stamps(session: Session, campaign_id: int, stamped: Iterable[Stamps]) -> None:
    table: Table = Message.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(table.c.campaign_id == campaign_id, table.c.n == bindparam("at_n"))
        .values({name: bindparam(f"new_{name}") for name in WRITTEN})
    )
    rows: list[dict[str, Any]] = [{"at_n": s.n} | {f"new_{name}": getattr(s, name) for name in WRITTEN} for s in stamped]
    if rows:
        session.connection().execute(statement, rows)
