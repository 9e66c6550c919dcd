"""What happens is told in its own transaction, to whoever wants to hear it, once."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from linksvc import code_import, redemptions, returns
from linksvc.applier import apply_batch, change_verdicts
from linksvc.contact_import import ImportOptions, import_contacts
from linksvc.database import reading, writing
from linksvc.facts import NewFact, record
from linksvc.hit_verdicts import Ruling
from linksvc.keys import Keyring
from linksvc.models import Attempt, Contact, PromoCode, WebhookDelivery, WebhookEvent
from linksvc.money import Money
from linksvc.redemptions import Redemption, Till, Use
from linksvc.webhooks.endpoints import EndpointChange, Owner, edit_endpoint
from linksvc.webhooks.events import EVENT_TYPES
from linksvc.webhooks.outbox import tell
from sender import inbound_turns
from sender.inbound_messages import Received
from tests import factories
from tests.factories import NOW, hit, learn_hits
from tests.linksvc.webhooks.scenes import LOOPBACK, endpoint, finished

LATER = NOW + timedelta(minutes=1)


def clock() -> datetime:
    return LATER


def told(engine: Engine) -> list[dict[str, Any]]:
    """The bodies of all events, by type and time."""
    with reading(engine) as session:
        bodies = [orjson.loads(body) for body in session.exec(select(WebhookEvent.body))]
    return sorted(bodies, key=lambda body: (body["type"], body["timestamp"]))


def sent_to(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as session:
        return sorted(session.exec(select(WebhookDelivery.endpoint_id, WebhookDelivery.type)).all())


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def listening(engine: Engine, keyring: Keyring, workspace_id: int) -> str:
    """The id of an endpoint that wants to hear everything."""
    return endpoint(engine, keyring, workspace_id, "https://hooks.example.com/", *EVENT_TYPES)[0].id


def code_of(engine: Engine, workspace_id: int, code: str = "ABCD", **fields: Any) -> None:
    row = PromoCode(workspace_id=workspace_id, code=code, offer_id=factories.offer(engine, workspace_id), **fields)
    with writing(engine) as session:
        session.add(row)


def redeem(session: Session, till: Till, order_ref: str = "R-1") -> Redemption:
    done = redemptions.redeem(session, till, Use("ABCD", order_ref, Money(5_000, "EUR"), customer_ref="C-7"), LATER)
    assert isinstance(done, Redemption)
    return done


def test_a_code_that_is_used_and_voided_is_told_with_its_order(engine: Engine, workspace_id: int, listening: str) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    code_of(engine, workspace_id, campaign_id=campaign_id, n=0)
    till = Till(workspace_id, 4, 1)
    with writing(engine) as session:
        used = redeem(session, till)
    with writing(engine) as session:
        returns.void(session, till, used.id, LATER + timedelta(hours=1))
    redeemed, voided = told(engine)
    assert redeemed == {
        "type": "code.redeemed",
        "timestamp": "2026-11-20T09:01:00Z",
        "data": {
            "redemption_id": used.id,
            "code": "ABCD",
            "shop_id": "shp_4",
            "order_ref": "R-1",
            "customer_ref": "C-7",
            "order": {"amount": 5_000, "currency": "EUR"},
            "discount": {"amount": 500, "currency": "EUR"},
            "paid": {"amount": 4_500, "currency": "EUR"},
            "returned": {"amount": 0, "currency": "EUR"},
            "message": {"campaign_id": f"cmp_{campaign_id}", "n": 0},
            "offline": False,
            "accepted_duplicate": False,
            "redeemed_at": "2026-11-20T09:01:00Z",
            "voided_at": None,
        },
    }
    assert voided["type"] == "code.voided"
    assert voided["timestamp"] == voided["data"]["voided_at"] == "2026-11-20T10:01:00Z"
    assert voided["data"] | {"voided_at": None} == redeemed["data"]
    assert sent_to(engine) == [(listening, "code.redeemed"), (listening, "code.voided")]


@pytest.mark.usefixtures("listening")
def test_a_redemption_that_is_rolled_back_is_not_told(engine: Engine, workspace_id: int) -> None:
    code_of(engine, workspace_id)
    with pytest.raises(ZeroDivisionError), writing(engine) as session:
        redeem(session, Till(workspace_id, 4, 1))
        raise ZeroDivisionError
    assert told(engine) == [] and sent_to(engine) == []


def test_a_shop_hears_of_its_own_codes_and_the_workspace_of_all(
    engine: Engine, keyring: Keyring, workspace_id: int, listening: str
) -> None:
    shops = [factories.shop(engine, workspace_id, name) for name in ("Lyon", "Lille")]
    own = [
        endpoint(engine, keyring, workspace_id, "https://shop.example.com/", "code.redeemed", shop_id=shop)[0].id
        for shop in shops
    ]
    code_of(engine, workspace_id)
    with writing(engine) as session:
        redeem(session, Till(workspace_id, shops[1], 1))
    assert sent_to(engine) == sorted([(listening, "code.redeemed"), (own[1], "code.redeemed")])


def test_only_who_listens_is_told_and_nothing_is_written_for_nobody(engine: Engine, keyring: Keyring) -> None:
    mine, other = factories.workspace(engine), factories.workspace(engine, "Another")
    endpoint(engine, keyring, other)
    endpoint(engine, keyring, mine, "https://hooks.example.com/1", "code.redeemed")
    off = endpoint(engine, keyring, mine, "https://hooks.example.com/2")[0].id
    with writing(engine) as session:
        edit_endpoint(session, Owner(mine, None), LOOPBACK, off, EndpointChange(enabled=False), NOW)
        tell(session, mine, [finished(1)], NOW)
    assert told(engine) == [] and sent_to(engine) == []


@pytest.mark.usefixtures("listening")
def test_what_was_told_is_not_told_again(engine: Engine, workspace_id: int) -> None:
    for at in (NOW, LATER):
        with writing(engine) as session:
            tell(session, workspace_id, [finished(number) for number in range(60)], at)
    assert len(told(engine)) == len(sent_to(engine)) == 60


def test_with_no_endpoint_telling_costs_one_look(engine: Engine, workspace_id: int) -> None:
    asked: list[str] = []
    with writing(engine) as session:
        session.connection()
        event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
        tell(session, workspace_id, [finished(number) for number in range(1_000)], NOW)
    assert len(asked) == 1


def part(campaign_id: int, n: int, kind: str, part: int = 1, **fields: Any) -> NewFact:
    return NewFact(campaign_id, kind, f"{n}.{part}.1", n, NOW, parts=2 if n == 1 else 1, **fields)


def apply(engine: Engine, campaign_id: int, *facts: NewFact) -> None:
    with writing(engine) as session:
        record(session, facts, NOW)
    apply_batch(engine, campaign_id, "test", clock)


@pytest.mark.usefixtures("listening")
def test_a_messages_fate_is_told_when_the_last_of_its_parts_decides_it(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 4)
    with writing(engine) as session:
        for person in session.exec(select(Contact).order_by(Contact.number)):
            person.external_id = f"C-{person.number[-1]}"
            session.add(person)
    sent = [part(campaign_id, n, "accepted") for n in range(3)] + [part(campaign_id, 1, "accepted", 2)]
    refused = part(campaign_id, 3, "refused", value="0x0b", cause="unknown_number")
    first = part(campaign_id, 1, "receipt", value="DELIVERED")
    apply(engine, campaign_id, *sent, refused, first)
    assert [(one["type"], one["data"]["message"]["n"]) for one in told(engine)] == [("message.failed", 3)]
    apply(
        engine,
        campaign_id,
        part(campaign_id, 0, "receipt", value="DELIVERED"),
        part(campaign_id, 1, "receipt", 2, value="DELIVERED"),
        part(campaign_id, 2, "receipt", value="EXPIRED", cause="absent"),
    )
    apply(engine, campaign_id, NewFact(campaign_id, "reply", "inb_1", 0, NOW))
    fates = sorted((one["data"]["message"]["n"], one["type"], one["data"]["state"]) for one in told(engine))
    assert fates == [
        (0, "message.delivered", "delivered"),
        (1, "message.delivered", "delivered"),
        (2, "message.failed", "expired"),
        (3, "message.failed", "refused"),
    ]
    lost = next(one for one in told(engine) if one["data"]["state"] == "expired")
    assert lost["data"] == {
        "message": {"campaign_id": f"cmp_{campaign_id}", "n": 2},
        "recipient": {"external_id": "C-2", "number": f"+336399{campaign_id}0002"},
        "state": "expired",
        "cause": "absent",
        "submitted_at": "2026-11-20T09:00:00Z",
        "ended_at": "2026-11-20T09:00:00Z",
    }


def clicked(engine: Engine) -> list[tuple[Any, Any]]:
    return [(one["data"]["message"], one["data"]["recipient"]) for one in told(engine) if one["type"] == "link.clicked"]


@pytest.mark.usefixtures("listening")
def test_a_click_is_told_when_it_counts_as_a_persons_and_once(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3, tracked=2)
    learn_hits(
        engine,
        hit(campaign_id, 1, 0, device="phone", os="iOS"),
        hit(campaign_id, 2, 1, "machine"),
        hit(campaign_id, 3, 1, "suspect"),
        hit(campaign_id, 4, None),
    )
    apply_batch(engine, campaign_id, "test", clock)
    name = f"cmp_{campaign_id}"
    mine = ({"campaign_id": name, "n": 0}, {"external_id": "", "number": f"+336399{campaign_id}0000"})
    assert sorted(clicked(engine), key=str) == sorted([mine, (None, None)], key=str)
    shown = next(one["data"] for one in told(engine) if one["data"]["message"])
    assert (shown["campaign_id"], shown["link_id"], shown["device"], shown["os"]) == (name, "lnk_1", "phone", "iOS")
    # Another look takes one for a person's; somebody does something on the page of the other, and of one that is told.
    change_verdicts(engine, campaign_id, [Ruling("segment", 3, 0, "human", "", 2)], clock)
    assert len(clicked(engine)) == 3
    acts = [NewFact(campaign_id, "interaction", f"segment:{position}", 0, NOW) for position in (1, 2)]
    apply(engine, campaign_id, *acts)
    assert len(clicked(engine)) == 4
    change_verdicts(engine, campaign_id, [Ruling("segment", 3, 1, "suspect", "", 2)], clock)
    change_verdicts(engine, campaign_id, [Ruling("segment", 3, 2, "human", "", 2)], clock)
    assert len(clicked(engine)) == len(sent_to(engine)) == 4


@pytest.mark.usefixtures("listening")
def test_a_stop_is_told_to_each_workspace_it_stops_once(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    route_id = factories.route(engine)
    number = f"+336399{campaign_id}0000"
    handed_over = {"campaign_id": campaign_id, "n": 0, "part": 1, "attempt": 1, "parts": 1, "route_id": route_id}
    with writing(engine) as session:
        session.add(Attempt(**handed_over, worker="test", occurred_at=NOW, recorded_at=NOW))
    for content in ("one", "two"):
        with writing(engine) as session:
            inbound_turns.take(session, [(route_id, Received(number, "36180", "STOP", content, LATER))], LATER)
    (stop,) = told(engine)
    assert stop == {
        "type": "contact.opted_out",
        "timestamp": "2026-11-20T09:01:00Z",
        "data": {
            "recipient": {"external_id": "", "number": number},
            "message": {"campaign_id": f"cmp_{campaign_id}", "n": 0},
            "opted_out_at": "2026-11-20T09:01:00Z",
        },
    }


@pytest.mark.usefixtures("listening")
def test_an_import_is_told_when_it_ends(engine: Engine, workspace_id: int) -> None:
    data = "téléphone;prénom\n06 39 98 00 01;Zoé\n0639980002;Léo\nnone;Max\n".encode()
    import_contacts(engine, workspace_id, ImportOptions("clients.csv", "FR", "number", True), data, clock)
    (end,) = told(engine)
    assert end["data"] == {
        "kind": "contacts",
        "import_id": "imp_1",
        "offer_id": None,
        "file_name": "clients.csv",
        "state": "finished",
        "rows": 3,
        "added": 2,
        "merged": 0,
        "rejected": 1,
        "finished_at": "2026-11-20T09:01:00Z",
    }


@pytest.mark.usefixtures("listening")
def test_a_list_of_codes_is_told_when_all_of_it_is_there(engine: Engine, workspace_id: int) -> None:
    offer_id = factories.offer(engine, workspace_id)
    options = code_import.ImportOptions("codes.csv")
    for _ in range(2):
        code_import.import_codes(engine, workspace_id, offer_id, options, b"code\nA111\nB222\n", clock)
    first, again = (one["data"] for one in told(engine))
    assert (first["kind"], first["import_id"], first["offer_id"]) == ("codes", None, f"off_{offer_id}")
    counts = sorted((one["rows"], one["added"], one["merged"], one["rejected"]) for one in (first, again))
    assert counts == [(2, 0, 2, 0), (2, 2, 0, 0)]
