"""The delivery report: what became of every submitted message, why, and how long it took. For the pages and the API.

Submitted = confirmed + arrived without a confirmation + temporary failure + permanent failure + expired + unknown + pending,
to the last message. A receipt is never rewritten: a message that was clicked although its receipt says failed stays failed
here, and is told as a contradiction elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from linksvc.breakdowns import read_spread
from linksvc.delays import EDGES
from linksvc.delivery_causes import CAUSES, SEND_ANEW
from linksvc.distributions import Distribution, distribution_of
from linksvc.funnel import read_funnel
from linksvc.message_filters import MessageFilter

Spread = Mapping[tuple[str, str], int]
"""Messages by (stage, value)."""

PROVED = ("clicked", "redeemed", "replied")
"""What only somebody who got the message can have done, as the spread `proof` names it."""

UNPROVED = ("suspect", "machine", "nothing", "unseen")

WITH_CAUSE = ("failed", "expired", "unknown", "refused")

BUCKETS = ("confirmed", "arrived", "temporary", "permanent", "expired", "unknown", "pending")
"""What a submitted message can be, each in one."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`name` is one of BUCKETS; `rows` are its messages."""

    name: str
    count: int
    rows: MessageFilter


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Messages of a stage (failed, expired, unknown, refused) by what their receipt or refusal gave as the cause. `cause` is
    a name of `linksvc.delivery_causes.CAUSES`, or empty: none was given. `is_temporary`: the same message may get through
    another day."""

    stage: str
    cause: str
    count: int
    is_temporary: bool
    rows: MessageFilter

    @property
    def is_given_up(self) -> bool:
        """They were refused for what may pass, and are not tried again."""
        return self.stage == "refused" and self.is_temporary

    @property
    def advice(self) -> str | None:
        if self.is_given_up:
            return SEND_ANEW
        cause = CAUSES.get(self.cause)
        return cause.advice if cause else None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """`buckets` in the order of BUCKETS, 0 included; `causes` most frequent first, those of what was submitted; `refused`:
    those of what never left. `latency`: from submission to the receipt that says delivered."""

    submitted: int
    buckets: tuple[Bucket, ...]
    causes: tuple[CauseCount, ...]
    refused: tuple[CauseCount, ...]
    latency: Distribution

    @property
    def unaccounted(self) -> int:
        """Submitted less the sum of the buckets: 0, or the figures are wrong."""
        return self.submitted - sum(bucket.count for bucket in self.buckets)


def read_deliveries(session: Session, workspace_id: int, campaign_id: int) -> Deliveries:
    """The report of a whole campaign, from a few counter rows whatever its size. Raises NotFound."""
    funnel = read_funnel(session, workspace_id, campaign_id)
    causes = read_spread(session, campaign_id, "cause")
    proofs = read_spread(session, campaign_id, "proof")
    return make_deliveries(funnel.counts, causes, proofs, read_spread(session, campaign_id, "receipt_delay"))


def make_deliveries(counts: Mapping[str, int], causes: Spread, proofs: Spread, delays: Spread) -> Deliveries:
    """Sorts what the counters say."""
    lines = [_cause(counts, causes, stage, value) for stage, value in _cause_keys(counts, causes)]
    latency = {value: count for (stage, value), count in delays.items() if stage == "delivered"}
    return Deliveries(
        submitted=counts["submitted"],
        buckets=_buckets(counts, [line for line in lines if line.stage == "failed"], proofs),
        causes=_sorted(line for line in lines if line.stage != "refused"),
        refused=_sorted(line for line in lines if line.stage == "refused"),
        latency=distribution_of(latency, EDGES),
    )


def _cause_keys(counts: Mapping[str, int], causes: Spread) -> set[tuple[str, str]]:
    """The causes that were told, and none for each stage, whose rest it is."""
    told = {key for key, count in causes.items() if count and key[0] in WITH_CAUSE}
    return told | {(stage, "") for stage in WITH_CAUSE if _without_cause(counts, causes, stage)}


def _without_cause(counts: Mapping[str, int], causes: Spread, stage: str) -> int:
    return counts[stage] - sum(count for (of, cause), count in causes.items() if of == stage and cause)


def _cause(counts: Mapping[str, int], causes: Spread, stage: str, name: str) -> CauseCount:
    cause = CAUSES.get(name)
    count = causes[stage, name] if name else _without_cause(counts, causes, stage)
    # Who was out of reach for too long may be reached another day, whether or not the receipt says so.
    is_temporary = cause.temporary if cause else stage == "expired"
    return CauseCount(stage, name, count, is_temporary, MessageFilter(stage, by="cause", value=name))


def _sorted(lines: Iterable[CauseCount]) -> tuple[CauseCount, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.count, line.stage, line.cause)))


def _buckets(counts: Mapping[str, int], failed: Sequence[CauseCount], proofs: Spread) -> tuple[Bucket, ...]:
    unconfirmed = {stage: sum(proofs.get((stage, value), 0) for value in PROVED) for stage in ("unknown", "pending")}
    return (
        Bucket("confirmed", counts["delivered"], MessageFilter("delivered")),
        Bucket(
            "arrived", sum(unconfirmed.values()), _of_proof("submitted", PROVED, without=("delivered", "failed", "expired"))
        ),
        _of_causes("temporary", [line for line in failed if line.is_temporary]),
        _of_causes("permanent", [line for line in failed if not line.is_temporary]),
        Bucket("expired", counts["expired"], MessageFilter("expired")),
        *(Bucket(stage, counts[stage] - arrived, _of_proof(stage, UNPROVED)) for stage, arrived in unconfirmed.items()),
    )


def _of_proof(stage: str, values: Sequence[str], without: tuple[str, ...] = ()) -> MessageFilter:
    return MessageFilter(stage, without=without, by="proof", value=",".join(values))


def _of_causes(name: str, lines: Sequence[CauseCount]) -> Bucket:
    if not lines:
        # No cause at all, told as a text, would be the failures without a cause: nothing fails without failing.
        return Bucket(name, 0, MessageFilter("failed", without=("failed",)))
    rows = MessageFilter("failed", by="cause", value=",".join(sorted(line.cause for line in lines)))
    return Bucket(name, sum(line.count for line in lines), rows)
