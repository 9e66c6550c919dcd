import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from linksvc.api_keys import Caller, authenticate, create_key, note_use
from linksvc.database import reading, writing
from linksvc.errors import Conflict, NotFound, Unauthenticated
from linksvc.key_lives import list_keys, revoke_key, revoke_name, rotate_key
from linksvc.sandbox import create_test_key
from linksvc.stores import create_store
from tests import factories
from tests.factories import NOW

SCOPES = ("codes:validate", "codes:redeem")
DAY = timedelta(days=1)


def opens(engine: Engine, key: str, now: object = NOW) -> Caller | None:
    with reading(engine) as session:
        try:
            return authenticate(session, key, now)  # type: ignore[arg-type]
        except Unauthenticated:
            return None


def test_a_rotated_key_opens_what_the_former_opened_and_both_work(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    with writing(engine) as session:
        store_id = create_store(session, workspace_id, shop_id, "Part-Dieu", NOW)
        former = create_key(session, workspace_id, "till", SCOPES, shop_id, NOW, store_id)
    with writing(engine) as session:
        newer = rotate_key(session, workspace_id, " till ", None, NOW)
    first, second = opens(engine, former), opens(engine, newer)
    assert first and second
    assert newer != former
    assert (second.shop_id, second.store_id, second.scopes) == (shop_id, store_id, frozenset(SCOPES))
    assert second.key_id != first.key_id


def test_more_than_two_keys_of_a_name_are_never_in_use(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        create_key(session, workspace_id, "till", SCOPES, None, NOW)
    start = threading.Barrier(8)

    def rotate(_: int) -> bool:
        start.wait()
        try:
            with writing(engine) as session:
                rotate_key(session, workspace_id, "till", None, NOW)
        except Conflict as problem:
            assert problem.code == "key_rotating"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(rotate, range(8))) == 1
    with reading(engine) as session:
        assert len(list_keys(session, workspace_id)) == 2


def test_the_former_key_ends_at_the_time_that_was_set(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        former = create_key(session, workspace_id, "till", SCOPES, None, NOW)
        newer = rotate_key(session, workspace_id, "till", DAY, NOW)
    assert opens(engine, former, NOW + DAY - timedelta(seconds=1))
    assert not opens(engine, former, NOW + DAY)
    with writing(engine) as session:
        rotate_key(session, workspace_id, "till", DAY, NOW + DAY)
    assert opens(engine, newer, NOW + DAY)


def test_a_revoked_key_opens_nothing_from_then_on_and_is_still_listed(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        key = create_key(session, workspace_id, "till", SCOPES, None, NOW)
        (listed,) = list_keys(session, workspace_id)
        assert revoke_key(session, workspace_id, listed.id, NOW).last_four == key[-4:]
    assert not opens(engine, key)
    with writing(engine) as session:
        revoke_key(session, workspace_id, listed.id, NOW + DAY)
        assert [one.revoked_at for one in list_keys(session, workspace_id)] == [NOW], "it ended when it ended"


def test_a_key_that_is_to_end_later_can_be_revoked_now(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        former = create_key(session, workspace_id, "till", SCOPES, None, NOW)
        rotate_key(session, workspace_id, "till", DAY, NOW)
        revoke_key(session, workspace_id, list_keys(session, workspace_id)[-1].id, NOW)
    assert not opens(engine, former)


def test_the_list_shows_what_may_be_seen_of_a_key(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    with writing(engine) as session:
        store_id = create_store(session, workspace_id, shop_id, "Part-Dieu", NOW)
        key = create_key(session, workspace_id, "till", SCOPES, shop_id, NOW, store_id)
        note_use(session, authenticate(session, key, NOW), NOW + DAY)
        create_test_key(session, workspace_id, "developer", SCOPES, None, NOW)
    with reading(engine) as session:
        live, test = list_keys(session, workspace_id)
    assert (live.name, live.shop, live.store, live.scopes, live.sandbox) == ("till", "Lyon", "Part-Dieu", SCOPES, False)
    assert (live.created_at, live.last_used_at, live.revoked_at) == (NOW, NOW + DAY, None)
    assert key[8:-4] not in repr(live)
    assert (test.name, test.shop, test.store, test.sandbox) == ("developer", "", "", True)


def test_keys_of_another_workspace_are_neither_seen_nor_ended(engine: Engine) -> None:
    workspace_id, other = factories.workspace(engine), factories.workspace(engine, "Other")
    with writing(engine) as session:
        foreign = create_key(session, other, "till", SCOPES, None, NOW)
        (listed,) = list_keys(session, other)
        assert list_keys(session, workspace_id) == ()
        with pytest.raises(NotFound):
            revoke_key(session, workspace_id, listed.id, NOW)
        with pytest.raises(NotFound) as error:
            rotate_key(session, workspace_id, "till", None, NOW)
        assert error.value.code == "key_not_found"
        revoke_name(session, workspace_id, "till", NOW)
    assert opens(engine, foreign)
