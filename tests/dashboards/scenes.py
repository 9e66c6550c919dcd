"""A campaign in which everything happens once, and the figures that it must show: counted by hand, not by our code."""

from datetime import timedelta

from sqlalchemy import Engine

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.clock import now
from linksvc.database import writing
from linksvc.facts import NewFact, record
from linksvc.models import Hit
from tests import factories
from tests.factories import NOW

SIZE, TRACKED = 24, 18

EXPECTED = {
    "produced": 24,
    "queued": 5,
    "held": 0,
    "stopped": 1,
    "cancelled": 1,
    "expired_unsent": 1,
    "refused": 1,
    "outcome_unknown": 1,
    "left_out": 0,
    "submitted": 14,
    "pending": 1,
    "delivered": 9,
    "failed": 2,
    "expired": 1,
    "unknown": 1,
    "reached": 10,
    "seen": 8,
    "clicked": 3,
    "engaged": 1,
    "suspect": 1,
    "machine": 1,
    "redeemed": 3,
    "redeemed_unclicked": 1,
    "paid": 1,
    "replied": 2,
    "opted_out": 1,
    "contradicted": 1,
    "hit_human": 5,
    "hit_suspect": 1,
    "hit_machine": 1,
    "hit_unnamed": 1,
    "redemption": 4,
    "return": 1,
    "void": 1,
    "payment": 1,
    "late_clicked": 1,
    "late_engaged": 0,
    "late_redeemed": 1,
    "late_paid": 0,
    "late_replied": 1,
    "late_opted_out": 1,
    "late_hit": 1,
    "late_redemption": 1,
    "late_return": 1,
    "late_void": 0,
    "late_payment": 0,
}

_RECEIPTS = {
    "DELIVERED": (0, 1, 2, 3, 4, 10, 11, 18, 19),
    "UNDELIVERABLE": (5, 6),
    "EXPIRED": (7,),
    "UNKNOWN": (8,),
}


def eventful_campaign(engine: Engine, workspace_id: int, name: str = "Black Friday VIP") -> int:
    """The campaign of EXPECTED: 24 messages, the last 6 to people who did not consent to tracking."""
    campaign_id = new_campaign(engine, workspace_id, SIZE, tracked=TRACKED, name=name)
    learn(engine, _what_happened(campaign_id))
    factories.learn_hits(engine, *_hits(campaign_id))
    apply_all(engine, campaign_id)
    return campaign_id


def new_campaign(engine: Engine, workspace_id: int, size: int, *, tracked: int | None = None, name: str = "Soldes") -> int:
    """A campaign of queued messages that are counted, released to the senders an hour ago."""
    released = now() - timedelta(hours=1)
    campaign_id = factories.produced_campaign(
        engine, workspace_id, size, tracked=tracked, name=name, first_submit_after=released, send_requested_at=NOW
    )
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    return campaign_id


def learn(engine: Engine, facts: list[NewFact]) -> None:
    with writing(engine) as session:
        record(session, facts, NOW)


def apply_all(engine: Engine, campaign_id: int) -> None:
    while apply_batch(engine, campaign_id, "test", now):
        pass


def deliver(campaign_id: int, *ns: int) -> list[NewFact]:
    """The facts of messages that were submitted and delivered."""
    return [
        fact
        for n in ns
        for fact in (
            NewFact(campaign_id, "accepted", f"{n}.1.1", n, NOW, parts=1),
            NewFact(campaign_id, "receipt", f"{n}.1.1", n, NOW, value="DELIVERED"),
        )
    ]


def _what_happened(c: int) -> list[NewFact]:
    submitted = (*range(12), 18, 19)
    later, too_late = NOW + timedelta(minutes=3), NOW + timedelta(days=8)
    return [
        *(NewFact(c, "accepted", f"{n}.1.1", n, NOW, parts=1) for n in submitted),
        *(
            NewFact(c, "receipt", f"{n}.1.1", n, NOW, value=state, detail="" if state == "DELIVERED" else "034")
            for state, ns in _RECEIPTS.items()
            for n in ns
        ),
        *(
            NewFact(c, "redeemed", f"rdm_{n}", n, later, amount_minor=amount, currency="EUR")
            for n, amount in ((0, 123_456), (1, 9_900), (4, 6_500), (19, 1_544))
        ),
        NewFact(c, "voided", "rdm_1", 1, later, amount_minor=9_900, currency="EUR"),
        NewFact(c, "returned", "ent_4", 4, later, amount_minor=1_500, currency="EUR"),
        NewFact(c, "interaction", "segment:0", 0, later, value="human", detail="1"),
        NewFact(c, "interaction", "segment:1", 0, later, value="human", detail="0"),
        NewFact(c, "paid", "pay_4", 4, later, amount_minor=10_000, currency="EUR"),
        NewFact(c, "reply", "in_10", 10, later, value="text"),
        NewFact(c, "reply", "in_11", 11, later, value="stop"),
        NewFact(c, "opted_out", "in_11", 11, later),
        NewFact(c, "refused", "12.1.1", 12, NOW, value="0x0000000B"),
        NewFact(c, "outcome_unknown", "13.1.1", 13, NOW),
        NewFact(c, "unsent", "14", 14, NOW, value="stopped"),
        NewFact(c, "unsent", "15", 15, NOW, value="cancelled"),
        NewFact(c, "unsent", "16", 16, NOW, value="expired_unsent"),
        NewFact(c, "redeemed", "rdm_2", 2, too_late, amount_minor=7_700, currency="EUR"),
        NewFact(c, "returned", "ent_0", 0, too_late, amount_minor=700, currency="EUR"),
        NewFact(c, "reply", "in_3", 3, too_late, value="stop"),
        NewFact(c, "opted_out", "in_3", 3, too_late),
    ]


def _hits(c: int) -> list[Hit]:
    later = NOW + timedelta(minutes=3)
    seen = (
        (0, "human", ""),
        (0, "human", ""),
        (1, "human", ""),
        (5, "human", ""),
        (2, "machine", "preview"),
        (3, "suspect", "no_user_agent"),
        (None, "human", ""),
    )
    return [
        *(
            factories.hit(c, position, n, verdict, reason=reason, occurred_at=later)
            for position, (n, verdict, reason) in enumerate(seen)
        ),
        factories.hit(c, len(seen), 2, "human", occurred_at=NOW + timedelta(days=8)),
    ]
