"""`ricochet shop devices` and `unenrol`: which devices open a shop's till page, and taking one off."""

from datetime import UTC, datetime

from sqlmodel import select

from linksvc import till_devices
from linksvc.api_keys import authenticate
from linksvc.database import open_engine, reading, writing
from linksvc.models import TillDevice
from tests.ricochet.conftest import Terminal

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def enrol(terminal: Terminal, shop: str, name: str) -> str:
    """A device of a new shop, enrolled as its page does it; returns its id."""
    terminal.done("shop", "create", "--name", shop)
    scopes = ("--scope", "codes:validate", "--scope", "codes:redeem")
    key = terminal.done("key", "create", "--name", f"{shop}, till", "--shop", shop, *scopes).strip()
    engine = open_engine(f"sqlite:///{terminal.data_dir / 'ricochet.db'}")
    with writing(engine) as session:
        till_devices.enrol(session, authenticate(session, key, NOW), name, "274951", NOW)
    with reading(engine) as session:
        id = session.exec(select(TillDevice.id).where(TillDevice.name == name)).one()
    engine.dispose()
    return id


def test_devices_are_listed_and_taken_off(lumen: Terminal) -> None:
    assert lumen.done("shop", "devices") == ""
    lyon, nice = enrol(lumen, "Lyon", "Counter 1"), enrol(lumen, "Nice", "Tablet")
    assert sorted(lumen.done("shop", "devices").splitlines()) == sorted(
        f"{id}\t{shop}\t{name}\t2026-11-20T09:00:00Z\t-\t-"
        for id, shop, name in ((lyon, "Lyon", "Counter 1"), (nice, "Nice", "Tablet"))
    )
    assert nice in lumen.done("shop", "devices", "--shop", "Nice")
    assert lyon not in lumen.done("shop", "devices", "--shop", "Nice")
    for _ in range(2):
        assert lumen.done("shop", "unenrol", lyon) == f"Took {lyon} off.\n"
    assert lyon not in lumen.done("shop", "devices")
    assert lumen.done("shop", "devices", "--removed").count("\t-\n") == 1


def test_a_device_that_is_none_is_told(lumen: Terminal) -> None:
    assert "no such device" in lumen.refused("shop", "unenrol", "till_1")
    assert "no shop “Nice”" in lumen.refused("shop", "devices", "--shop", "Nice")
