import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc import facts
from linksvc.applier import apply_batch
from linksvc.counters import brute_force, stored
from linksvc.database import open_engine, reading, writing
from linksvc.errors import InvalidRequest
from linksvc.facts import NewFact
from linksvc.fragments import analyse
from linksvc.models import Attempt, Campaign, Contact, Fact, Inbound, Message, Reply, SendBatch, Suppression, Workspace
from linksvc.reply_texts import HELP, START, STOP, change_reply, reply_text
from linksvc.templates import Template
from sender import auto_replies, checks, inbound
from sender.messages import OpenCampaign
from tests import factories
from tests.factories import NOW
from tests.sender.inbound_scenes import ZOE, Scene, deliver

MINUTE = timedelta(minutes=1)


on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine, factories.route(engine))


@pytest.fixture
def workspace_id(engine: Engine, scene: Scene) -> int:
    """One that wrote to Zoé."""
    workspace_id = factories.workspace(engine)
    scene.wrote(workspace_id)
    return workspace_id


def words(scene: Scene) -> list[str]:
    return [word for word, _, _ in scene.answers()]


def test_a_stop_is_confirmed_once(scene: Scene, workspace_id: int) -> None:
    scene.say("STOP")
    scene.say("STOP", at=NOW + MINUTE)
    scene.say("Stop !", at=NOW + 2 * MINUTE)
    scene.say("arrêt", at=NOW + timedelta(days=2))
    text = "Boutique Lumen : vous ne recevrez plus nos SMS. Pour en recevoir à nouveau, répondez START."
    assert scene.answers() == [("STOP", ZOE, text)]
    assert scene.suppressed() == {workspace_id}


def test_stop_start_stop_in_a_minute_is_obeyed_each_time(scene: Scene, workspace_id: int) -> None:
    scene.say("STOP")
    scene.say("START", at=NOW + MINUTE / 4)
    assert scene.suppressed() == set()
    scene.say("STOP", at=NOW + MINUTE / 2)
    scene.say("STOP", at=NOW + MINUTE)
    assert scene.suppressed() == {workspace_id}
    assert words(scene) == ["STOP", "START", "STOP"]
    assert [row.kind for row in scene.inbounds()] == ["stop", "start", "stop"]


def test_a_start_that_comes_again_behind_a_stop_lifts_nothing(scene: Scene, workspace_id: int) -> None:
    scene.say("STOP")
    scene.say("START", at=NOW + MINUTE)
    scene.say("STOP", at=NOW + 2 * MINUTE)
    scene.say("START", at=NOW + 3 * MINUTE)
    assert scene.suppressed() == {workspace_id}
    scene.say("START", at=NOW + 12 * MINUTE)
    assert scene.suppressed() == set()


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_a_start_without_a_stop_changes_and_answers_nothing(scene: Scene) -> None:
    scene.say("START")
    assert (words(scene), [row.kind for row in scene.inbounds()]) == ([], ["start"])


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_a_yes_is_a_start_only_from_somebody_who_said_stop(scene: Scene) -> None:
    scene.say("OUI")
    scene.say("STOP", at=NOW + MINUTE)
    scene.say("oui svp", at=NOW + 2 * MINUTE)
    assert [row.kind for row in scene.inbounds()] == ["text", "stop", "start"]
    assert scene.suppressed() == set()


def test_a_start_lifts_no_other_reason_and_a_stop_takes_its_place(scene: Scene, workspace_id: int) -> None:
    row = Suppression(workspace_id=workspace_id, number=ZOE, reason="unreachable", occurred_at=NOW, recorded_at=NOW)
    with writing(scene.engine) as session:
        session.add(row)
    scene.say("START")
    assert scene.suppressed() == {workspace_id}
    scene.say("STOP", at=NOW + MINUTE)
    assert [row.reason for row in scene.rows(Suppression)] == ["stop"]
    assert words(scene) == ["STOP"]


def test_a_start_reaches_those_whom_the_stop_reached_and_the_last_of_them_answers(
    engine: Engine, scene: Scene, workspace_id: int
) -> None:
    second, other = factories.workspace(engine, "Second"), factories.workspace(engine, "Other")
    scene.wrote(second, at=NOW + MINUTE)
    scene.wrote(other, sender="38000")
    scene.say("STOP", at=NOW + 2 * MINUTE)
    scene.say("STOP", to="38000", at=NOW + 3 * MINUTE)
    assert scene.suppressed() == {workspace_id, second, other}
    scene.say("START", at=NOW + 4 * MINUTE)
    assert scene.suppressed() == {other}
    assert [text.partition(" :")[0] for _, _, text in scene.answers()] == ["Second", "Other", "Second"]


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_help_is_answered_once_an_hour(scene: Scene) -> None:
    for minutes in (0, 11, 40, 61, 62):
        scene.say("AIDE", at=NOW + minutes * MINUTE)
    assert words(scene) == ["HELP", "HELP"]
    assert scene.suppressed() == set()


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_help_twice_in_one_transaction_is_answered_once(scene: Scene) -> None:
    with writing(scene.engine) as session:
        received = [inbound.read(deliver(ZOE, text), NOW) for text in (b"HELP", b"AIDE")]
        inbound.store(session, scene.route_id, received, NOW)
    assert words(scene) == ["HELP"]


def test_what_a_stop_stopped_does_not_leave_after_a_start(engine: Engine, scene: Scene, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    with writing(engine) as session:
        session.exec(update(Message).where(col(Message.campaign_id) == campaign_id, col(Message.n) == 1).values(number=ZOE))
        session.exec(update(SendBatch).where(col(SendBatch.campaign_id) == campaign_id).values(worker="w"))
    scene.say("STOP")
    scene.say("START", at=NOW + MINUTE)
    batches = {(row.first_n, row.size) for row in scene.rows(SendBatch) if row.campaign_id == campaign_id}
    assert batches == {(0, 1), (2, 1)}


@on_one_database
@pytest.mark.parametrize(
    ("text", "country", "beginning"),
    [
        ("AIDE", "GB", "Boutique Lumen : nous"),
        ("HELP", "FR", "Boutique Lumen: we text"),
        ("INFO", "FR", "Boutique Lumen : nous"),
        ("INFO", "GB", "Boutique Lumen: we text"),
        ("STOP", "BE", "Boutique Lumen : vous"),
        ("STOP", "US", "Boutique Lumen: you will"),
        ("ARRET", "CA", "Boutique Lumen : vous"),
        ("Cancel", "FR", "Boutique Lumen: you will"),
    ],
)
def test_an_answer_speaks_the_word_s_language_or_the_number_s(
    engine: Engine, scene: Scene, text: str, country: str, beginning: str
) -> None:
    scene.wrote(factories.workspace(engine), country=country)
    scene.say(text)
    ((_, _, answer),) = scene.answers()
    assert answer.startswith(beginning)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", [STOP, START, HELP])
def test_the_built_in_answers_are_one_fragment_of_gsm_7_with_any_name(kind: str, language: str) -> None:
    text = reply_text(Workspace(name="Boutique Lumen", created_at=NOW), kind, language)
    assert (analyse(text).encoding, analyse(text).fragments) == ("GSM-7", 1)
    assert Template.parse(text).fields == frozenset()
    for name in ("A company with a longer name than is reasonable " * 3, "{{ first_name }}", "商店" * 20):
        unnamed = reply_text(Workspace(name=name, created_at=NOW), kind, language)
        assert name not in unnamed and unnamed[0].isupper()
        Template.parse(unnamed)


@on_one_database
def test_a_workspace_answers_in_its_own_words(engine: Engine, scene: Scene, workspace_id: int) -> None:
    with writing(engine) as session:
        workspace = session.get(Workspace, workspace_id)
        assert workspace is not None
        change_reply(workspace, STOP, " Au revoir {{ first_name }}. ")
    scene.say("STOP")
    assert [text for _, _, text in scene.answers()] == ["Au revoir {{ first_name }}."]


@pytest.mark.parametrize("text", ["{{ link }}", "{{ code }}", "{{ nothing }}", "{% if %}", "{{"])
def test_an_answer_that_cannot_be_rendered_is_refused(text: str) -> None:
    workspace = Workspace(name="x", created_at=NOW)
    with pytest.raises(InvalidRequest):
        change_reply(workspace, HELP, text)
    change_reply(workspace, HELP, "")
    assert workspace.help_reply == ""


@pytest.mark.usefixtures("workspace_id")
def test_the_answer_is_a_message_like_any_other(engine: Engine, scene: Scene) -> None:
    scene.say("STOP")
    (row,) = scene.inbounds()
    assert row.answer_campaign_id is not None
    with reading(engine) as session:
        campaign = session.exec(select(Campaign).where(Campaign.id == row.answer_campaign_id)).one()
        assert (campaign.kind, campaign.state, campaign.sender, campaign.produced) == ("reply", "sending", "36180", 1)
        message = session.exec(select(Message).where(Message.campaign_id == campaign.id)).one()
        batch = session.exec(select(SendBatch).where(SendBatch.campaign_id == campaign.id)).one()
    assert (message.n, message.number, message.country, message.network) == (row.answer_n, ZOE, "FR", "20801")
    assert message.contact_id == row.contact_id
    assert (batch.first_n, batch.size, batch.country, batch.network, batch.due_at) == (0, 1, "FR", "20801", NOW)


def test_answers_of_one_text_share_a_campaign_whose_figures_add_up(engine: Engine, scene: Scene, workspace_id: int) -> None:
    for last in range(2, 6):
        scene.wrote(workspace_id, f"+3363998000{last}")
    with writing(engine) as session:
        pdus = [deliver(f"+3363998000{last}", b"STOP") for last in range(1, 6)]
        inbound.store(session, scene.route_id, [inbound.read(pdu, NOW) for pdu in pdus], NOW)
    ((campaign_id, produced),) = [(row.id or 0, row.produced) for row in scene.rows(Campaign) if row.kind == "reply"]
    assert produced == 5
    with reading(engine) as session:
        assert stored(session, campaign_id) == brute_force(session, campaign_id) != {}


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_a_campaign_of_answers_never_ends(engine: Engine, scene: Scene) -> None:
    scene.say("STOP")
    (campaign_id,) = [row.id or 0 for row in scene.rows(Campaign) if row.kind == "reply"]
    with writing(engine) as session:
        facts.record(session, [NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=scene.route_id)], NOW)
    assert apply_batch(engine, campaign_id, "test", lambda: NOW) == 1
    (state,) = [row.state for row in scene.rows(Campaign) if row.id == campaign_id]
    assert state == "sending"


def test_an_answer_leaves_though_its_number_is_suppressed_and_no_contact_but_not_an_hour_late(
    engine: Engine, scene: Scene
) -> None:
    scene.wrote(factories.workspace(engine), contact=False)
    scene.say("STOP")
    (campaign,) = [row for row in scene.rows(Campaign) if row.kind == "reply"]
    (message,) = [row for row in scene.rows(Message) if row.campaign_id == campaign.id]
    assert (message.contact_id, scene.inbounds()[0].contact_id) == (0, None)
    opened = OpenCampaign(campaign.id or 0, campaign.workspace_id, campaign.kind, campaign.sender, campaign.text, 100)
    with writing(engine) as session:
        decided = checks.decide(session, opened, [message], NOW + auto_replies.LASTS - timedelta(seconds=1))
        assert list(decided.allowed) == [message]
        late = checks.decide(session, opened, [message], NOW + auto_replies.LASTS)
        assert (list(late.allowed), dict(late.unsent)) == ([], {0: "expired_unsent"})


@on_one_database
@pytest.mark.usefixtures("workspace_id")
def test_nobody_and_no_machine_is_answered(scene: Scene) -> None:
    scene.say("STOP", number="+33639989999")
    scene.say("HELP", number="36180")
    scene.hear(deliver("Lumen", b"HELP", source_addr_ton=5))
    assert scene.answers() == []


@pytest.mark.usefixtures("workspace_id")
def test_what_answers_our_answer_answers_the_message_before_it(engine: Engine, scene: Scene) -> None:
    scene.say("HELP")
    (campaign_id,) = [row.id or 0 for row in scene.rows(Campaign) if row.kind == "reply"]
    shared = {"campaign_id": campaign_id, "n": 0, "part": 1, "attempt": 1, "parts": 1, "worker": "w"}
    at = NOW + MINUTE
    with writing(engine) as session:
        session.add(Attempt(**shared, route_id=scene.route_id, occurred_at=at, recorded_at=at))
    scene.say("STOP", at=NOW + 2 * MINUTE)
    assert {row.campaign_id for row in scene.rows(Reply)}.isdisjoint({campaign_id})
    assert [fact.kind for fact in scene.rows(Fact) if fact.campaign_id == campaign_id] == []
    assert words(scene) == ["HELP", "STOP"]


def test_what_waits_is_stopped_but_for_what_was_handed_over_and_for_our_answers(engine: Engine, scene: Scene) -> None:
    workspace_id = factories.workspace(engine)
    scene.wrote(workspace_id)
    campaigns = [factories.produced_campaign(engine, workspace_id, 1) for _ in range(2)]
    with writing(engine) as session:
        session.exec(update(Message).where(col(Message.campaign_id).in_(campaigns)).values(number=ZOE))
        held = (col(Message.campaign_id) == campaigns[0],)
        session.exec(update(Message).where(*held).values(state="held"))
    scene.say("HELP")
    scene.say("STOP", at=NOW + MINUTE)
    stopped = [(fact.campaign_id, fact.value) for fact in scene.rows(Fact) if fact.kind == "unsent"]
    assert sorted(stopped) == [(id, "stopped") for id in campaigns]


def test_a_contact_is_found_by_the_message_or_by_the_number(engine: Engine, scene: Scene) -> None:
    workspace_id = factories.workspace(engine)
    scene.wrote(workspace_id, contact=False)
    contact_id = factories.contact(engine, workspace_id, ZOE)
    scene.say("Merci")
    assert [row.contact_id for row in scene.inbounds()] == [contact_id]
    scene.wrote(workspace_id, "+33639980002")
    with writing(engine) as session:
        moved = update(Contact).where(col(Contact.number) == "+33639980002").values(number="+33639980003")
        session.exec(moved)
    scene.say("Merci", number="+33639980002", at=NOW + MINUTE)
    assert scene.inbounds()[-1].contact_id is not None


def test_two_binds_that_hear_one_stop_answer_once(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    scene = Scene(engine, factories.route(engine))
    scene.wrote(factories.workspace(engine))
    ready = threading.Barrier(4)

    def hear() -> None:
        ready.wait()
        scene.say("STOP")

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scene.rows(Inbound)) == len(scene.answers()) == 1
    engine.dispose()
