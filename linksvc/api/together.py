"""Answers that are given once (`linksvc.api.once`), to many calls in one transaction: an operation's `group` asks for it."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from pydantic import BaseModel
from sqlmodel import Session

from linksvc.advisory_locks import Name
from linksvc.api.once import answer_of, prepare, repeatable_of
from linksvc.api.operation import Call, Prepared
from linksvc.api_keys import revoked
from linksvc.bulk import NewRows, append_to_all
from linksvc.database import writing
from linksvc.errors import Problem
from linksvc.group_claims import claim
from linksvc.idempotency import Kept, Repeatable, find_all_kept, in_flight, name_of, records_of

log = structlog.get_logger()

Calls = Sequence[Call[Any, Any]]

Work = Callable[[Session, Calls], tuple[Sequence[BaseModel | Problem | None], Sequence[NewRows]]]
"""Does calls whose keys are new, each with a body and a key of its own; None for one that is to be done alone. Also the rows
that this appends, which go into one statement with the answers."""

Named = Callable[[Call[Any, Any]], Name]
"""What a call's work has locked besides its key."""


def answer_together(calls: Calls, work: Work, named: Named) -> Sequence[Prepared | Problem | None]:
    """An answer to each, or None: do that one alone, such as one whose name another transaction has locked. If anything goes
    wrong that is nobody's own, that is each of them: then nothing of the group has happened. No two have one key."""
    try:
        return _do(calls, [repeatable_of(call) for call in calls], work, named)
    except Exception as error:
        if len(calls) > 1:  # What is wrong with one, it tells by itself.
            log.warning("a group is done one by one", action="api.disband", calls=len(calls), error=type(error).__name__)
        return [None] * len(calls)


def _do(calls: Calls, requests: Sequence[Repeatable], work: Work, named: Named) -> list[Prepared | Problem | None]:
    now = calls[0].now()
    with writing(calls[0].engine) as session:
        names = [*map(name_of, requests), *map(named, calls)]
        opening, locked = claim(session, {call.caller.key_id for call in calls}, names, now)
        answers: list[Prepared | Problem | None] = [
            revoked() if call.caller.key_id not in opening else None if is_ours else in_flight()
            for call, is_ours in zip(calls, locked[: len(calls)], strict=True)
        ]
        free = locked[len(calls) :]
        new = [place for place in _give_again(session, requests, answers) if free[place]]
        outcomes, rows = work(session, [calls[place] for place in new])
        kept: dict[int, Kept] = {}
        for place, outcome in zip(new, outcomes, strict=True):
            if isinstance(outcome, Problem) and outcome.retryable:
                answers[place] = outcome
            elif outcome is not None:
                kept[place] = answer_of(calls[place], outcome)
                answers[place] = prepare(kept[place], again=False)
        records = records_of([(requests[place], answer) for place, answer in kept.items()], now)
        append_to_all(session, [*rows, records])
    return answers


def _give_again(session: Session, requests: Sequence[Repeatable], answers: list[Prepared | Problem | None]) -> list[int]:
    """Puts what was answered before where nothing stands yet; returns the places of the requests that are new."""
    open_places = [place for place, answer in enumerate(answers) if answer is None]
    found = find_all_kept(session, [requests[place] for place in open_places])
    for place, one in zip(open_places, found, strict=True):
        answers[place] = prepare(one, again=True) if isinstance(one, Kept) else one
    return [place for place in open_places if answers[place] is None]
