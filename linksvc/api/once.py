"""Answers that are given once and then repeated, for operations that need an Idempotency-Key."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from linksvc.api.operation import Call, Prepared
from linksvc.api.problems import MEDIA_TYPE as PROBLEM
from linksvc.api.problems import details_of
from linksvc.errors import Problem
from linksvc.idempotency import Kept, Repeatable, find_kept, fingerprint, keep


def answer_once(
    call: Call[Any, Any], session: Session, scope: str, status: int, work: Callable[[], BaseModel | Problem]
) -> Prepared:
    """Does the work and keeps its answer, a refusal too; gives the kept answer, byte for byte, to a repetition.

    What `work` raises is no answer: it rolls everything back, and a repetition starts anew.
    """
    request = Repeatable(scope, call.idempotency_key, fingerprint(call.method, call.path, call.body.model_dump_json()))
    if kept := find_kept(session, request):
        return _prepared(kept, {"Idempotent-Replayed": "true"})
    outcome = work()
    if isinstance(outcome, Problem):
        answer = Kept(outcome.status, details_of(outcome, call.request_id).model_dump_json())
    else:
        answer = Kept(status, outcome.model_dump_json())
    keep(session, request, answer, call.now())
    return _prepared(answer, {})


def _prepared(kept: Kept, headers: dict[str, str]) -> Prepared:
    media_type = "application/json" if kept.status < 400 else PROBLEM
    return Prepared(kept.status, kept.body.encode(), media_type, headers)
