"""Answers that are given once and then repeated, for operations that take an Idempotency-Key."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlmodel import Session

from linksvc.api.operation import Call, Prepared
from linksvc.api.problems import MEDIA_TYPE as PROBLEM
from linksvc.api.problems import details_of
from linksvc.api_keys import Caller
from linksvc.database import writing
from linksvc.errors import Problem
from linksvc.idempotency import Kept, Repeatable, find_kept, fingerprint, keep

REPLAYED = {"Idempotent-Replayed": "true"}

Work = Callable[[Session], BaseModel | Problem]

Needed = TypeVar("Needed")


def answer_once(call: Call[Any, Any], work: Work) -> Prepared:
    """Does the work in a transaction and keeps its answer there, a refusal too; gives the kept answer, byte for byte, to a
    repetition. Without a key it does the work and keeps nothing.

    A refusal that `work` returns keeps what it wrote; one that it raises undoes that. A problem that may pass, and what is
    no problem at all, is no answer: a repetition starts anew.
    """
    if not call.idempotency_key:
        return prepare(_do(call, work), again=False)
    kept, again = do_once(call, work)
    return prepare(kept, again)


def answer_after(call: Call[Any, Any], work: Callable[[], BaseModel]) -> Prepared:
    """As `answer_once`, for work that commits by itself, piece by piece, and that may be done twice without harm: a
    repetition does it again if the process ended between the work and its answer."""
    if not call.idempotency_key:
        return prepare(Kept(call.status, work().model_dump_json()), again=False)
    return answer_with(call, work, lambda _, done: done)


def answer_with(
    call: Call[Any, Any], get: Callable[[], Needed], work: Callable[[Session, Needed], BaseModel | Problem]
) -> Prepared:
    """As `answer_once`, for a call with a key whose work needs something that is got outside of its transaction, and that
    may be got twice without harm: a repetition gets it again if the process ended before the work was done. A problem that
    `get` raises is not kept."""
    with writing(call.engine) as session:
        if found := find_kept(session, repeatable_of(call)):
            return prepare(found, again=True)
    needed = get()
    return prepare(*do_once(call, lambda session: work(session, needed)))


def do_once(call: Call[Any, Any], work: Work) -> tuple[Kept, bool]:
    """The answer to a call with a key, and whether it was kept already, so that nothing was done. See `answer_once`."""
    request = repeatable_of(call)
    with writing(call.engine) as session:
        if found := find_kept(session, request):
            return found, True
        try:
            answer = answer_of(call, work(session))
        except Problem as problem:
            if problem.retryable:
                raise
            session.rollback()
            # The key was free for a moment.
            if found := find_kept(session, request):
                return found, True
            answer = answer_of(call, problem)
        keep(session, request, answer, call.now())
        return answer, False


def scope_of(caller: Caller) -> str:
    """Whose keys they are: the shop's, whichever API key it uses, or the workspace's own."""
    return f"workspace:{caller.workspace_id}" if caller.shop_id is None else f"shop:{caller.shop_id}"


def _do(call: Call[Any, Any], work: Work) -> Kept:
    with writing(call.engine) as session:
        outcome = work(session)
    if isinstance(outcome, Problem):
        raise outcome
    return answer_of(call, outcome)


def repeatable_of(call: Call[Any, Any]) -> Repeatable:
    body = call.body.model_dump_json() if call.body is not None else ""
    if call.upload.data:
        body += sha256(call.upload.data).hexdigest()
    return Repeatable(scope_of(call.caller), call.idempotency_key, fingerprint(call.method, call.path, body))


def answer_of(call: Call[Any, Any], outcome: BaseModel | Problem) -> Kept:
    if isinstance(outcome, Problem):
        return Kept(outcome.status, details_of(outcome, call.request_id).model_dump_json())
    return Kept(call.status, outcome.model_dump_json())


def prepare(kept: Kept, again: bool) -> Prepared:
    media_type = "application/json" if kept.status < 400 else PROBLEM
    return Prepared(kept.status, kept.body.encode(), media_type, REPLAYED if again else {})
