"""The laws of codes, after any uses, holds, voids, returns and expiries: nothing is used twice, nothing is lost,
and the ledger adds up."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from linksvc import code_holds, returns
from linksvc.bulk import append_to_all
from linksvc.code_holds import Hold, HoldRequest
from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import reading, writing
from linksvc.errors import Conflict
from linksvc.models import CodeHold, ContactUse, Fact, LedgerEntry, OfferBudget, PromoCode
from linksvc.models import Redemption as Row
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from linksvc.redemption_groups import redeem_group
from linksvc.redemptions import Redemption, Till, Use, redeem
from tests import factories
from tests.factories import NOW

END = NOW + timedelta(hours=1)
USES_IN_ALL, BUDGET, PER_CUSTOMER = 4, 150, 2

# One of the campaign's message, one shared by all with limits of every kind, one that goes with others.
CODES = {"PERS": 1, "SHARED": 5, "STACK": 2}

codes = st.sampled_from(sorted(CODES))
shops = st.integers(1, 2)
orders = st.sampled_from(["R-1", "R-2", "R-3"])
customers = st.sampled_from(["K-1", "K-2"])
amounts = st.integers(0, 120)
places = st.integers(0, 9)


class Tills(RuleBasedStateMachine):
    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.redeemed: list[tuple[Till, str]] = []
        self.holds: list[tuple[Till, Hold, str]] = []
        self.workspace_id = factories.workspace(self.engine, f"W{next(_NUMBERS)}")
        campaign_id = factories.produced_campaign(self.engine, self.workspace_id, 1)
        self.campaign_id = campaign_id
        with writing(self.engine) as session:
            limits: dict[str, Any] = {"uses_in_all": USES_IN_ALL, "budget_minor": BUDGET, "uses_per_contact": PER_CUSTOMER}
            self._add(session, "PERS", NewOffer("p", "percentage", 5_000, ends_at=END), campaign_id=campaign_id, n=0)
            self._add(session, "SHARED", NewOffer("a", "amount", 50, **limits))
            self._add(session, "STACK", NewOffer("s", "amount", 10, stackable=True, ends_at=END))

    def _add(self, session: Session, code: str, new: NewOffer, **message: int) -> None:
        terms = create_offer(session, self.workspace_id, new, NOW)
        uses = CODES[code]
        row = PromoCode(workspace_id=self.workspace_id, code=code, offer_id=terms.id, max_uses=uses, **message)  # type: ignore[arg-type]
        session.add(row)

    def till(self, shop_id: int) -> Till:
        return Till(self.workspace_id, shop_id, 1)

    @rule(code=codes, shop=shops, order_ref=orders, amount=amounts, customer=customers)
    def redeem(self, code: str, shop: int, order_ref: str, amount: int, customer: str) -> None:
        till, order = self.till(shop), Money(amount, "EUR")
        with writing(self.engine) as session:
            promised = find_worth(
                session,
                till.workspace_id,
                code,
                order,
                self.now,
                shop_id=shop,
                order_ref=order_ref,
                customer_ref=customer,
            )
            outcome = redeem(session, till, Use(code, order_ref, order, customer_ref=customer), self.now)
        # What a till is told beforehand is what it gets.
        assert isinstance(promised, Worth) == isinstance(outcome, Redemption), (promised, outcome)
        if isinstance(promised, Refusal):
            assert promised == outcome
        self._note(till, outcome)

    @rule(
        uses=st.lists(st.tuples(codes, shops, orders, amounts, customers), min_size=2, max_size=6),
    )
    def redeem_together(self, uses: list[tuple[str, int, str, int, str]]) -> None:
        asked = [
            (self.till(shop), Use(code, order_ref, Money(amount, "EUR"), customer_ref=customer))
            for code, shop, order_ref, amount, customer in uses
        ]
        with writing(self.engine) as session:
            outcomes, rows = redeem_group(session, asked, self.now)
            append_to_all(session, rows)
        for (till, use), outcome in zip(asked, outcomes, strict=True):
            if outcome is None:  # It is left to be redeemed alone.
                with writing(self.engine) as session:
                    outcome = redeem(session, till, use, self.now)
            self._note(till, outcome)

    @rule(code=codes, shop=shops, key=orders, amount=amounts, customer=customers, ttl_s=st.sampled_from([60, 900]))
    def hold(self, code: str, shop: int, key: str, amount: int, customer: str, ttl_s: int) -> None:
        till = self.till(shop)
        asked = HoldRequest(code, key, ttl_s, order=Money(amount, "EUR"), customer_ref=customer)
        with writing(self.engine) as session:
            held = code_holds.hold(session, till, asked, self.now)
        if isinstance(held, Hold):
            assert held.expires_at == self.now + timedelta(seconds=ttl_s)
            self.holds.append((till, held, customer))

    @precondition(lambda self: self.holds)
    @rule(place=places, order_ref=orders, amount=amounts)
    def redeem_held(self, place: int, order_ref: str, amount: int) -> None:
        till, held, _ = self.holds[place % len(self.holds)]
        with writing(self.engine) as session:
            live = code_holds.find_hold(session, till, held.id, self.now)
            use = Use(held.code, order_ref, Money(amount, "EUR"), hold_id=held.id)
            outcome = redeem(session, till, use, self.now)
        if isinstance(outcome, Redemption):
            assert (live.state, outcome.hold_id) == ("held", held.id)
        elif live.state == "held":
            # A hold keeps what it reserved, whatever happened since: only its order can be in the way.
            assert outcome.reason in {"order_already_redeemed", "not_stackable", "budget_exhausted"}
        self._note(till, outcome)

    @precondition(lambda self: self.holds)
    @rule(place=places)
    def release(self, place: int) -> None:
        till, held, _ = self.holds[place % len(self.holds)]
        with writing(self.engine) as session:
            assert code_holds.release(session, till, held.id, self.now).state != "held"

    @precondition(lambda self: self.redeemed)
    @rule(place=places)
    def void(self, place: int) -> None:
        till, id = self.redeemed[place % len(self.redeemed)]
        self._take_back(lambda session: returns.void(session, till, id, self.now))

    @precondition(lambda self: self.redeemed)
    @rule(place=places, amount=st.integers(1, 60))
    def return_part(self, place: int, amount: int) -> None:
        till, id = self.redeemed[place % len(self.redeemed)]
        self._take_back(lambda session: returns.return_part(session, till, id, Money(amount, "EUR"), self.now))

    @rule(minutes=st.sampled_from([1, 5, 20]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        with writing(self.engine) as session:
            code_holds.sweep(session, self.now, 100)
        with reading(self.engine) as session:
            assert not code_holds.is_due(session, self.now)

    def _note(self, till: Till, outcome: Redemption | Refusal) -> None:
        if isinstance(outcome, Redemption):
            self.redeemed.append((till, outcome.id))

    def _take_back(self, take: Any) -> None:
        try:
            with writing(self.engine) as session:
                take(session)
        except Conflict as refusal:
            assert refusal.code in {"already_voided", "return_exceeds_paid"}

    @invariant()
    def laws_hold(self) -> None:
        with reading(self.engine) as session:
            codes = self._rows(session, PromoCode)
            rows = [row for row in self._rows(session, Row) if row.voided_at is None]
            held = [one for one in self._rows(session, CodeHold) if one.state == "held"]
            self._codes_are_within_their_limits(codes, held)
            self._ledger_adds_up(session, codes)
            self._orders_have_what_goes_together(rows)
            self._offer_is_within_its_limits(session, rows, held)
            self._revenue_is_what_the_facts_say(session)

    def _rows(self, session: Session, table: Any) -> Sequence[Any]:
        return session.exec(select(table).where(table.workspace_id == self.workspace_id)).all()

    def _codes_are_within_their_limits(self, codes: Sequence[PromoCode], held: Sequence[CodeHold]) -> None:
        holds = Counter(one.code for one in held)
        for code in codes:
            assert code.used >= 0
            assert code.held == holds[code.code]
            assert code.used + code.held <= code.max_uses

    def _ledger_adds_up(self, session: Session, codes: Sequence[PromoCode]) -> None:
        sums = session.exec(
            select(LedgerEntry.code, func.sum(LedgerEntry.used_step), func.sum(LedgerEntry.held_step))
            .where(LedgerEntry.workspace_id == self.workspace_id)
            .group_by(col(LedgerEntry.code))
        )
        added = {code: (used, held) for code, used, held in sums}
        for code in codes:
            assert added.get(code.code, (0, 0)) == (code.used, code.held)

    def _orders_have_what_goes_together(self, rows: Sequence[Row]) -> None:
        orders: dict[tuple[int, str], list[str]] = {}
        for row in rows:
            orders.setdefault((row.shop_id, row.order_ref), []).append(row.code)
        for had in orders.values():
            assert len(had) == 1 or set(had) == {"STACK"}
            assert len(had) == len(set(had))

    def _offer_is_within_its_limits(self, session: Session, rows: Sequence[Row], held: Sequence[CodeHold]) -> None:
        used, kept = [row for row in rows if row.code == "SHARED"], [one for one in held if one.code == "SHARED"]
        uses_left, minor_left = session.exec(
            select(func.sum(OfferBudget.uses_left), func.sum(OfferBudget.minor_left)).where(
                OfferBudget.workspace_id == self.workspace_id
            )
        ).one()
        assert uses_left + len(used) + len(kept) == USES_IN_ALL
        assert minor_left + sum(row.discount_minor for row in used) + sum(one.budget_minor for one in kept) == BUDGET
        counted = Counter(row.subject for row in used) + Counter(one.subject for one in kept)
        stored = {one.subject: one.used for one in self._rows(session, ContactUse) if one.used}
        assert stored == counted
        assert all(uses <= PER_CUSTOMER for uses in counted.values())

    def _revenue_is_what_the_facts_say(self, session: Session) -> None:
        facts = session.exec(select(Fact.kind, Fact.amount_minor).where(Fact.campaign_id == self.campaign_id)).all()
        net = sum(amount if kind == "redeemed" else -amount for kind, amount in facts)
        rows = [row for row in self._rows(session, Row) if row.code == "PERS" and row.voided_at is None]
        assert net == sum(row.paid_minor - row.returned_minor for row in rows)


_NUMBERS = iter(range(1_000_000))


def test_nothing_is_used_twice_and_the_ledger_adds_up_after_any_history(engine: Engine) -> None:
    # The laws are the same on both; the slower one shows that its SQL is.
    examples = 12 if engine.dialect.name == "sqlite" else 5
    machine = type("TillsOfOneEngine", (Tills,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
