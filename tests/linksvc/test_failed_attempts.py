from datetime import timedelta

from sqlalchemy import Engine

from linksvc.api_keys import SCOPES, authenticate, create_key
from linksvc.code_attempts import Attempter
from linksvc.database import reading, writing
from linksvc.failed_attempts import count_by_code, count_by_key, is_of_the_code, note_refusal
from linksvc.models import PromoCode
from linksvc.refusals import BUDGET_EXHAUSTED, EXHAUSTED, UNKNOWN
from tests import factories
from tests.factories import NOW

HOUR = timedelta(hours=1)


def make_attempter(engine: Engine, workspace_id: int, name: str, shop_id: int | None) -> Attempter:
    with writing(engine) as session:
        key = create_key(session, workspace_id, name, SCOPES, shop_id, NOW)
        return Attempter(authenticate(session, key, NOW).key_id, shop_id, "")


def test_refused_codes_are_counted_by_shop_key_and_reason_since_a_time(engine: Engine) -> None:
    workspace_id, other = factories.workspace(engine), factories.workspace(engine, "Other")
    till = make_attempter(engine, workspace_id, "till", factories.shop(engine, workspace_id))
    web = make_attempter(engine, workspace_id, "web", None)
    foreign = make_attempter(engine, other, "till", None)
    with writing(engine) as session:
        note_refusal(session, workspace_id, till, "OLD", UNKNOWN, NOW - HOUR)
        for i in range(3):
            note_refusal(session, workspace_id, till, f"wrong {i}", UNKNOWN, NOW + i * HOUR)
        note_refusal(session, workspace_id, till, "used up", EXHAUSTED, NOW)
        note_refusal(session, workspace_id, web, "wrong", UNKNOWN, NOW)
        note_refusal(session, other, foreign, "wrong", UNKNOWN, NOW)
    with reading(engine) as session:
        counts = count_by_key(session, workspace_id, NOW)
        assert count_by_key(session, workspace_id, NOW + 3 * HOUR) == ()
    assert [(one.shop, one.key, one.reason, one.count, one.last_at) for one in counts] == [
        ("Lyon", "till", "code_not_found", 3, NOW + 2 * HOUR),
        ("Lyon", "till", "code_exhausted", 1, NOW),
        ("", "web", "code_not_found", 1, NOW),
    ]


def test_a_code_that_has_leaked_is_seen_by_how_often_and_where_it_is_refused(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    tills = [make_attempter(engine, workspace_id, name, factories.shop(engine, workspace_id, name)) for name in "AB"]
    offer_id = factories.offer(engine, workspace_id)
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code="SPREAD", offer_id=offer_id))
        for till in tills:
            note_refusal(session, workspace_id, till, "spr-ead", EXHAUSTED, NOW)
            note_refusal(session, workspace_id, till, "no such code", UNKNOWN, NOW)
    with reading(engine) as session:
        (leaked,) = count_by_code(session, workspace_id, NOW)
    assert (leaked.code, leaked.reason, leaked.count, leaked.shops, leaked.last_at) == (
        "SPREAD",
        "code_exhausted",
        2,
        2,
        NOW,
    )


def test_a_basket_that_is_no_fault_of_the_code_is_no_failed_attempt() -> None:
    assert is_of_the_code(UNKNOWN)
    assert is_of_the_code(EXHAUSTED)
    assert not is_of_the_code(BUDGET_EXHAUSTED)
