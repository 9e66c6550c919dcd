"""A follow-up over a real socket: whoever clicks on the first message before the second leaves does not get it."""

from sqlalchemy import Engine
from sqlmodel import col, delete, select, update

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.follow_ups import NewFollowUp, create_follow_up
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, Message, SendBatch, Suppression
from linksvc.production import produce_batch, request_send
from sender.checks import decide, record
from sender.messages import OpenCampaign
from tests import factories
from tests.factories import NOW
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import scripted_smsc, until

SIZE = 60
EVERYBODY = NewFollowUp("Rappel", MessageFilter("produced", without=("clicked",)))


def sent_campaign(engine: Engine, workspace_id: int, size: int, **fields: object) -> int:
    """A campaign of which nothing is left to leave."""
    campaign_id = factories.produced_campaign(engine, workspace_id, size, **fields)
    with writing(engine) as session:
        session.exec(delete(SendBatch))
        session.exec(update(Campaign).values(state="sent"))
    return campaign_id


def sent_follow_up(engine: Engine, keyring: Keyring, workspace_id: int, parent_id: int) -> int:
    """A follow-up that was produced and may leave."""
    with writing(engine) as session:
        campaign_id = create_follow_up(session, workspace_id, parent_id, EVERYBODY, NOW)
        request_send(session, workspace_id, campaign_id, NOW)
    while produce_batch(engine, keyring, campaign_id, lambda: NOW):
        pass
    return campaign_id


def messages_of(engine: Engine, campaign_id: int) -> list[Message]:
    with reading(engine) as session:
        found = list(session.exec(select(Message).where(Message.campaign_id == campaign_id).order_by(col(Message.n))))
        session.expunge_all()
    return found


def learn_clicks(engine: Engine, parent_id: int, numbers: set[str]) -> None:
    """As ingest does; nobody applies them."""
    clicked = [one.n for one in messages_of(engine, parent_id) if one.number in numbers]
    hits = (factories.hit(parent_id, n, n, "human", occurred_at=now()) for n in clicked)
    factories.learn_hits(engine, *hits, recorded_at=now())


async def test_who_clicked_meanwhile_is_left_out_and_everybody_else_gets_one_message(
    engine: Engine, keyring: Keyring, workspace_id: int, sending: Sending, books: Books
) -> None:
    parent_id = sent_campaign(engine, workspace_id, SIZE, rate_per_s=40)
    campaign_id = sent_follow_up(engine, keyring, workspace_id, parent_id)
    # Those who would be sent to last: their clicks come while the first ones leave.
    late = {one.number for one in messages_of(engine, campaign_id)[-5:]}
    before = {messages_of(engine, campaign_id)[0].number}
    learn_clicks(engine, parent_id, before)
    async with scripted_smsc() as smsc, sending(smsc, rate_per_s=1_000, window_size=50):
        await until(lambda: len(smsc.submissions) > 2)
        learn_clicks(engine, parent_id, late)
        await until(lambda: len(books.facts("accepted")) + len(books.facts("unsent")) == SIZE)
    assert {reason for _, reason in books.facts("unsent")} == {"left_out"}
    got = [f"+{pdu.text('destination_addr')}" for pdu in smsc.submissions]
    everybody = {one.number for one in messages_of(engine, campaign_id)}
    assert len(everybody) == SIZE
    assert sorted(got) == sorted(everybody - late - before)
    assert books.states(campaign_id) == {"submitted": SIZE - 6, "left_out": 6}
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
    assert (funnel["produced"], funnel["left_out"], funnel["submitted"], funnel.unaccounted) == (SIZE, 6, SIZE - 6, 0)


def test_stop_goes_before_and_hours_come_after_leaving_out(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine, quiet_hours=True)
    parent_id = sent_campaign(engine, workspace_id, 4)
    campaign_id = sent_follow_up(engine, keyring, workspace_id, parent_id)
    numbers = [one.number for one in messages_of(engine, campaign_id)]
    learn_clicks(engine, parent_id, set(numbers[:2]))
    at_night = NOW.replace(hour=2)
    with writing(engine) as session:
        session.add(
            Suppression(workspace_id=workspace_id, number=numbers[0], reason="stop", occurred_at=NOW, recorded_at=NOW)
        )
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        campaign = OpenCampaign(campaign_id, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s)
        decisions = decide(session, campaign, messages_of(engine, campaign_id), at_night)
        record(session, campaign, decisions, at_night)
    assert decisions.unsent == {0: "stopped", 1: "left_out"}
    assert (decisions.allowed, set(decisions.held)) == ([], {2, 3})


def test_another_campaign_to_the_same_segment_leaves_nobody_out(engine: Engine, keyring: Keyring) -> None:
    workspace_id = factories.workspace(engine)
    parent_id = sent_campaign(engine, workspace_id, 2)
    campaign_id = sent_follow_up(engine, keyring, workspace_id, parent_id)
    learn_clicks(engine, parent_id, {one.number for one in messages_of(engine, campaign_id)})
    with writing(engine) as session:
        session.exec(update(Campaign).where(col(Campaign.id) == campaign_id).values(leave_out=""))
    with writing(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        campaign = OpenCampaign(campaign_id, row.workspace_id, row.kind, row.sender, row.text, row.rate_per_s)
        assert len(decide(session, campaign, messages_of(engine, campaign_id), NOW).allowed) == 2
