"""The door of the till page: who may set a device up, what opens it, what closes it."""

from datetime import timedelta

import pytest
from sqlmodel import select, update

from dashboards.till_sessions import LOCKED_AFTER
from linksvc import api_keys, sandbox
from linksvc.database import reading, writing
from linksvc.models import ApiKey, TillDevice
from tests.dashboards.site import Site
from tests.dashboards.till_scenes import PIN, SCOPES, STARTED, Counter, Till, make_counter, open_till

WRONG = "111222"


def is_open(till: Till) -> bool:
    return 'id="code-form"' in till.get().text


def is_locked(till: Till) -> bool:
    return 'action="/till/open"' in till.get().text


def is_unknown(till: Till) -> bool:
    return 'action="/till/enrol"' in till.get().text


@pytest.fixture
def till(site: Site) -> Till:
    """Not enrolled yet."""
    return Till(site, make_counter(site.engine, site.workspace_id))


def test_a_device_is_set_up_with_a_shops_key_and_is_open_at_once(till: Till) -> None:
    assert is_unknown(till)
    answer = till.enrol(key=f" {till.counter.key} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/till")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if "ricochet-till" in line)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert is_open(till)
    assert "Lyon: Counter 1" in till.get().text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"key": ""}, "Paste the shop’s API key."),
        ({"key": "rk_live_guessed"}, "unknown or was revoked"),
        ({"name": " "}, "one line"),
        ({"pin": "12345", "again": "12345"}, "six digits"),
        ({"pin": "000000", "again": "000000"}, "six digits"),
        ({"again": "274952"}, "differ"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    till: Till, fields: dict[str, str], words: str
) -> None:
    answer = till.enrol(**fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    if fields.get("name") is None:
        assert 'value="Counter 1"' in answer.text
    assert PIN not in answer.text
    assert is_unknown(till)


@pytest.mark.parametrize(
    ("scopes", "of_shop", "words"), [(("codes:validate",), True, "codes:redeem"), (SCOPES, False, "no shop")]
)
def test_a_key_that_may_not_redeem_sets_nothing_up(site: Site, scopes: tuple[str, ...], of_shop: bool, words: str) -> None:
    counter = make_counter(site.engine, site.workspace_id)
    with writing(site.engine) as session:
        shop = counter.shop_id if of_shop else None
        key = api_keys.create_key(session, site.workspace_id, "Other", scopes, shop, STARTED)
    till = Till(site, Counter(0, key))
    assert words in till.enrol().text
    assert is_unknown(till)


def test_a_test_key_opens_a_till_of_the_sandbox_that_says_so(site: Site) -> None:
    shop_id = make_counter(site.engine, site.workspace_id).shop_id
    with writing(site.engine) as session:
        key = sandbox.create_test_key(session, site.workspace_id, "Try", SCOPES, shop_id, STARTED)
    till = Till(site, Counter(shop_id, key))
    till.enrol()
    assert "Test mode" in till.get().text
    with reading(site.engine) as session:
        assert session.exec(select(TillDevice.workspace_id)).one() != site.workspace_id


def test_a_till_is_locked_by_hand_and_opened_by_its_pin(site: Site) -> None:
    till = open_till(site)
    assert till.post("lock").status_code == 303
    assert is_locked(till)
    assert till.check("TEN").status_code == 403
    assert till.open().status_code == 303
    assert is_open(till)


def test_a_till_that_nobody_uses_locks_itself_and_one_in_use_does_not(site: Site) -> None:
    till = open_till(site)
    for _ in range(3):
        site.clock.at += LOCKED_AFTER - timedelta(seconds=1)
        assert is_open(till)
    site.clock.at += LOCKED_AFTER
    page = till.get().text
    assert 'action="/till/open"' in page
    assert "after 15 minutes" in page


def test_five_wrong_pins_un_enrol_the_device_and_the_page_counts_down(site: Site) -> None:
    till = open_till(site)
    till.post("lock")
    for left in ("4 tries are", "3 tries are", "2 tries are", "1 try is"):
        answer = till.open(WRONG)
        assert answer.status_code == 401
        assert f"{left} left" in answer.text
    answer = till.open(WRONG)
    assert "not set up any more" in answer.text
    assert is_unknown(till)
    assert till.site.client.cookies.get("ricochet-till") is None


def test_what_cannot_be_a_pin_is_no_attempt(site: Site) -> None:
    till = open_till(site)
    till.post("lock")
    for pin in ("", "12", "abcdef", "1234567") * 2:
        assert till.open(pin).status_code == 422
    assert till.open().status_code == 303


def test_a_pin_of_one_device_opens_no_other(site: Site) -> None:
    till = open_till(site)
    first = site.client.cookies["ricochet-till"]
    site.client.cookies.delete("ricochet-till")
    till.enrol(name="Counter 2", pin="603817", again="603817")
    # The session says that the till of Counter 2 is open; the device is Counter 1.
    site.client.cookies.set("ricochet-till", first, domain="testserver.local", path="/")
    assert is_locked(till)
    assert till.open("603817").status_code == 401


@pytest.mark.parametrize("what", ["device", "key"])
def test_a_device_that_was_taken_off_is_out_at_once(site: Site, what: str) -> None:
    till = open_till(site)
    with writing(site.engine) as session:
        session.exec(update(TillDevice if what == "device" else ApiKey).values(revoked_at=STARTED))
    answer = till.get()
    assert answer.status_code == 401
    assert "not set up any more" in answer.text
    assert is_unknown(till)


@pytest.mark.parametrize("step", ["enrol", "open", "check", "change", "redeem", "redemptions/rdm_1/undo"])
def test_a_form_that_is_not_ours_does_nothing(site: Site, step: str) -> None:
    till = open_till(site)
    if step == "open":
        till.post("lock")
    form = {"key": till.counter.key, "name": "Thief", "pin": WRONG, "again": WRONG, "code": "TEN", "csrf_token": "guessed"}
    for _ in range(6):
        assert site.client.post(f"/till/{step}", data=form).status_code == 403
    with reading(site.engine) as session:
        assert session.exec(select(TillDevice.failures)).all() == [0]


def test_a_signed_in_marketer_opens_no_till_and_a_till_no_campaign(site: Site) -> None:
    till = Till(site, make_counter(site.engine, site.workspace_id))
    site.enter()
    assert is_unknown(till)
    till.enrol()
    assert is_open(till)
    site.client.cookies.delete("ricochet")
    assert is_locked(till)
    till.open()
    assert site.client.get("/campaigns").status_code == 303


def test_the_camera_may_be_asked_for_at_the_till_alone(till: Till) -> None:
    assert "camera=(self)" in till.get().headers["permissions-policy"]
    assert "camera=()" in till.get("/sign-in").headers["permissions-policy"]
    assert "no-store" in till.get().headers["cache-control"]
