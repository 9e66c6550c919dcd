import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from linksvc import code_generation
from linksvc.code_generation import CODES_AT_ONCE, Home, draw, generate, store, store_as_many
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.models import PromoCode
from linksvc.promo_codes import has_valid_check
from tests import factories


@pytest.fixture
def home(engine: Engine) -> Home:
    workspace_id = factories.workspace(engine)
    return Home(workspace_id, factories.offer(engine, workspace_id, uses_per_code=3), 3)


def codes_of(engine: Engine) -> list[PromoCode]:
    with reading(engine) as session:
        return list(session.exec(select(PromoCode)))


def test_as_many_codes_are_made_as_were_asked_for_and_told_batch_by_batch(
    engine: Engine, keyring: Keyring, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_generation, "CODES_AT_ONCE", 4)
    told: list[int] = []
    generate(engine, keyring, home.workspace_id, home.offer_id, 10, told.append)
    assert told == [4, 8, 10]
    made = codes_of(engine)
    assert len({code.code for code in made}) == 10
    for code in made:
        assert has_valid_check(code.code)
        assert (code.offer_id, code.max_uses, code.used, code.held, code.source) == (home.offer_id, 3, 0, 0, "generated")
        assert (code.campaign_id, code.n, code.import_id, code.written, code.disabled) == (None, None, None, "", False)
    generate(engine, keyring, home.workspace_id, home.offer_id, 1)
    assert len(codes_of(engine)) == 11


@pytest.mark.parametrize(("campaign_id", "n"), [(None, None), (7, 12)])
def test_a_row_is_stored_as_the_orm_stores_it(
    engine: Engine, keyring: Keyring, home: Home, campaign_id: int | None, n: int | None
) -> None:
    drawn = draw(engine, keyring, 1)
    with writing(engine) as session:
        store(session, Home(home.workspace_id, home.offer_id, 3, campaign_id, n or 0), drawn)
    (row,) = codes_of(engine)
    orm = PromoCode(workspace_id=home.workspace_id, code=drawn[0], offer_id=home.offer_id, campaign_id=campaign_id, n=n)
    assert row.model_dump() == orm.model_dump() | {"max_uses": 3}


def test_codes_that_are_there_are_passed_over_and_replaced(engine: Engine, keyring: Keyring, home: Home) -> None:
    drawn = draw(engine, keyring, 5)
    for code in drawn[1:3]:
        factories.add_code(engine, home.workspace_id, code, home.offer_id, used=1)
    with writing(engine) as session:
        assert store(session, home, drawn[:3]) == drawn[:1]
    with writing(engine) as session:
        store_as_many(session, keyring, home, drawn[1:])
    found = {code.code: code.used for code in codes_of(engine)}
    assert len(found) == 7
    assert set(drawn) < set(found)
    assert [found[code] for code in drawn[1:3]] == [1, 1]


def test_no_codes_are_no_statement(engine: Engine, home: Home) -> None:
    with writing(engine) as session:
        assert store(session, home, []) == []


def test_a_batch_of_the_usual_size_is_stored_at_once(engine: Engine, keyring: Keyring, home: Home) -> None:
    generate(engine, keyring, home.workspace_id, home.offer_id, CODES_AT_ONCE + 1)
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(PromoCode)).one() == CODES_AT_ONCE + 1


def test_what_cannot_be_made_is_refused(engine: Engine, keyring: Keyring, home: Home) -> None:
    for count in (0, -1, 10_000_001):
        with pytest.raises(InvalidRequest, match="1 to 10,000,000"):
            generate(engine, keyring, home.workspace_id, home.offer_id, count)
    stranger = factories.workspace(engine, "Another")
    with pytest.raises(NotFound) as refused:
        generate(engine, keyring, stranger, home.offer_id, 1)
    assert refused.value.code == "offer_not_found"
    assert codes_of(engine) == []
