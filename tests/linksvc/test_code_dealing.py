"""Where the codes of a campaign's messages come from."""

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc import code_dealing
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.code_import import ImportOptions, import_codes
from linksvc.code_withdrawal import set_withdrawn
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.keys import Keyring
from linksvc.models import Campaign, CodeImport, Message, PromoCode
from linksvc.production import produce_batch, request_send
from linksvc.promo_codes import generate, generator
from linksvc.shared_codes import share
from tests import factories
from tests.factories import NOW


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_dealing, "CODES_AT_ONCE", 3)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def offer_id(engine: Engine, workspace_id: int) -> int:
    return factories.offer(engine, workspace_id)


def people(engine: Engine, workspace_id: int, count: int) -> None:
    for i in range(count):
        factories.contact(engine, workspace_id, f"+3363998{i:04d}")


def import_list(engine: Engine, workspace_id: int, offer_id: int, *codes: str) -> None:
    data = "\n".join(("code", *codes)).encode()
    import_codes(engine, workspace_id, offer_id, ImportOptions("codes.csv"), data, lambda: NOW)


def campaign_of(engine: Engine, workspace_id: int, offer_id: int, source: str) -> int:
    return factories.campaign(engine, workspace_id, offer_id=offer_id, code_source=source)


def send(engine: Engine, keyring: Keyring, workspace_id: int, campaign_id: int) -> None:
    with writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    produce(engine, keyring, campaign_id)


def produce(engine: Engine, keyring: Keyring, campaign_id: int) -> None:
    while produce_batch(engine, keyring, campaign_id, lambda: NOW):
        pass


def codes_on_messages(engine: Engine, campaign_id: int) -> list[str]:
    with reading(engine) as session:
        messages = select(Message.code).where(Message.campaign_id == campaign_id).order_by(col(Message.n))
        return list(session.exec(messages))


def state_of(engine: Engine, campaign_id: int) -> str:
    with reading(engine) as session:
        return session.exec(select(Campaign.state).where(Campaign.id == campaign_id)).one()


def test_each_message_gets_a_code_of_the_offers_lists_as_the_list_writes_it(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 5)
    written = [f"Noël-{i}lo" for i in range(7)]
    import_list(engine, workspace_id, offer_id, *written)
    campaign_id = campaign_of(engine, workspace_id, offer_id, "imported")
    send(engine, keyring, workspace_id, campaign_id)
    dealt = codes_on_messages(engine, campaign_id)
    assert dealt == written[:5]
    with reading(engine) as session:
        rows = session.exec(select(PromoCode).where(col(PromoCode.campaign_id) == campaign_id).order_by(col(PromoCode.n)))
        assert [(row.written, row.n, row.source) for row in rows] == [(code, n, "imported") for n, code in enumerate(dealt)]
        assert code_dealing.count_undealt(session, workspace_id, offer_id) == 2


def test_two_campaigns_never_get_the_same_code_of_a_list(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 4)
    import_list(engine, workspace_id, offer_id, *(f"LIST-{i}" for i in range(8)))
    campaigns = [campaign_of(engine, workspace_id, offer_id, "imported") for _ in range(2)]
    for campaign_id in campaigns:
        send(engine, keyring, workspace_id, campaign_id)
    dealt = [code for campaign_id in campaigns for code in codes_on_messages(engine, campaign_id)]
    assert len(set(dealt)) == 8


def test_a_code_that_was_used_or_disabled_before_is_not_dealt(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 1)
    import_list(engine, workspace_id, offer_id, "A111", "B222", "C333", "D444")
    with writing(engine) as session:
        for code, change in (("A111", {"used": 1}), ("B222", {"held": 1}), ("C333", {"disabled": True})):
            session.exec(update(PromoCode).where(col(PromoCode.code) == code).values(**change))
    campaign_id = campaign_of(engine, workspace_id, offer_id, "imported")
    send(engine, keyring, workspace_id, campaign_id)
    assert codes_on_messages(engine, campaign_id) == ["D444"]


def test_a_list_that_is_not_wholly_there_is_not_dealt_from(engine: Engine, workspace_id: int, offer_id: int) -> None:
    import_list(engine, workspace_id, offer_id, "A111", "B222")
    with writing(engine) as session:
        session.exec(update(CodeImport).values(state="running"))
    with reading(engine) as session:
        assert code_dealing.count_undealt(session, workspace_id, offer_id) == 0


def test_lists_that_are_too_short_are_told_before_anything_is_sent(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 3)
    import_list(engine, workspace_id, offer_id, "A111", "B222")
    campaign_id = campaign_of(engine, workspace_id, offer_id, "imported")
    with pytest.raises(InvalidRequest, match="3 people, and the lists of the offer have 2 codes left") as refused:
        send(engine, keyring, workspace_id, campaign_id)
    assert refused.value.code == "codes_too_few"
    assert state_of(engine, campaign_id) == "draft"


def test_production_waits_when_its_lists_are_used_up_and_goes_on_once_there_are_more(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 4)
    import_list(engine, workspace_id, offer_id, *(f"LIST-{i}" for i in range(5)))
    first, second = (campaign_of(engine, workspace_id, offer_id, "imported") for _ in range(2))
    for campaign_id in (first, second):
        # Both are let go while the lists suffice for either.
        with writing(engine) as session:
            request_send(session, workspace_id, campaign_id, NOW)
    produce(engine, keyring, first)
    produce(engine, keyring, second)
    assert [state_of(engine, id) for id in (first, second)] == ["sending", "producing"]
    assert codes_on_messages(engine, second).count("") == 3
    import_list(engine, workspace_id, offer_id, *(f"MORE-{i}" for i in range(3)))
    produce(engine, keyring, second)
    assert state_of(engine, second) == "sending"
    assert len(set(codes_on_messages(engine, second)) - {""}) == 4


def test_a_shared_code_stands_on_every_message(engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int) -> None:
    people(engine, workspace_id, 5)
    with writing(engine) as session:
        share(session, workspace_id, offer_id, "Noël 25", 1_000)
    campaign_id = campaign_of(engine, workspace_id, offer_id, "shared")
    send(engine, keyring, workspace_id, campaign_id)
    assert codes_on_messages(engine, campaign_id) == ["Noël 25"] * 5
    assert state_of(engine, campaign_id) == "sending"
    with reading(engine) as session:
        assert session.exec(select(PromoCode.campaign_id)).all() == [None]


def test_a_generated_code_that_a_list_has_is_passed_over(
    engine: Engine, keyring: Keyring, workspace_id: int, offer_id: int
) -> None:
    people(engine, workspace_id, 4)
    other = factories.offer(engine, workspace_id, name="Other")
    taken = generate(generator(keyring.promo_code), 1)
    import_list(engine, workspace_id, other, taken)
    campaign_id = campaign_of(engine, workspace_id, offer_id, "generated")
    send(engine, keyring, workspace_id, campaign_id)
    dealt = codes_on_messages(engine, campaign_id)
    assert len(set(dealt)) == 4
    assert taken not in dealt
    with reading(engine) as session:
        mine = select(PromoCode.code).where(col(PromoCode.campaign_id) == campaign_id).order_by(col(PromoCode.n))
        assert session.exec(mine).all() == dealt


def created(engine: Engine, workspace_id: int, offer_id: int, source: code_dealing.Source | None) -> str:
    new = NewCampaign("x", "marketing", "{{ code }} {{ stop }}", "36180", "", offer_id, 100, "all", code_source=source)
    with writing(engine) as session:
        campaign_id = create_campaign(session, workspace_id, new, NOW)
        return session.get_one(Campaign, campaign_id).code_source


def test_a_campaign_says_where_its_codes_come_from_once_there_is_a_choice(
    engine: Engine, workspace_id: int, offer_id: int
) -> None:
    assert created(engine, workspace_id, offer_id, None) == "generated"
    sources: tuple[code_dealing.Source, ...] = ("imported", "shared")
    for source in sources:
        with pytest.raises(InvalidRequest) as refused:
            created(engine, workspace_id, offer_id, source)
        assert refused.value.code == "code_source_empty"
    with writing(engine) as session:
        share(session, workspace_id, offer_id, "NOEL25", 10)
    with pytest.raises(InvalidRequest, match="generated or shared") as refused:
        created(engine, workspace_id, offer_id, None)
    assert refused.value.code == "code_source_missing"
    assert created(engine, workspace_id, offer_id, "shared") == "shared"
    assert created(engine, workspace_id, offer_id, "generated") == "generated"


def test_a_withdrawn_offer_is_not_sent_out(engine: Engine, workspace_id: int, offer_id: int) -> None:
    with writing(engine) as session:
        set_withdrawn(session, workspace_id, offer_id, True, NOW)
    with pytest.raises(InvalidRequest) as refused:
        created(engine, workspace_id, offer_id, None)
    assert refused.value.code == "offer_withdrawn"
