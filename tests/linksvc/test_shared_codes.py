import pytest
from sqlalchemy import Engine

from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.shared_codes import SharedCode, find_shared, share
from tests import factories
from tests.factories import NOW


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def offer_id(engine: Engine, workspace_id: int) -> int:
    return factories.offer(engine, workspace_id)


def shared(engine: Engine, workspace_id: int, offer_id: int, code: str = "Noël-25", uses: int = 500) -> SharedCode:
    with writing(engine) as session:
        return share(session, workspace_id, offer_id, code, uses)


def worth(engine: Engine, workspace_id: int, typed: str) -> Worth | Refusal:
    with reading(engine) as session:
        return find_worth(session, workspace_id, typed, None, NOW)


def test_one_code_is_everybodys_and_reads_as_it_was_written(engine: Engine, workspace_id: int, offer_id: int) -> None:
    assert shared(engine, workspace_id, offer_id, " Noël-25 ") == SharedCode("Noël-25", 500, 0)
    with reading(engine) as session:
        assert find_shared(session, workspace_id, offer_id) == SharedCode("Noël-25", 500, 0)
    found = worth(engine, workspace_id, "noël 25")
    assert isinstance(found, Worth)
    assert (found.shown, found.max_uses, found.campaign_id) == ("Noël-25", 500, None)


def test_the_same_again_changes_nothing_and_another_is_refused(engine: Engine, workspace_id: int, offer_id: int) -> None:
    first = shared(engine, workspace_id, offer_id)
    assert shared(engine, workspace_id, offer_id, "NOËL 25") == first
    for code, uses in (("OTHER", 500), ("Noël-25", 501)):
        with pytest.raises(Conflict) as refused:
            shared(engine, workspace_id, offer_id, code, uses)
        assert refused.value.code == "shared_code_exists"
    assert isinstance(worth(engine, workspace_id, "OTHER"), Refusal)


def test_a_code_that_the_workspace_has_is_refused_and_the_offer_stays_without(
    engine: Engine, workspace_id: int, offer_id: int
) -> None:
    other = factories.offer(engine, workspace_id, name="Other")
    factories.add_code(engine, workspace_id, "N0Ë125", other)
    factories.add_code(engine, workspace_id, "NET", offer_id)
    for code, where in (("Noël-25", f"in off_{other}"), ("net", "in this offer")):
        with pytest.raises(Conflict) as refused:
            shared(engine, workspace_id, offer_id, code)
        assert refused.value.code == "code_taken"
        assert f"has this code already, {where}." in refused.value.detail
    with reading(engine) as session:
        assert find_shared(session, workspace_id, offer_id) is None
    assert shared(engine, workspace_id, offer_id, "SUMMER").code == "SUMMER"


@pytest.mark.parametrize(
    ("code", "uses"), [("--", 5), ("AB", 5), ("x" * 65, 5), ("GOOD", 0), ("GOOD", 10**9), ("GO\x00OD", 5)]
)
def test_what_can_be_no_shared_code_is_refused(
    engine: Engine, workspace_id: int, offer_id: int, code: str, uses: int
) -> None:
    with pytest.raises(InvalidRequest):
        shared(engine, workspace_id, offer_id, code, uses)


def test_another_workspaces_offer_is_not_found(engine: Engine, offer_id: int) -> None:
    stranger = factories.workspace(engine, "Another")
    with pytest.raises(NotFound):
        shared(engine, stranger, offer_id)
    with reading(engine) as session:
        assert find_shared(session, stranger, offer_id) is None
