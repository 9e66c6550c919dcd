"""Redemptions that are done together end as they would have ended one after the other."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select, update

from linksvc.bulk import append_to_all
from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import Fact, LedgerEntry, PromoCode, WebhookDelivery, WebhookEndpoint
from linksvc.money import Money
from linksvc.redemption_groups import Asked, Disturbed, Outcome, redeem_group
from linksvc.redemptions import Offline, Redemption, Till, Use
from linksvc.refusals import EXHAUSTED, NO_DELIVERY, Refusal
from tests import factories
from tests.factories import NOW
from tests.linksvc.webhooks.scenes import endpoint

ORDER = Money(4_990, "EUR")


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def redeem_all(session: Session, asked: Sequence[Asked]) -> list[Outcome]:
    outcomes, rows = redeem_group(session, asked, NOW)
    append_to_all(session, rows)
    return outcomes


def told(outcomes: list[Outcome]) -> list[str | None]:
    return [None if one is None else one.reason if isinstance(one, Refusal) else one.order_ref for one in outcomes]


def test_each_of_a_group_gets_what_is_its_own(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    offer_id, other_id = factories.offer(engine, workspace_id), factories.offer(engine, workspace_id, minimum_minor=9_000)
    factories.add_code(engine, workspace_id, "PERS", offer_id, campaign_id=campaign_id, n=0)
    factories.add_code(engine, workspace_id, "MANY", offer_id, max_uses=2)
    factories.add_code(engine, workspace_id, "MUCH", other_id)
    codes = ["MANY", "PERS", "MANY", "NEVER", "MANY", "MUCH"]
    till = Till(workspace_id, 1, 1)
    with writing(engine) as session:
        outcomes = redeem_all(session, [(till, Use(code, f"R-{i}", ORDER)) for i, code in enumerate(codes)])
    assert told(outcomes) == ["R-0", "R-1", "R-2", "code_not_found", EXHAUSTED.reason, "minimum_not_met"]
    with reading(engine) as session:
        assert dict(session.exec(select(PromoCode.code, PromoCode.used)).all()) == {"MANY": 2, "PERS": 1, "MUCH": 0}
        steps = session.exec(select(LedgerEntry.code, LedgerEntry.action, LedgerEntry.used_step)).all()
        assert Counter(steps) == {
            ("MANY", "redeemed", 1): 2,
            ("PERS", "redeemed", 1): 1,
            ("NEVER", "refused", 0): 1,
            ("MANY", "refused", 0): 1,
            ("MUCH", "refused", 0): 1,
        }
        (fact,) = session.exec(select(Fact.n, Fact.kind, Fact.amount_minor)).all()
        assert tuple(fact) == (0, "redeemed", 4_491)


def test_a_group_shows_codes_as_they_were_written(engine: Engine, workspace_id: int) -> None:
    offer_id, delivery = factories.offer(engine, workspace_id), factories.offer(engine, workspace_id, kind="free_delivery")
    factories.add_code(engine, workspace_id, "N0Ë125", offer_id, written="Noël-25")
    factories.add_code(engine, workspace_id, "2F4K9QTX07BM", offer_id)
    factories.add_code(engine, workspace_id, "FREE", delivery)
    asked = [(Till(workspace_id, 1, 1), Use(code, code, ORDER)) for code in ("noël 25", "2f4k9qtx07bm", "free")]
    with writing(engine) as session:
        noel, generated, free = redeem_all(session, asked)
    assert isinstance(noel, Redemption) and isinstance(generated, Redemption)
    assert (noel.code, generated.code, free) == ("Noël-25", "2F4K-9QTX-07BM", NO_DELIVERY)


def test_of_a_group_those_are_told_who_listen(engine: Engine, keyring: Keyring, workspace_id: int) -> None:
    silent, ended = factories.workspace(engine, "Silent"), factories.workspace(engine, "Ended")
    listening, _ = endpoint(engine, keyring, workspace_id, "https://hooks.example.com/1", "code.redeemed")
    former, _ = endpoint(engine, keyring, ended, "https://hooks.example.com/2", "code.redeemed")
    with writing(engine) as session:
        session.exec(update(WebhookEndpoint).where(col(WebhookEndpoint.id) == former.id).values(disabled_at=NOW))
    workspaces = [workspace_id, silent, ended, workspace_id]
    for workspace in set(workspaces):
        factories.add_code(engine, workspace, "MANY", factories.offer(engine, workspace), max_uses=2)
    with writing(engine) as session:
        asked = [(Till(workspace, 1, 1), Use("MANY", f"R-{i}", ORDER)) for i, workspace in enumerate(workspaces)]
        assert told(redeem_all(session, asked)) == ["R-0", "R-1", "R-2", "R-3"]
    with reading(engine) as session:
        deliveries = session.exec(select(WebhookDelivery.workspace_id, WebhookDelivery.endpoint_id)).all()
        assert deliveries == [(workspace_id, listening.id)] * 2


def test_what_is_not_plain_is_left_for_itself_and_nothing_of_it_has_happened(engine: Engine, workspace_id: int) -> None:
    limited, plain = factories.offer(engine, workspace_id, uses_in_all=5), factories.offer(engine, workspace_id)
    factories.add_code(engine, workspace_id, "FEW", limited)
    factories.add_code(engine, workspace_id, "KEPT", plain, held=1)
    factories.add_code(engine, workspace_id, "MANY", plain, max_uses=9)
    till, offline = Till(workspace_id, 1, 1), Offline(NOW, timedelta(hours=1))
    uses = [
        Use("FEW", "R-1", ORDER),
        Use("KEPT", "R-2", ORDER),
        Use("MANY", "R-3", ORDER),
        Use("MANY", "R-3", ORDER),  # The same order again.
        Use("MANY", "R-4", ORDER, hold_id="hld_1"),
        Use("MANY", "R-5", ORDER, offline=offline),
    ]
    with writing(engine) as session:
        outcomes = redeem_all(session, [(till, use) for use in uses])
    assert told(outcomes) == [None, None, "R-3", None, None, None]
    with reading(engine) as session:
        assert dict(session.exec(select(PromoCode.code, PromoCode.used)).all()) == {"FEW": 0, "KEPT": 0, "MANY": 1}
        assert session.exec(select(LedgerEntry.action)).all() == ["redeemed"]


def test_a_use_that_somebody_else_takes_meanwhile_undoes_the_group(engine: Engine, workspace_id: int) -> None:
    offer_id = factories.offer(engine, workspace_id)
    for code in ("X1", "X2"):
        factories.add_code(engine, workspace_id, code, offer_id)
    till = Till(workspace_id, 1, 1)

    def take(_: object, __: object, statement: str, *___: object) -> None:
        """As another till would do it between the look and the use."""
        if statement.startswith("UPDATE promo_code") and not taken:
            taken.append(statement)
            session.connection().execute(update(PromoCode).where(col(PromoCode.code) == "X2").values(used=1))

    taken: list[str] = []
    event.listen(engine, "before_cursor_execute", take)
    try:
        with pytest.raises(Disturbed), writing(engine) as session:
            redeem_group(session, [(till, Use(code, code, ORDER)) for code in ("X1", "X2")], NOW)
    finally:
        event.remove(engine, "before_cursor_execute", take)
    assert taken
    with reading(engine) as session:
        assert set(session.exec(select(PromoCode.used)).all()) == {0}
        assert not session.exec(select(LedgerEntry.id)).all()
