"""Till devices: who may enrol one, what a PIN is worth, and that no number of wrong ones at once is worth more."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select, update

from linksvc.api_keys import Caller
from linksvc.database import reading, writing
from linksvc.errors import Forbidden, InvalidRequest, NotFound
from linksvc.models import ApiKey, Store, TillDevice
from linksvc.till_devices import (
    FAILURES_MOST,
    Device,
    enrol,
    find_device,
    is_use_news,
    list_devices,
    note_use,
    try_pin,
    unenrol,
)
from tests import factories
from tests.factories import NOW

PIN, WRONG = "274951", "111222"
SCOPES = "codes:validate codes:redeem codes:void"


def holder(engine: Engine, workspace_id: int, shop_id: int | None, scopes: str = SCOPES) -> Caller:
    """A key, as whoever presents it is known."""
    key_id = factories.add(
        engine,
        ApiKey(
            workspace_id=workspace_id,
            shop_id=shop_id,
            name="Till",
            key_hash=f"{workspace_id}-{shop_id}-{scopes}",
            last_four="abcd",
            scopes=scopes,
            created_at=NOW,
        ),
    )
    return Caller(workspace_id, key_id, shop_id, frozenset(scopes.split()))


def enrolled(engine: Engine, name: str = "Counter 1", caller: Caller | None = None) -> str:
    """A device's token."""
    if caller is None:
        workspace_id = factories.workspace(engine)
        caller = holder(engine, workspace_id, factories.shop(engine, workspace_id))
    with writing(engine) as session:
        return enrol(session, caller, name, PIN, NOW)


def found(engine: Engine, token: str) -> Device | None:
    with reading(engine) as session:
        return find_device(session, token, NOW)


def tried(engine: Engine, token: str, pin: str) -> int:
    with writing(engine) as session:
        return try_pin(session, token, pin, NOW)


def test_a_device_knows_its_shop_and_acts_by_the_key_it_was_enrolled_with(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, timezone="Europe/Brussels", currency="CHF")
    caller = holder(engine, workspace_id, factories.shop(engine, workspace_id))
    device = found(engine, enrolled(engine, " Counter 1 ", caller))
    assert device
    assert (device.name, device.place, device.currency, device.timezone) == ("Counter 1", "Lyon", "CHF", "Europe/Brussels")
    assert (device.till.workspace_id, device.till.shop_id, device.till.key_id) == (
        workspace_id,
        caller.shop_id,
        caller.key_id,
    )
    assert device.may_undo
    assert not device.sandbox
    assert found(engine, "guessed") is None


@pytest.mark.parametrize(
    ("shop", "scopes", "code"), [(False, SCOPES, "key_without_shop"), (True, "codes:validate", "scope_missing")]
)
def test_a_key_of_no_shop_or_without_the_scopes_enrols_nothing(engine: Engine, shop: bool, scopes: str, code: str) -> None:
    workspace_id = factories.workspace(engine)
    caller = holder(engine, workspace_id, factories.shop(engine, workspace_id) if shop else None, scopes)
    with pytest.raises(Forbidden) as raised, writing(engine) as session:
        enrol(session, caller, "Counter 1", PIN, NOW)
    assert raised.value.code == code


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "27495a", "٢٧٤٩٥١", "000000", "123456", "987654", "27 4951"])
def test_a_pin_is_six_digits_that_are_not_the_first_ones_anybody_would_try(engine: Engine, pin: str) -> None:
    workspace_id = factories.workspace(engine)
    caller = holder(engine, workspace_id, factories.shop(engine, workspace_id))
    with pytest.raises(InvalidRequest) as raised, writing(engine) as session:
        enrol(session, caller, "Counter 1", pin, NOW)
    assert raised.value.code == "pin_unusable"


def test_a_device_knows_its_store(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    store_id = factories.add(engine, Store(workspace_id=workspace_id, shop_id=shop_id, name="Bellecour", created_at=NOW))
    device = found(engine, enrolled(engine, caller=replace(holder(engine, workspace_id, shop_id), store_id=store_id)))
    assert device
    assert device.place == "Lyon, Bellecour"
    assert device.till.store_id == store_id


def test_the_database_keeps_neither_token_nor_pin(engine: Engine) -> None:
    token = enrolled(engine)
    with reading(engine) as session:
        row = session.exec(select(TillDevice)).one().model_dump()
    assert token not in str(row)
    assert PIN not in str(row)


def test_a_right_pin_makes_the_wrong_ones_forgotten(engine: Engine) -> None:
    token = enrolled(engine)
    assert [tried(engine, token, pin) for pin in (WRONG, WRONG, "", PIN)] == [4, 3, 2, FAILURES_MOST]
    assert [tried(engine, token, WRONG) for _ in range(4)] == [4, 3, 2, 1]
    assert found(engine, token)


def test_five_wrong_pins_take_the_device_off_and_the_right_one_comes_too_late(engine: Engine) -> None:
    token = enrolled(engine)
    assert [tried(engine, token, WRONG) for _ in range(FAILURES_MOST)] == [4, 3, 2, 1, 0]
    assert found(engine, token) is None
    assert tried(engine, token, PIN) == 0


def test_of_many_pins_at_once_only_five_are_looked_at(engine: Engine) -> None:
    token = enrolled(engine)
    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda _: tried(engine, token, WRONG), range(24)))
    assert sorted(left, reverse=True) == [4, 3, 2, 1] + [0] * 20
    assert tried(engine, token, PIN) == 0


def test_a_device_ends_with_its_key(engine: Engine) -> None:
    token = enrolled(engine)
    with writing(engine) as session:
        session.exec(update(ApiKey).values(revoked_at=NOW))
    assert found(engine, token) is None


def test_devices_are_listed_by_shop_and_taken_off_in_their_own_workspace_only(engine: Engine) -> None:
    lumen, other = factories.workspace(engine), factories.workspace(engine, "Other")
    lyon, nice = factories.shop(engine, lumen), factories.shop(engine, lumen, "Nice")
    tokens = [enrolled(engine, f"{shop}", holder(engine, lumen, shop)) for shop in (lyon, nice)]
    with writing(engine) as session:
        listed = list_devices(session, lumen)
        assert sorted(one.shop for one in listed) == ["Lyon", "Nice"]
        assert [one.shop for one in list_devices(session, lumen, nice)] == ["Nice"]
        assert list_devices(session, other) == []
        mine = next(one.id for one in listed if one.shop == "Lyon")
        with pytest.raises(NotFound):
            unenrol(session, other, mine, NOW)
        unenrol(session, lumen, mine, NOW)
        unenrol(session, lumen, mine, NOW + timedelta(hours=1))
        assert {one.shop: one.revoked_at for one in list_devices(session, lumen)} == {"Lyon": NOW, "Nice": None}
    assert found(engine, tokens[0]) is None
    assert found(engine, tokens[1])


def test_a_use_is_noted_now_and_then(engine: Engine) -> None:
    token = enrolled(engine)
    device = found(engine, token)
    assert device
    assert is_use_news(device, NOW)
    with writing(engine) as session:
        note_use(session, device, NOW)
    device = found(engine, token)
    assert device
    assert not is_use_news(device, NOW + timedelta(minutes=9))
    assert is_use_news(device, NOW + timedelta(minutes=10))
