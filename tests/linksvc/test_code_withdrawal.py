import pytest
from sqlalchemy import Engine

from linksvc.code_withdrawal import set_disabled, set_withdrawn
from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import reading, writing
from linksvc.errors import NotFound
from tests import factories
from tests.factories import NOW


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def offer_id(engine: Engine, workspace_id: int) -> int:
    offer_id = factories.offer(engine, workspace_id)
    for code in ("AAA", "BBB"):
        factories.add_code(engine, workspace_id, code, offer_id)
    return offer_id


def verdict(engine: Engine, workspace_id: int, code: str) -> str:
    with reading(engine) as session:
        found = find_worth(session, workspace_id, code, None, NOW)
    return found.reason if isinstance(found, Refusal) else "good" if isinstance(found, Worth) else "?"


@pytest.mark.usefixtures("offer_id")
def test_a_disabled_code_is_refused_until_it_is_enabled_again(engine: Engine, workspace_id: int) -> None:
    for disabled, told in ((True, "code_disabled"), (True, "code_disabled"), (False, "good")):
        with writing(engine) as session:
            set_disabled(session, workspace_id, "a-a a", disabled)
        assert (verdict(engine, workspace_id, "AAA"), verdict(engine, workspace_id, "BBB")) == (told, "good")


def test_a_withdrawn_offer_takes_all_of_its_codes_with_it_and_later_ones_too(
    engine: Engine, workspace_id: int, offer_id: int
) -> None:
    factories.add_code(engine, workspace_id, "CCC", factories.offer(engine, workspace_id, name="Other"))
    with writing(engine) as session:
        set_withdrawn(session, workspace_id, offer_id, True, NOW)
    factories.add_code(engine, workspace_id, "DDD", offer_id)
    assert [verdict(engine, workspace_id, code) for code in ("AAA", "BBB", "DDD")] == ["code_disabled"] * 3
    assert verdict(engine, workspace_id, "CCC") == "good"
    with writing(engine) as session:
        set_withdrawn(session, workspace_id, offer_id, False, NOW)
    assert [verdict(engine, workspace_id, code) for code in ("AAA", "BBB", "DDD")] == ["good"] * 3


def test_what_is_another_workspaces_is_not_found(engine: Engine, workspace_id: int, offer_id: int) -> None:
    stranger = factories.workspace(engine, "Another")
    with pytest.raises(NotFound) as refused, writing(engine) as session:
        set_disabled(session, stranger, "AAA", True)
    assert refused.value.code == "code_not_found"
    with pytest.raises(NotFound) as refused, writing(engine) as session:
        set_withdrawn(session, stranger, offer_id, True, NOW)
    assert refused.value.code == "offer_not_found"
    assert verdict(engine, workspace_id, "AAA") == "good"
