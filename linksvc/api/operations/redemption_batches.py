"""What tills did while they were offline, uploaded over the API: each line is a redemption with a key of its own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
import structlog
from pydantic import Field, StringConstraints

from linksvc.api.once import do_once
from linksvc.api.operation import LINES_MOST, NDJSON, Call, Operation, Streamed
from linksvc.api.operations.redemptions import REDEEM, redeeming
from linksvc.api.parsing import parse_json
from linksvc.api.payloads import Answer, Moment, Parameters
from linksvc.api.problems import DATABASE_TROUBLE, InternalError, ProblemDetails, database_trouble, details_of
from linksvc.api.till_shapes import NO_SHOP, RedemptionAnswer, RedemptionPayload, refusals, till_of
from linksvc.errors import Problem
from linksvc.idempotency import Kept
from linksvc.redemptions import Offline

UPLOAD_MOST_BYTES = 8_388_608

_KEY = re.compile(r"[!-~]{1,255}")

log = structlog.get_logger()


class UploadQuery(Parameters):
    duplicates: Literal["refuse", "accept"] = Field(
        "refuse",
        description="What becomes of a code that has no use left by now: it is refused, or recorded as "
        "`accepted_duplicate`, because the customer has had the discount. It is no part of a line: one that was refused "
        "before gets that answer again, whatever is told now; to have it recorded, send it with a new `idempotency_key`.",
    )


class UploadLine(RedemptionPayload):
    """A redemption as a till noted it."""

    idempotency_key: Annotated[str, StringConstraints(pattern=f"^{_KEY.pattern}$")] = Field(
        description="As the header of a redemption that is sent alone; with the same key it is the same redemption.",
        examples=["lyon-1-000042"],
    )
    occurred_at: Moment = Field(description="When it happened, by the till's clock; it is judged by that moment.")

    def alone(self) -> RedemptionPayload:
        """The request that it stands for."""
        return RedemptionPayload.model_construct(**{name: getattr(self, name) for name in RedemptionPayload.model_fields})


class UploadResult(Answer):
    line: int = Field(description="From 1. Blank lines are counted and have no result.")
    idempotency_key: str | None = Field(description="Null for a line in which none can be read.")
    status: int = Field(description="What the redemption, sent alone, would have been answered with.")
    replayed: bool = Field(description="It was uploaded or sent before; this is the first answer again.")
    redemption: RedemptionAnswer | None
    problem: ProblemDetails | None


def redeem_codes(call: Call[tuple[bytes, ...], UploadQuery]) -> Streamed:
    till_of(call)
    return Streamed(_results(call))


def _results(call: Call[tuple[bytes, ...], UploadQuery]) -> Iterator[bytes]:
    """A result a line, in their order. A database that is away is not asked again for each of ten thousand lines."""
    away: Problem | None = None
    for number, raw in enumerate(call.body, 1):
        if not raw.strip():
            continue
        kept, replayed = Kept(0, ""), False
        try:
            line = parse_json(raw, UploadLine)
            if away:
                raise away
            kept, replayed = _redeem(call, line)
        except Problem as problem:
            kept = _told(call, problem)
        except DATABASE_TROUBLE as error:
            away = database_trouble(error)
            kept = _told(call, away)
        except Exception:
            log.exception("a line of an upload failed", action="api.fail", operation="redeem_codes")
            kept = _told(call, InternalError("Something broke on our side. Tell us the request_id.", retryable=True))
        yield _result(number, _key_of(raw), kept, replayed)


def _key_of(raw: bytes) -> str | None:
    """A till finds its redemption by it, also where the line is wrong otherwise."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    key = line.get("idempotency_key") if isinstance(line, dict) else None
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None


def _redeem(call: Call[Any, UploadQuery], line: UploadLine) -> tuple[Kept, bool]:
    alone = replace(call, body=line.alone(), path=REDEEM, idempotency_key=line.idempotency_key, status=HTTPStatus.CREATED)
    grace = timedelta(hours=call.settings.offline_grace_hours)
    offline = Offline(line.occurred_at, grace, accept_duplicate=call.query.duplicates == "accept")
    return do_once(alone, redeeming(call, replace(line.use(), offline=offline)))


def _told(call: Call[Any, UploadQuery], problem: Problem) -> Kept:
    return Kept(problem.status, details_of(problem, call.request_id).model_dump_json())


def _result(number: int, key: str | None, kept: Kept, replayed: bool) -> bytes:
    """A line of the answer. What was kept goes into it as it is, byte for byte."""
    body = orjson.Fragment(kept.body)
    redeemed = kept.status < HTTPStatus.BAD_REQUEST
    result = {
        "line": number,
        "idempotency_key": key,
        "status": kept.status,
        "replayed": replayed,
        "redemption": body if redeemed else None,
        "problem": None if redeemed else body,
    }
    return orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE)


_REASONS = ", ".join(f"`{failure.code}`" for failure in refusals(without=("hold_key_reused",)))

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/redemptions/batch",
        name="redeem_codes",
        summary="Upload what a till redeemed while it was offline",
        description=f"A JSON object a line, at most {LINES_MOST:,}; a result a line, sent as each is done. Each line is "
        "work of its own: a wrong one holds up no other, and an upload that was cut off is sent again as a whole. The "
        f"problems of a line are those of a redemption that is sent alone: {_REASONS}, and those of its fields and its key.",
        tag="redemptions",
        scope="codes:redeem",
        handler=redeem_codes,
        body=UploadLine,
        body_lines=True,
        body_most_bytes=UPLOAD_MOST_BYTES,
        query=UploadQuery,
        tries_codes=True,
        answer=UploadResult,
        media_type=NDJSON,
        failures=(NO_SHOP,),
    ),
)
