"""`ricochet segment`, and a campaign that is sent to segments or follows another up."""

import pytest
from sqlmodel import col, update

from linksvc.database import open_engine, reading, writing
from linksvc.models import Campaign, Message
from tests import factories
from tests.factories import NOW
from tests.ricochet.conftest import Terminal

KEEP = ("segment", "keep", "cmp_1")


@pytest.fixture
def sent(terminal: Terminal, sqlite_url: str) -> Terminal:
    """A campaign of five messages; two were clicked."""
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 5)
    with writing(engine) as session:
        mine = (col(Message.campaign_id) == campaign_id, col(Message.n).in_((1, 3)))
        session.exec(update(Message).where(*mine).values(clicked_at=NOW))
    engine.dispose()
    return terminal


def test_people_are_kept_listed_renamed_and_deleted(sent: Terminal) -> None:
    assert sent.done(*KEEP, "--name", "Silent", "--not", "clicked") == "seg_1\t3\n"
    assert sent.done("segment", "list") == "seg_1\t3\tcmp_1\tstage=produced&not=clicked\tSilent\n"
    shown = sent.done("segment", "show", "seg_1")
    assert "seg_1 Silent" in shown and "cmp_1 Black Friday" in shown and "messages" not in shown
    members = [line.split("\t") for line in sent.done("segment", "members", "seg_1").splitlines()]
    assert sorted(int(member[0]) for member in members) == [0, 2, 4]
    assert {(member[3], member[5]) for member in members} == {("Zoé", "FR")}
    assert "Quiet" in sent.done("segment", "rename", "seg_1", "--name", "Quiet")
    assert sent.done("segment", "delete", "seg_1") == "seg_1 is deleted.\n"
    assert sent.done("segment", "list") == ""


def test_what_cannot_be_kept_is_one_line(sent: Terminal) -> None:
    assert "Nobody stands behind" in sent.refused(*KEEP, "--name", "x", "--stage", "paid")
    assert "There is no stage" in sent.refused(*KEEP, "--name", "x", "--stage", "happy")
    sent.done(*KEEP, "--name", "x")
    assert "already" in sent.refused(*KEEP, "--name", "x", "--not", "clicked")
    assert "no such campaign" in sent.refused("segment", "keep", "cmp_9", "--name", "y")
    assert "There is no segment seg_9" in sent.refused("segment", "members", "seg_9")
    assert "Its id looks like" in sent.refused("segment", "show", "cmp_1")


def test_a_campaign_goes_to_segments_and_its_audience_is_counted(sent: Terminal) -> None:
    sent.done(*KEEP, "--name", "Silent", "--not", "clicked")
    sent.done(*KEEP, "--name", "All")
    written = ("campaign", "create", "--name", "x", "--text", "{{ stop }}", "--sender", "36180", "--audience")
    assert sent.done(*written, "seg_1, seg_2") == "cmp_2\n"
    told = [" ".join(line.split()) for line in sent.done("campaign", "audience", "cmp_2").splitlines()]
    assert told == ["seg_1 Silent: 3", "seg_2 All: 5", "listed 8", "people 5", "may be sent to 5"]
    assert "cmp_2" in sent.refused("segment", "delete", "seg_1")
    assert "There is no segment seg_9" in sent.refused(*written, "seg_9")


def test_a_campaign_is_followed_up(sent: Terminal, sqlite_url: str) -> None:
    follow = ("campaign", "follow-up", "cmp_1", "--name", "Rappel", "--not", "clicked")
    assert sent.done(*follow) == "cmp_2\n"
    assert sent.done(*follow) == "cmp_2\n"
    assert sent.done(*follow, "--leave-out", "clicked", "--leave-out", "redeemed") == "cmp_3\n"
    assert "cannot be left out" in sent.refused(*follow, "--leave-out", "delivered")
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        made = [session.get_one(Campaign, id) for id in (2, 3)]
        assert [(one.parent_id, one.leave_out) for one in made] == [(1, "clicked"), (1, "clicked redeemed")]
    engine.dispose()
    assert sent.done("segment", "list").splitlines()[0].endswith("Rappel (2)")
