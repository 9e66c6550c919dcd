from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc import code_dealing, counters, production, promo_codes
from linksvc.audiences import count_audience
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.models import (
    Campaign,
    Contact,
    ContactImport,
    ImportedContact,
    Link,
    Message,
    PromoCode,
    SendBatch,
    SerialBlock,
    Suppression,
)
from linksvc.production import produce_batch, request_send
from linksvc.short_codes import ShortCodes
from tests import factories
from tests.factories import NOW


def people(engine: Engine, workspace_id: int, count: int, untracked: frozenset[int] = frozenset()) -> None:
    for i in range(count):
        consent = None if i in untracked else NOW
        factories.contact(engine, workspace_id, f"+3363998{i:04d}", tracking_consent_at=consent)


def send(engine: Engine, keyring: Keyring, workspace_id: int, campaign_id: int) -> None:
    with writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    while produce_batch(engine, keyring, campaign_id, lambda: NOW):
        pass


def messages_of(engine: Engine, campaign_id: int) -> list[Message]:
    with reading(engine) as session:
        found = session.exec(select(Message).where(Message.campaign_id == campaign_id).order_by(col(Message.n)))
        return list(found)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(production, "WINDOW_ROWS", 4)
    monkeypatch.setattr(code_dealing, "CODES_AT_ONCE", 3)


def test_every_contact_who_may_be_sent_to_gets_one_message(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 11, frozenset({1, 2, 8}))
    factories.contact(engine, workspace_id, "+33639990000", marketing_consent_at=None)
    stopped = factories.contact(engine, workspace_id, "+33639990001")
    with writing(engine) as session:
        session.add(
            Suppression(workspace_id=workspace_id, number="+33639990001", reason="stop", occurred_at=NOW, recorded_at=NOW)
        )
    factories.contact(engine, factories.workspace(engine, "Another"), "+33639990002")
    campaign_id = factories.campaign(engine, workspace_id)
    send(engine, keyring, workspace_id, campaign_id)
    made = messages_of(engine, campaign_id)
    assert [message.n for message in made] == list(range(11))
    assert len({message.contact_id for message in made}) == 11
    assert stopped not in {message.contact_id for message in made}
    assert sum(not message.tracked for message in made) == 3
    assert all(message.state == "queued" and message.produced_at == NOW for message in made)
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
        assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)
    assert (funnel["produced"], funnel["queued"], funnel.state) == (11, 11, "sending")


def sharing(engine: Engine, workspace_id: int, number: str, *consents: bool) -> list[int]:
    """Contacts who are told apart by an id of the company's own, and have one number."""
    return [
        factories.contact(
            engine,
            workspace_id,
            number,
            identity=f"x:{number}-{place}",
            external_id=f"{number}-{place}",
            marketing_consent_at=NOW if consented else None,
        )
        for place, consented in enumerate(consents)
    ]


def test_a_number_that_several_contacts_share_gets_one_message(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    first, *_ = sharing(engine, workspace_id, "+33639990000", True, True)
    people(engine, workspace_id, 6)
    # Beyond the first window, and the one who did not consent stands in nobody's way.
    *_, willing, _ = sharing(engine, workspace_id, "+33639990001", False, True, True)
    sharing(engine, workspace_id, "+33639990002", True)
    sharing(engine, factories.workspace(engine, "Another"), "+33639990002", True)
    campaign_id = factories.campaign(engine, workspace_id)
    with reading(engine) as session:
        counted = count_audience(session, workspace_id, campaign_id)
    assert (counted.people, counted.sendable) == (12, 9)
    assert counted.left_out == {"no_number": 0, "no_consent": 1, "stopped": 0, "same_number": 2}
    send(engine, keyring, workspace_id, campaign_id)
    made = messages_of(engine, campaign_id)
    assert len(made) == len({message.number for message in made}) == counted.sendable
    assert {first, willing} <= {message.contact_id for message in made}


def test_a_number_shared_with_somebody_outside_of_the_import_is_sent_to(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    _, second, third = sharing(engine, workspace_id, "+33639990000", True, True, True)
    row = ContactImport(
        workspace_id=workspace_id,
        file_name="vip.csv",
        state="finished",
        identity="external_id",
        country="FR",
        tracking_consent=True,
        created_at=NOW,
    )
    import_id = factories.add(engine, row)
    with writing(engine) as session:
        session.add_all(ImportedContact(import_id=import_id, contact_id=id) for id in (second, third))
    campaign_id = factories.campaign(engine, workspace_id, audience_import_id=import_id)
    send(engine, keyring, workspace_id, campaign_id)
    assert [message.contact_id for message in messages_of(engine, campaign_id)] == [second]


def test_every_message_is_queued_in_a_batch_of_its_country_and_network(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    for i in range(9):
        fields = {"country": "BE" if i % 3 else "FR", "network": "20801" if i in (0, 3) else ""}
        factories.contact(engine, workspace_id, f"+3363998{i:04d}", **fields)
    later = NOW + timedelta(days=1)
    campaign_id = factories.campaign(engine, workspace_id, send_at=later)
    send(engine, keyring, workspace_id, campaign_id)
    kinds = {message.n: (message.country, message.network) for message in messages_of(engine, campaign_id)}
    with reading(engine) as session:
        batches = session.exec(select(SendBatch)).all()
        assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)
    queued = [(n, (row.country, row.network)) for row in batches for n in range(row.first_n, row.first_n + row.size)]
    assert len(queued) == 9 and dict(queued) == kinds
    assert set(kinds.values()) == {("BE", ""), ("FR", ""), ("FR", "20801")}
    assert all(row.due_at == later and row.worker == "" for row in batches)


def test_a_batch_is_a_sample_of_its_people_and_not_those_of_the_lowest_ids(
    engine: Engine, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "WINDOW_ROWS", 100)
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 40)
    campaign_id = factories.campaign(engine, workspace_id)
    send(engine, keyring, workspace_id, campaign_id)
    contacts = [message.contact_id for message in messages_of(engine, campaign_id)]
    first_half = sorted(contacts)[:20]
    assert 5 <= len(set(contacts[:20]) & set(first_half)) <= 15


def test_every_message_has_a_serial_in_a_block_of_its_own_kind(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 11, frozenset({1, 2, 8}))
    first = factories.campaign(engine, workspace_id)
    second = factories.campaign(engine, workspace_id)
    for campaign_id in (first, second):
        send(engine, keyring, workspace_id, campaign_id)
    with reading(engine) as session:
        blocks = session.exec(select(SerialBlock)).all()
        links = session.exec(select(Link)).all()
    serials = [serial for block in blocks for serial in range(block.first_serial, block.first_serial + block.size)]
    assert len(serials) == len(set(serials)) == 22
    assert {(link.campaign_id, link.id) for link in links} == {(first, 1), (second, 1)}
    for campaign_id in (first, second):
        own = [block for block in blocks if block.campaign_id == campaign_id]
        for message in messages_of(engine, campaign_id):
            (block,) = [b for b in own if b.first_n <= message.n < b.first_n + b.size]
            assert block.tracked == message.tracked
            assert len(ShortCodes.of(keyring).encode(block.first_serial + message.n - block.first_n)) == 11


def test_a_block_that_a_tracker_may_have_read_never_changes(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 11)
    campaign_id = factories.campaign(engine, workspace_id)
    with writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    seen: list[tuple[int, int, int]] = []
    while produce_batch(engine, keyring, campaign_id, lambda: NOW):
        with reading(engine) as session:
            blocks = session.exec(select(SerialBlock).order_by(col(SerialBlock.first_serial))).all()
        now = [(block.first_serial, block.size, block.first_n) for block in blocks]
        assert now[: len(seen)] == seen
        seen = now
    assert sum(size for _, size, _ in seen) == 11


def test_a_campaign_without_a_link_takes_no_serial(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 2)
    campaign_id = factories.campaign(engine, workspace_id, destination_url="", text="Hello {{ stop }}")
    send(engine, keyring, workspace_id, campaign_id)
    with reading(engine) as session:
        assert session.exec(select(SerialBlock)).all() == []
    assert len(messages_of(engine, campaign_id)) == 2


def test_every_message_of_an_offer_gets_a_code_of_its_own_for_the_till(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 7)
    offer_id = factories.offer(engine, workspace_id, uses_per_code=2)
    campaign_id = factories.campaign(engine, workspace_id, offer_id=offer_id)
    send(engine, keyring, workspace_id, campaign_id)
    made = messages_of(engine, campaign_id)
    with reading(engine) as session:
        codes = {code.code: code for code in session.exec(select(PromoCode))}
    assert len(codes) == len(made) == 7
    for message in made:
        code = codes[message.code]
        assert promo_codes.has_valid_check(code.code)
        assert (code.campaign_id, code.n, code.workspace_id) == (campaign_id, message.n, workspace_id)
        assert (code.offer_id, code.max_uses, code.used) == (offer_id, 2, 0)


def test_the_audience_of_one_import_holds_nobody_else(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 5)
    import_id = factories.add(
        engine,
        ContactImport(
            workspace_id=workspace_id,
            file_name="a.csv",
            identity="number",
            country="FR",
            tracking_consent=True,
            created_at=NOW,
        ),
    )
    with writing(engine) as session:
        for contact in session.exec(select(Contact).limit(2)).all():
            session.add(ImportedContact(import_id=import_id, contact_id=contact.id or 0))
    campaign_id = factories.campaign(engine, workspace_id, audience_import_id=import_id)
    send(engine, keyring, workspace_id, campaign_id)
    assert len(messages_of(engine, campaign_id)) == 2


def test_a_transactional_campaign_needs_no_consent_to_marketing(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    factories.contact(engine, workspace_id, marketing_consent_at=None)
    campaign_id = factories.campaign(engine, workspace_id, kind="transactional")
    send(engine, keyring, workspace_id, campaign_id)
    assert len(messages_of(engine, campaign_id)) == 1


def test_a_second_send_is_refused_and_changes_nothing(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 2)
    campaign_id = factories.campaign(engine, workspace_id)
    send(engine, keyring, workspace_id, campaign_id)
    with pytest.raises(Conflict, match="sent already") as refused, writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    assert refused.value.code == "campaign_already_sent"
    assert len(messages_of(engine, campaign_id)) == 2


def test_sending_to_nobody_is_refused_and_the_draft_stays_a_draft(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.campaign(engine, workspace_id)
    with pytest.raises(InvalidRequest) as refused, writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    assert refused.value.code == "audience_empty"
    with reading(engine) as session:
        assert session.exec(select(Campaign.state)).one() == "draft"


def test_another_workspace_cannot_send_it(engine: Engine) -> None:
    campaign_id = factories.campaign(engine, factories.workspace(engine))
    stranger = factories.workspace(engine, "Another")
    with pytest.raises(NotFound), writing(engine) as session:
        request_send(session, stranger, campaign_id, NOW)


def test_senders_wait_until_trackers_know_the_blocks(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 1)
    campaign_id = factories.campaign(engine, workspace_id)
    send(engine, keyring, workspace_id, campaign_id)
    with reading(engine) as session:
        campaign = session.exec(select(Campaign)).one()
    assert campaign.first_submit_after == NOW + timedelta(seconds=2)


def test_after_keys_were_replaced_a_code_that_a_former_one_had_made_is_passed_over(engine: Engine) -> None:
    keyring = Keyring.derive("a former secret key, of the tests alone", "the present secret key, of the tests alone")
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 3)
    offer_id = factories.offer(engine, workspace_id)
    permutation = promo_codes.generator(keyring.promo_code)
    drawn = [promo_codes.generate(permutation, serial) for serial in range(4)]
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=drawn[1], offer_id=offer_id))
    campaign_id = factories.campaign(engine, workspace_id, offer_id=offer_id)
    send(engine, keyring, workspace_id, campaign_id)
    assert [message.code for message in messages_of(engine, campaign_id)] == [drawn[0], drawn[2], drawn[3]]


def test_a_campaigns_blocks_keep_the_version_of_the_key_they_were_made_with(engine: Engine) -> None:
    keyring = Keyring.derive("a former secret key, of the tests alone", "the present secret key, of the tests alone")
    workspace_id = factories.workspace(engine)
    people(engine, workspace_id, 2)
    campaign_id = factories.campaign(engine, workspace_id)
    send(engine, keyring, workspace_id, campaign_id)
    with reading(engine) as session:
        assert set(session.exec(select(SerialBlock.key_version))) == {1}
