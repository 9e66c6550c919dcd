"""A campaign sent on the night on which the clocks of Paris went back, with something in every chart."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc.database import writing
from linksvc.facts import NewFact
from linksvc.models import Hit, Message
from tests import factories
from tests.dashboards.scenes import apply_all, learn, new_campaign

SENT_AT = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)
"""Half past eleven at night in Paris, three and a half hours before the clocks go back."""

SIZE, SUBMITTED, TRACKED = 30, 26, 24

RECEIPTS = {
    "DELIVERED": range(15),
    "UNDELIVERABLE": range(15, 19),
    "EXPIRED": range(19, 21),
    "UNKNOWN": range(21, 23),
}
"""Of messages by n; 23, 24 and 25 wait for theirs, 26 was refused, the rest are queued."""

CAUSES = {15: "number_unknown", 16: "handset_full", 17: "number_unknown", 19: "not_reached", 21: "unknown"}

CLICKS = {0: 1, 1: 20, 2: 45, 3: 75, 4: 180, 5: 240, 6: 300, 7: 24 * 60, 15: 200, 21: 210, 23: 215}
"""Minutes from submission to a person's first click, by n. 15 failed, 21 is unknown, 23 has no receipt."""

_DEVICES = (("computer", "Windows"), ("phone", "iOS"))

REDEEMED = {2: 90, 8: 3_000, 16: 500}

SATURDAY, SUNDAY = 5 * 24, 6 * 24
HOURS = {SATURDAY + 23: 2, SUNDAY: 2, SUNDAY + 2: 5, SUNDAY + 3: 1, SUNDAY + 22: 1}
"""First clicks by the hour of the week in Paris, counted by hand: Sunday's from two to three came 150 minutes after the
submission, and again an hour later."""


def charted_campaign(engine: Engine, workspace_id: int, *, prices: bool = True) -> int:
    """30 messages, of which 26 were submitted over two routes to two countries."""
    campaign_id = new_campaign(engine, workspace_id, SIZE, tracked=TRACKED, name="Nuit blanche")
    routes = [factories.route(engine, "main"), factories.route(engine, "second", 2776)]
    with writing(engine) as session:
        for n, (country, network) in enumerate((("FR", "20801"), ("FR", "20810"), ("BE", "")) * 10):
            here = (col(Message.campaign_id) == campaign_id, col(Message.n) == n)
            session.exec(update(Message).where(*here).values(country=country, network=network))
    learn(engine, [*_sendings(campaign_id, routes, prices=prices), *_receipts(campaign_id), *_doings(campaign_id)])
    factories.learn_hits(engine, *_hits(campaign_id))
    apply_all(engine, campaign_id)
    return campaign_id


def _after(minutes: float) -> datetime:
    return SENT_AT + timedelta(minutes=minutes)


def _sendings(c: int, routes: list[int], *, prices: bool) -> list[NewFact]:
    accepted = [
        NewFact(
            c,
            "accepted",
            f"{n}.1.1",
            n,
            SENT_AT,
            parts=1,
            route_id=routes[n % 2],
            currency="EUR" if prices else "",
            price_micros=45_200 if prices else 0,
        )
        for n in range(SUBMITTED)
    ]
    return [*accepted, NewFact(c, "refused", "26.1.1", 26, SENT_AT, value="0x0000000A", cause="sender_refused")]


def _receipts(c: int) -> list[NewFact]:
    return [
        NewFact(c, "receipt", f"{n}.1.1", n, _after(0.1 + n / 10), value=state, cause=CAUSES.get(n, ""))
        for state, ns in RECEIPTS.items()
        for n in ns
    ]


def _doings(c: int) -> list[NewFact]:
    redeemed = [
        NewFact(c, "redeemed", f"rdm_{n}", n, _after(minutes), amount_minor=2_500, currency="EUR")
        for n, minutes in REDEEMED.items()
    ]
    returned = NewFact(c, "returned", "ent_8", 8, _after(4_000), amount_minor=500, currency="EUR")
    return [*redeemed, returned, NewFact(c, "reply", "in_9", 9, _after(30), value="text")]


def _hits(c: int) -> list[Hit]:
    people = [
        factories.hit(c, place, n, device=device, os=os, occurred_at=_after(CLICKS[n]))
        for place, (n, (device, os)) in enumerate((n, _DEVICES[n > 0]) for n in CLICKS)
    ]
    suspect = factories.hit(c, 100, 10, "suspect", reason="no_user_agent", occurred_at=_after(5))
    machines = [factories.hit(c, 101 + n, 11 + n, "machine", reason="preview", occurred_at=_after(5)) for n in range(2)]
    return [*people, suspect, *machines, factories.hit(c, 110, None, occurred_at=_after(9))]
