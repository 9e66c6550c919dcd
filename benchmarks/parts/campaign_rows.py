"""Rows of campaigns that went their way, in the shape of real ones: for benchmarks/funnel.py.

Of each hundred messages 97 have a receipt (93 delivered, 3 failed, 1 expired), 25 a click by a person, 3 a redemption; of
two in a hundred the link was opened by a machine. They leave over three hours whatever the campaign's size, by two routes,
to ten networks of five countries; clicks come over three days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from linksvc import counters
from linksvc.bulk import insert_rows
from linksvc.database import writing
from linksvc.facts import NewFact
from linksvc.models import Campaign, Contact, Fact, Hit, Link, Message, Workspace
from linksvc.stamps import Stamps, close_window, fold

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SENDING = timedelta(hours=3)
COUNTRIES = ("FR", "BE", "CH", "GB", "CA")
SEGMENT = "00000000-0000-4000-8000-%012d"
DAYS = 7
CHUNK = 20_000

HIT = {
    "link_id": 1,
    "method": "GET",
    "network": "198.51.100.0/24",
    "user_agent": "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36",
    "referrer": "",
    "language": "fr-FR",
    "headers": "{}",
    "device": "phone",
    "os": "Android",
    "outcome": "redirected",
    "reason": "",
    "rules": 1,
    "judged": 0,
}


@dataclass
class Recipient:
    """One message as its facts tell it."""

    campaign_id: int
    n: int
    size: int

    @property
    def country(self) -> str:
        return COUNTRIES[self.n % 5]

    @property
    def network(self) -> str:
        return f"208{self.n % 10:02d}"

    @property
    def submitted_at(self) -> datetime:
        return START + SENDING * (self.n / self.size)

    @property
    def clicked_at(self) -> datetime:
        # Most within minutes, the last after three days.
        share = (self.n * 7_919 % 10_000) / 10_000
        return self.submitted_at + timedelta(seconds=20) + timedelta(days=3) * share**4

    def facts(self) -> Iterator[NewFact]:
        kind, at = self.n % 100, self.submitted_at
        part = f"{self.n}.1.1"
        yield NewFact(
            self.campaign_id, "accepted", part, self.n, at, parts=1, route_id=1 + self.n % 2, currency="EUR",
            price_micros=45_000,
        )  # fmt: skip
        if kind < 97:
            value, cause = (
                ("DELIVERED", "") if kind < 93 else ("EXPIRED", "absent") if kind == 96 else ("REJECTED", "blocked")
            )
            yield NewFact(
                self.campaign_id, "receipt", part, self.n, at + timedelta(seconds=4 + self.n % 90), value, cause=cause
            )
        if kind < 25 or kind in (40, 41):
            verdict = "human" if kind < 25 else "machine"
            yield NewFact(
                self.campaign_id, "hit", f"{SEGMENT % self.campaign_id}:{self.n}", self.n, self.clicked_at, verdict, rules=1
            )
        if kind < 3:
            yield NewFact(
                self.campaign_id, "redeemed", f"rdm_{self.campaign_id}_{self.n}", self.n,
                self.clicked_at + timedelta(hours=2), amount_minor=3_990, currency="EUR",
            )  # fmt: skip

    def stamps(self, facts: list[NewFact]) -> Stamps:
        stamps = Stamps(self.n, self.country, "", self.network, 0, True, START)
        fold(stamps, facts)
        close_window(stamps, DAYS)
        for fact in facts:
            if fact.kind == "hit" and fact.value == "human":
                stamps.clicked_at = fact.occurred_at
                stamps.device, stamps.os = HIT["device"], HIT["os"]
                stamps.click_hour = fact.occurred_at.weekday() * 24 + fact.occurred_at.hour
            elif fact.kind == "hit":
                stamps.machine_at = fact.occurred_at
            elif fact.kind == "redeemed":
                stamps.redeemed_at = fact.occurred_at
            stamps.has_occurrences |= fact.kind in ("hit", "redeemed")
        return stamps


@dataclass
class Rows:
    """What is stored of some messages."""

    messages: list[tuple[Any, ...]] = field(default_factory=list)
    facts: list[tuple[Any, ...]] = field(default_factory=list)
    hits: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, one: Recipient, *, applied: bool) -> None:
        facts = list(one.facts())
        stamps = one.stamps(facts if applied else [])
        told = {"campaign_id": one.campaign_id, "contact_id": 1, "number": f"+336{one.n:08d}", "code": ""}
        self.messages.append(tuple(told.get(name, getattr(stamps, name, None)) for name in MESSAGE))
        known_at = START + timedelta(days=4) if applied else None
        for fact in facts:
            self.facts.append((*fact, fact.occurred_at, known_at))
            if fact.kind == "hit":
                named = (one.campaign_id, SEGMENT % one.campaign_id, one.n, one.n)
                self.hits.append((*HIT.values(), *named, fact.value, fact.occurred_at, fact.occurred_at))

    def store(self, engine: Engine) -> None:
        with writing(engine) as session:
            insert_rows(session, Message, MESSAGE, self.messages)
            insert_rows(session, Fact, (*NewFact._fields, "recorded_at", "applied_at"), self.facts)
            at = ("campaign_id", "segment", "position", "n", "verdict", "occurred_at", "recorded_at")
            insert_rows(session, Hit, (*HIT, *at), self.hits)


MESSAGE = tuple(column.name for column in Message.__table__.columns)


def prepare(engine: Engine) -> int:
    """A workspace with one contact; returns its id."""
    with writing(engine) as session:
        workspace = Workspace(name="Benchmark", timezone="Europe/Paris", created_at=START)
        session.add(workspace)
        session.flush()
        owner = workspace.id or 0
        session.add(
            Contact(
                workspace_id=owner, identity="n:+33600000000", number="+33600000000", country="FR",
                marketing_consent_at=START, created_at=START, updated_at=START,
            )
        )  # fmt: skip
    return owner


def add_campaign(engine: Engine, owner: int, size: int, *, applied: bool = True) -> int:
    """A campaign of `size` messages; its facts are in its stamps and counters, or wait to be applied. Returns its id."""
    with writing(engine) as session:
        campaign = Campaign(
            workspace_id=owner,
            name=f"Of {size:,}",
            kind="marketing",
            state="sent" if applied else "sending",
            sender="36180",
            text="{{ link }} {{ stop }}",
            rate_per_s=100,
            produced=size,
            created_at=START,
            send_requested_at=START,
            finished_at=START + SENDING,
        )
        session.add(campaign)
        session.flush()
        campaign_id = campaign.id or 0
        session.add(
            Link(campaign_id=campaign_id, id=1, workspace_id=owner, destination_url="https://shop.example", created_at=START)
        )
    for first in range(0, size, CHUNK):
        rows = Rows()
        for n in range(first, min(first + CHUNK, size)):
            rows.add(Recipient(campaign_id, n, size), applied=applied)
        rows.store(engine)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    return campaign_id


def copy_counters(engine: Engine, campaign_id: int, times: int) -> None:
    """More campaigns with the counters of that one: what a page must not be slowed down by."""
    with writing(engine) as session:
        original = session.get_one(Campaign, campaign_id)
        told = original.model_dump(exclude={"id"})
        cells = counters.stored(session, campaign_id)
        for _ in range(times):
            campaign = Campaign(**told)
            session.add(campaign)
            session.flush()
            for kind, table in counters.TABLES.items():
                rows = [(campaign.id, *cell, *pair) for cell, pair in cells.items() if isinstance(cell, kind)]
                insert_rows(session, table, ("campaign_id", *kind._fields, "count", "amount_minor"), rows)
