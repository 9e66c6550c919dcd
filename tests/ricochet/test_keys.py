"""`ricochet key`, `shop` and `store`, as typed; and what the API's process tells of who guesses codes."""

import re

import httpx2
import pytest

from linksvc.api_keys import Caller, authenticate
from linksvc.clock import now
from linksvc.code_attempts import ONE_TILL
from linksvc.database import open_engine, reading
from linksvc.errors import Unauthenticated
from linksvc.settings import Settings
from tests.ricochet.conftest import Terminal
from tests.ricochet.served import metrics, served

SCOPES = ("--scope", "codes:validate", "--scope", "codes:redeem")


@pytest.fixture
def shop(lumen: Terminal) -> Terminal:
    """A terminal where there is a shop with a store."""
    lumen.done("shop", "create", "--name", "Lyon")
    lumen.done("store", "create", "--shop", "Lyon", "--name", "Part-Dieu")
    return lumen


def opened_by(terminal: Terminal, key: str) -> Caller | None:
    engine = open_engine(f"sqlite:///{terminal.data_dir / 'ricochet.db'}")
    try:
        with reading(engine) as session:
            return authenticate(session, key, now())
    except Unauthenticated:
        return None
    finally:
        engine.dispose()


def test_shops_are_listed_with_their_stores(shop: Terminal) -> None:
    shop.done("shop", "create", "--name", "Paris")
    assert shop.done("shop", "list") == "shp_1\tLyon\nshp_1\tLyon\tPart-Dieu\nshp_2\tParis\n"
    assert "has a store Part-Dieu already" in shop.refused("store", "create", "--shop", "Lyon", "--name", "Part-Dieu")
    assert "no shop “Nice”" in shop.refused("store", "create", "--shop", "Nice", "--name", "Gare")
    shop.done("store", "create", "--shop", "Paris", "--name", "Part-Dieu")


def test_a_key_is_made_for_a_store_and_listed_without_its_secret(shop: Terminal) -> None:
    key = shop.done("key", "create", "--name", "till 1", *SCOPES, "--shop", "Lyon", "--store", "Part-Dieu").strip()
    listed = shop.done("key", "list")
    assert listed == (f"key_1\ttill 1\trk_live_...{key[-4:]}\tLyon\tPart-Dieu\tcodes:validate,codes:redeem\tnever used\n")
    assert "no store “Gare”" in shop.refused("key", "create", "--name", "x", *SCOPES, "--shop", "Lyon", "--store", "Gare")
    assert "--shop" in shop.run("key", "create", "--name", "x", *SCOPES, "--store", "Gare").err


def test_a_key_is_rotated_and_the_former_one_revoked(shop: Terminal) -> None:
    former = shop.done("key", "create", "--name", "till", *SCOPES, "--shop", "Lyon").strip()
    assert "“till” in use" in shop.refused("key", "create", "--name", "till", *SCOPES)
    newer = shop.done("key", "rotate", "till").strip()
    assert "Two keys “till” are in use" in shop.refused("key", "rotate", "till")
    assert opened_by(shop, former)
    assert shop.done("key", "revoke", "key_1") == f"Revoked the key “till” that ends in {former[-4:]}.\n"
    assert not opened_by(shop, former)
    assert opened_by(shop, newer)
    assert "key_1" not in shop.done("key", "list")
    assert re.search(r"^key_1\t.*\trevoked \d{4}-", shop.done("key", "list", "--revoked"), re.M)
    shop.done("key", "rotate", "till", "--former-hours", "24")
    assert re.search(r"^key_2\t.*\tends \d{4}-", shop.done("key", "list"), re.M)
    assert "no such key" in shop.refused("key", "revoke", "key_99")
    assert "key_12" in shop.refused("key", "revoke", "till")
    assert "no key “fly” in use" in shop.refused("key", "rotate", "fly")


def test_a_test_key_opens_a_sandbox_that_is_in_nobodys_way(shop: Terminal) -> None:
    assert "no sandbox yet" in shop.refused("key", "rotate", "developer", "--test")
    key = shop.done("key", "create", "--test", "--name", "developer", *SCOPES, "--shop", "Lyon").strip()
    caller = opened_by(shop, key)
    assert caller
    assert caller.sandbox
    # The only workspace is still the only one.
    assert shop.done("shop", "list").startswith("shp_1\tLyon")
    assert shop.done("shop", "list", "--workspace", "Boutique Lumen (sandbox)") == "shp_2\tLyon\n"
    assert f"developer\trk_test_...{key[-4:]}\tLyon" in shop.done("key", "list")
    assert "The sandbox has one: say --test." in shop.refused("key", "rotate", "developer")
    assert "sandbox" not in shop.refused("key", "rotate", "nobody")
    newer = shop.done("key", "rotate", "developer", "--test").strip()
    assert newer.startswith("rk_test_")
    shop.done("key", "revoke", "key_1")
    assert not opened_by(shop, key)


def test_the_process_tells_who_guesses_codes_and_the_command_line_whose_key_it_is(shop: Terminal, sqlite_url: str) -> None:
    key = shop.done("key", "create", "--name", "till", *SCOPES, "--shop", "Lyon").strip()
    settings = Settings(data_dir=shop.data_dir, database_url=sqlite_url)
    with served(settings, "serve", "linksvc", "--port", "0", "--internal", "0") as api:
        bearer = {"Authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=api.public, headers=bearer, trust_env=False, verify=False, timeout=60) as client:
            for i in range(60):
                assert client.post("/v1/codes/validate", json={"code": f"GUESS{i}"}).status_code in (200, 429)
        told = metrics(api.internal[0])
    assert told["ricochet_api_guessing_alarms_total:key"] == 1
    assert told["ricochet_api_guessing_alarms_total:shop"] == 0
    assert told["ricochet_api_attempts_refused_total:key"] > 0
    assert told["ricochet_api_requests_refused_total:key"] == 0
    assert "codes.guessed" in api.said.read_text()
    count, _, reason, name, whose = shop.done("shop", "attempts").rstrip("\n").split("\t")
    assert int(count) >= ONE_TILL.least_misses
    assert (reason, name, whose) == ("code_not_found", "Lyon", "till")
    assert shop.done("shop", "attempts", "--codes") == "", "nobody's codes were tried"
