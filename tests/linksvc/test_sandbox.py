import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc import campaign_control
from linksvc.api_keys import SCOPES, authenticate, create_key
from linksvc.database import reading, writing
from linksvc.errors import Conflict, Forbidden, NotFound
from linksvc.models import Campaign, Workspace
from linksvc.sandbox import create_test_key, ensure_twin, find_twin
from linksvc.shops import list_shops
from linksvc.stores import create_store, list_stores
from tests import factories
from tests.factories import NOW


def test_a_test_key_opens_the_twin_and_its_shop_of_the_same_name(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, currency="CHF", timezone="Europe/Zurich")
    shop_id = factories.shop(engine, workspace_id)
    with writing(engine) as session:
        store_id = create_store(session, workspace_id, shop_id, "Part-Dieu", NOW)
        assert find_twin(session, workspace_id) is None
        key = create_test_key(session, workspace_id, "till", SCOPES, shop_id, NOW, store_id)
    with reading(engine) as session:
        caller, twin = authenticate(session, key, NOW), find_twin(session, workspace_id)
        assert key.startswith("rk_test_")
        assert caller.sandbox
        assert caller.workspace_id == twin != workspace_id
        assert [(shop.id, shop.name) for shop in list_shops(session, caller.workspace_id)] == [(caller.shop_id, "Lyon")]
        assert [(store.id, store.name) for store in list_stores(session, caller.workspace_id)] == [
            (caller.store_id, "Part-Dieu")
        ]
        assert caller.shop_id != shop_id
        workspace = session.get_one(Workspace, twin)
        assert (workspace.name, workspace.currency, workspace.timezone) == (
            "Boutique Lumen (sandbox)",
            "CHF",
            "Europe/Zurich",
        )


def test_a_key_of_a_twin_is_a_test_key_whoever_makes_it_and_a_live_one_never_is(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        twin = ensure_twin(session, workspace_id, NOW)
        assert create_key(session, twin, "till", SCOPES, None, NOW).startswith("rk_test_")
        live = create_key(session, workspace_id, "till", SCOPES, None, NOW)
        assert live.startswith("rk_live_")
        assert not authenticate(session, live, NOW).sandbox


def test_a_workspace_has_one_twin_however_many_ask_for_it_at_once(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    start = threading.Barrier(8)

    def create(i: int) -> str:
        start.wait()
        with writing(engine) as session:
            return create_test_key(session, workspace_id, f"till {i}", SCOPES, None, NOW)

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(create, range(8)))
    with reading(engine) as session:
        twins = session.exec(select(Workspace.id).where(Workspace.sandbox_of == workspace_id)).all()
        assert {authenticate(session, key, NOW).workspace_id for key in keys} == set(twins)
        assert len(twins) == 1


def test_a_twin_has_no_twin_of_its_own(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        twin = ensure_twin(session, workspace_id, NOW)
        assert ensure_twin(session, twin, NOW) == twin


def test_a_name_of_any_length_has_room_for_its_twins(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, "x" * 120)
    with writing(engine) as session:
        assert session.get_one(Workspace, ensure_twin(session, workspace_id, NOW)).name == "x" * 110 + " (sandbox)"


def test_a_workspace_that_has_the_twins_name_is_not_taken_for_it(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    factories.workspace(engine, "Boutique Lumen (sandbox)")
    with writing(engine) as session, pytest.raises(Conflict) as error:
        ensure_twin(session, workspace_id, NOW)
    assert error.value.code == "workspace_exists"


def test_a_test_key_is_of_no_shop_or_store_of_another_workspace(engine: Engine) -> None:
    workspace_id, other = factories.workspace(engine), factories.workspace(engine, "Other")
    shop_id, foreign = factories.shop(engine, workspace_id), factories.shop(engine, other)
    with writing(engine) as session:
        foreign_store = create_store(session, other, foreign, "Part-Dieu", NOW)
        with pytest.raises(NotFound):
            create_test_key(session, workspace_id, "till", SCOPES, foreign, NOW)
        with pytest.raises(NotFound):
            create_test_key(session, workspace_id, "till", SCOPES, shop_id, NOW, foreign_store)
        with pytest.raises(NotFound):
            create_test_key(session, 99, "till", SCOPES, None, NOW)


def test_no_campaign_of_a_sandbox_is_sent(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        twin = ensure_twin(session, workspace_id, NOW)
    factories.contact(engine, twin)
    campaign_id = factories.campaign(engine, twin)
    with writing(engine) as session, pytest.raises(Forbidden) as error:
        campaign_control.send(session, twin, campaign_id, NOW)
    assert error.value.code == "sandbox_sends_nothing"
    with reading(engine) as session:
        assert session.get_one(Campaign, campaign_id).state == "draft"
