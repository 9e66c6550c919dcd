import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.api_keys import SCOPES, Caller, authenticate, create_key, is_use_news, note_use
from linksvc.database import reading, writing
from linksvc.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated
from linksvc.models import ApiKey
from linksvc.stores import create_store
from tests import factories
from tests.factories import NOW


def test_a_key_opens_its_workspace_and_shop_with_its_scopes(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "till", ["codes:redeem", "codes:validate"], shop_id, NOW)
        caller = authenticate(session, key, NOW)
    assert key.startswith("rk_live_")
    assert len(key) >= len("rk_live_") + 32
    assert caller == Caller(workspace_id, 1, shop_id, frozenset({"codes:validate", "codes:redeem"}))


def test_a_key_of_a_store_says_which(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    shop_id, other = factories.shop(engine, workspace_id), factories.shop(engine, workspace_id, "Paris")
    with writing(engine) as session:
        store_id = create_store(session, workspace_id, shop_id, "Part-Dieu", NOW)
        key = create_key(session, workspace_id, "till", SCOPES, shop_id, NOW, store_id)
        assert authenticate(session, key, NOW).store_id == store_id
        for wrong_shop in (other, None):
            with pytest.raises(NotFound):
                create_key(session, workspace_id, "another", SCOPES, wrong_shop, NOW, store_id)


def test_a_name_is_one_key_until_it_is_rotated_or_revoked(engine: Engine) -> None:
    workspace_id, other = factories.workspace(engine), factories.workspace(engine, "Other")
    with writing(engine) as session:
        create_key(session, workspace_id, "till", SCOPES, None, NOW)
        create_key(session, other, "till", SCOPES, None, NOW)
        with pytest.raises(Conflict) as error:
            create_key(session, workspace_id, " till ", SCOPES, None, NOW)
        assert error.value.code == "key_exists"
        session.exec(update(ApiKey).values(revoked_at=NOW))
        create_key(session, workspace_id, "till", SCOPES, None, NOW)


def test_of_many_who_make_a_key_of_one_name_at_once_one_gets_it(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    start = threading.Barrier(8)

    def create(_: int) -> bool:
        start.wait()
        try:
            with writing(engine) as session:
                create_key(session, workspace_id, "till", SCOPES, None, NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1


def test_only_a_hash_and_four_characters_of_a_key_are_kept(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "all", SCOPES, None, NOW)
        row = session.exec(select(ApiKey)).one()
        assert key[8:-4] not in repr(row)
        assert row.last_four == key[-4:]


def test_an_unknown_key_opens_nothing(engine: Engine) -> None:
    for presented in ("", "rk_live_", "rk_live_" + "a" * 40, "é\ud800\0", "x" * 100_000):
        with reading(engine) as session, pytest.raises(Unauthenticated) as error:
            authenticate(session, presented, NOW)
        assert error.value.code == "api_key_unknown"


def test_a_revoked_key_opens_nothing(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "all", SCOPES, None, NOW)
        session.exec(update(ApiKey).values(revoked_at=NOW))
        with pytest.raises(Unauthenticated) as error:
            authenticate(session, key, NOW)
    assert error.value.code == "api_key_revoked"


def test_the_last_use_is_noted_now_and_then(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "all", SCOPES, None, NOW)
        caller = authenticate(session, key, NOW)
        assert is_use_news(caller, NOW)
        note_use(session, caller, NOW)
    with reading(engine) as session:
        caller = authenticate(session, key, NOW)
        assert session.exec(select(col(ApiKey.last_used_at))).one() == NOW
    assert not is_use_news(caller, NOW + timedelta(minutes=9))
    assert is_use_news(caller, NOW + timedelta(minutes=10))


def test_a_scope_that_is_missing_is_named() -> None:
    with pytest.raises(Forbidden) as error:
        Caller(1, 1, None, frozenset({"codes:validate"})).require("codes:redeem")
    assert error.value.code == "scope_missing"
    assert "codes:redeem" in error.value.detail


def test_a_key_has_known_scopes_only(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    for scopes in ([], ["codes:steal"], ["codes:redeem", "everything"]):
        with writing(engine) as session, pytest.raises(InvalidRequest) as error:
            create_key(session, workspace_id, "key", scopes, None, NOW)
        assert error.value.code == "scope_unknown"


def test_a_key_is_never_bound_to_a_shop_of_another_workspace(engine: Engine) -> None:
    workspace_id, other = factories.workspace(engine), factories.workspace(engine, "Other")
    foreign = factories.shop(engine, other)
    with writing(engine) as session:
        for shop_id, owner in ((foreign, workspace_id), (99, workspace_id), (None, 99)):
            with pytest.raises(NotFound):
                create_key(session, owner, "key", SCOPES, shop_id, NOW)
