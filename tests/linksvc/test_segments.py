"""Frozen segments, and campaigns that are sent to them."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc import production
from linksvc.audiences import count_audience, read_audience
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.database import reading, writing
from linksvc.errors import NotFound, Problem
from linksvc.keys import Keyring
from linksvc.message_filters import MessageFilter
from linksvc.models import Campaign, Contact, Message, SegmentMember, Suppression
from linksvc.production import produce_batch, request_send
from linksvc.segments import (
    KeptSegment,
    delete_segment,
    find_segment,
    keep_segment,
    list_members,
    list_segments,
    rename_segment,
)
from linksvc.standing_campaigns import SINGLE
from tests import factories
from tests.factories import NOW

PRODUCED = MessageFilter("produced")
CLICKED = MessageFilter("clicked")
UNCLICKED = MessageFilter("produced", without=("clicked",))


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def keep(
    engine: Engine, workspace_id: int, campaign_id: int, chosen: MessageFilter = PRODUCED, name: str = "All of them"
) -> KeptSegment:
    with writing(engine) as session:
        return keep_segment(session, workspace_id, campaign_id, chosen, name, NOW)


def clicked(engine: Engine, campaign_id: int, *ns: int) -> None:
    with writing(engine) as session:
        mine = (col(Message.campaign_id) == campaign_id, col(Message.n).in_(ns))
        session.exec(update(Message).where(*mine).values(clicked_at=NOW))


def members(engine: Engine, workspace_id: int, segment_id: int, limit: int = 100) -> list[int]:
    """The messages of all its people, page by page."""
    ns: list[int] = []
    after: int | None = None
    with reading(engine) as session:
        while True:
            page = list_members(session, workspace_id, segment_id, after, limit)
            ns += [member.n for member in page.members]
            if (after := page.next_after) is None:
                return ns


def draft(engine: Engine, workspace_id: int, *segment_ids: int, kind: str = "marketing") -> int:
    text = "Encore : {{ stop }}"
    new = NewCampaign("Encore", kind, text, "36180", "", None, 100, ("segments", segment_ids))
    with writing(engine) as session:
        return create_campaign(session, workspace_id, new, NOW)


def send(engine: Engine, keyring: Keyring, workspace_id: int, campaign_id: int) -> None:
    with writing(engine) as session:
        request_send(session, workspace_id, campaign_id, NOW)
    while produce_batch(engine, keyring, campaign_id, lambda: NOW):
        pass


def sent_to(engine: Engine, campaign_id: int) -> dict[int, int]:
    """{contact: segment} of the messages made. Fails if anybody got two."""
    with reading(engine) as session:
        rows = session.exec(select(Message).where(Message.campaign_id == campaign_id)).all()
        found = {row.contact_id: row.segment_id for row in rows}
    assert len(found) == len(rows)
    return found


def contacts_of(engine: Engine, segment_id: int) -> set[int]:
    with reading(engine) as session:
        return set(session.exec(select(SegmentMember.contact_id).where(SegmentMember.segment_id == segment_id)))


def refusal(engine: Engine, act: object, *arguments: object) -> Problem:
    with pytest.raises(Problem) as refused, writing(engine) as session:
        act(session, *arguments)  # type: ignore[operator]
    return refused.value


def test_a_segment_holds_exactly_the_people_behind_the_number_and_nobody_joins_later(
    engine: Engine, workspace_id: int
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 7)
    clicked(engine, campaign_id, 1, 4)
    did, did_not = (
        keep(engine, workspace_id, campaign_id, chosen, name) for chosen, name in ((CLICKED, "Did"), (UNCLICKED, "Did not"))
    )
    clicked(engine, campaign_id, 0)
    assert (did.contacts, did.messages, did_not.contacts) == (2, 2, 5)
    assert sorted(members(engine, workspace_id, did.id)) == [1, 4]
    assert sorted(members(engine, workspace_id, did_not.id, limit=2)) == [0, 2, 3, 5, 6]
    assert (did_not.filter, did_not.campaign_name) == (UNCLICKED.query(), "Black Friday")


def test_of_single_messages_each_person_is_kept_once_and_the_segment_says_how_many_messages_they_got(
    engine: Engine, workspace_id: int
) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3, kind=SINGLE)
    with writing(engine) as session:
        first = session.exec(select(Message.contact_id).where(Message.campaign_id == campaign_id, Message.n == 0)).one()
        session.exec(
            update(Message).where(col(Message.campaign_id) == campaign_id, col(Message.n) == 2).values(contact_id=first)
        )
    kept = keep(engine, workspace_id, campaign_id)
    assert (kept.messages, kept.contacts) == (3, 2)
    assert sorted(members(engine, workspace_id, kept.id)) == [0, 1]


def test_a_number_with_nobody_behind_it_is_no_segment_and_leaves_its_name_free(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 2)
    assert refusal(engine, keep_segment, workspace_id, campaign_id, CLICKED, "Clicked", NOW).code == "segment_empty"
    assert keep(engine, workspace_id, campaign_id, PRODUCED, "Clicked").contacts == 2


def test_the_same_form_sent_twice_keeps_one_segment_and_a_name_is_given_once(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    clicked(engine, campaign_id, 0)
    first = keep(engine, workspace_id, campaign_id)
    clicked(engine, campaign_id, 1)
    assert keep(engine, workspace_id, campaign_id) == first
    late = NOW + timedelta(minutes=2)
    for chosen, now in ((CLICKED, NOW), (PRODUCED, late)):
        refused = refusal(engine, keep_segment, workspace_id, campaign_id, chosen, " All of them ", now)
        assert (refused.code, refused.errors[0].field) == ("segment_name_taken", "name")
    other = factories.workspace(engine, "Autre")
    assert keep(engine, other, factories.produced_campaign(engine, other, 1)).name == "All of them"
    assert refusal(engine, keep_segment, workspace_id, campaign_id, PRODUCED, "  ", NOW).code == "invalid_request"


def test_segments_are_listed_newest_first_and_only_to_their_workspace(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    kept = [keep(engine, workspace_id, campaign_id, name=f"S{i}") for i in range(3)]
    other = factories.workspace(engine, "Autre")
    with reading(engine) as session:
        page = list_segments(session, workspace_id, None, 2)
        assert [one.name for one in page.segments] == ["S2", "S1"]
        rest = list_segments(session, workspace_id, page.next_before, 2)
        assert ([one.name for one in rest.segments], rest.next_before) == (["S0"], None)
        assert list_segments(session, other).segments == ()
        for ask in (find_segment, list_members):
            with pytest.raises(NotFound) as refused:
                ask(session, other, kept[0].id)
            assert refused.value.code == "segment_not_found"
    assert refusal(engine, keep_segment, other, campaign_id, PRODUCED, "x", NOW).code == "campaign_not_found"


def test_a_segment_is_renamed_unless_another_has_the_name(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    first, second = (keep(engine, workspace_id, campaign_id, name=name) for name in ("One", "Two"))
    with writing(engine) as session:
        assert rename_segment(session, workspace_id, first.id, " First ").name == "First"
        assert rename_segment(session, workspace_id, first.id, "First").name == "First"
    assert refusal(engine, rename_segment, workspace_id, second.id, "First").code == "segment_name_taken"
    assert refusal(engine, rename_segment, factories.workspace(engine, "Autre"), first.id, "x").code == "segment_not_found"


def test_a_segment_is_deleted_only_while_no_campaign_is_sent_to_it(engine: Engine, workspace_id: int) -> None:
    kept = keep(engine, workspace_id, factories.produced_campaign(engine, workspace_id, 2))
    campaign_id = draft(engine, workspace_id, kept.id)
    refused = refusal(engine, delete_segment, workspace_id, kept.id)
    assert (refused.code, f"cmp_{campaign_id}" in refused.detail) == ("segment_in_use", True)
    with writing(engine) as session:
        session.get_one(Campaign, campaign_id).state = "cancelled"
    with writing(engine) as session:
        assert delete_segment(session, workspace_id, kept.id) == kept
    assert contacts_of(engine, kept.id) == set()
    with reading(engine) as session:
        assert [one.name for one in read_audience(session, workspace_id, campaign_id).segments] == [""]
    assert refusal(engine, delete_segment, workspace_id, kept.id).code == "segment_not_found"


def test_an_audience_names_segments_of_its_workspace_each_once(engine: Engine, workspace_id: int) -> None:
    kept = keep(engine, workspace_id, factories.produced_campaign(engine, workspace_id, 2))
    other = factories.workspace(engine, "Autre")
    foreign = keep(engine, other, factories.produced_campaign(engine, other, 1))
    campaign_id = draft(engine, workspace_id, kept.id, kept.id)
    with reading(engine) as session:
        audience = read_audience(session, workspace_id, campaign_id)
    assert [(one.id, one.name, one.contacts) for one in audience.segments] == [(kept.id, "All of them", 2)]
    new = NewCampaign("x", "marketing", "{{ stop }}", "36180", "", None, 1, None)
    for segment_ids, code in (
        ((foreign.id,), "segment_not_found"),
        ((), "audience_missing"),
        (range(21), "segments_too_many"),
    ):
        wanted = NewCampaign(**(vars(new) | {"audience": ("segments", tuple(segment_ids))}))
        assert refusal(engine, create_campaign, workspace_id, wanted, NOW).code == code


@pytest.mark.parametrize("window", [1, 2, 3, 10_000])
def test_overlapping_segments_give_one_message_a_person_of_the_first_segment_that_holds_them(
    engine: Engine, keyring: Keyring, workspace_id: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "WINDOW_ROWS", window)
    first = factories.produced_campaign(engine, workspace_id, 8)
    factories.produced_campaign(engine, workspace_id, 5)
    clicked(engine, first, 0, 1, 2, 6)
    sets = [
        keep(engine, workspace_id, first, chosen, name)
        for chosen, name in ((CLICKED, "Clicked"), (PRODUCED, "All"), (UNCLICKED, "Rest"))
    ]
    with writing(engine) as session:
        person = session.exec(select(Contact).where(Contact.number == f"+336399{first}0003")).one()
        session.add(
            Suppression(workspace_id=workspace_id, number=person.number, reason="stop", occurred_at=NOW, recorded_at=NOW)
        )
        stopped = person.id
    wanted = (sets[0].id, sets[1].id, sets[2].id)
    campaign_id = draft(engine, workspace_id, *wanted)
    with reading(engine) as session:
        counted = count_audience(session, workspace_id, campaign_id)
    assert (counted.listed, counted.people, counted.sendable) == (4 + 8 + 4, 8, 7)
    send(engine, keyring, workspace_id, campaign_id)
    found = sent_to(engine, campaign_id)
    assert len(found) == counted.sendable
    assert found.keys() == contacts_of(engine, sets[1].id) - {stopped}
    for contact_id, segment_id in found.items():
        assert segment_id == next(id for id in wanted if contact_id in contacts_of(engine, id))
    assert Counter(found.values()) == {sets[0].id: 4, sets[1].id: 3}


def test_the_order_of_the_segments_says_whose_a_person_is(engine: Engine, keyring: Keyring, workspace_id: int) -> None:
    first = factories.produced_campaign(engine, workspace_id, 4)
    clicked(engine, first, 0)
    some, everyone = keep(engine, workspace_id, first, CLICKED, "Some"), keep(engine, workspace_id, first, PRODUCED, "All")
    for order in ((some.id, everyone.id), (everyone.id, some.id)):
        campaign_id = draft(engine, workspace_id, *order)
        send(engine, keyring, workspace_id, campaign_id)
        assert Counter(sent_to(engine, campaign_id).values()) == (
            {some.id: 1, everyone.id: 3} if order[0] == some.id else {everyone.id: 4}
        )


def test_consent_taken_back_and_a_person_erased_are_counted_and_not_sent_to(
    engine: Engine, keyring: Keyring, workspace_id: int
) -> None:
    first = factories.produced_campaign(engine, workspace_id, 4)
    kept = keep(engine, workspace_id, first)
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(col(Contact.id))).all()
        people[0].marketing_consent_at = None
        session.delete(people[1])
    marketing, transactional = (draft(engine, workspace_id, kept.id, kind=kind) for kind in ("marketing", "transactional"))
    with reading(engine) as session:
        counts = [count_audience(session, workspace_id, id) for id in (marketing, transactional)]
        assert [(one.listed, one.people, one.sendable) for one in counts] == [(4, 4, 2), (4, 4, 3)]
        assert [{why: n for why, n in one.left_out.items() if n} for one in counts] == [
            {"no_number": 1, "no_consent": 1},
            {"no_number": 1},
        ]
        page = list_members(session, workspace_id, kept.id)
    assert [member.number == "" for member in page.members] == [False, True, False, False]
    send(engine, keyring, workspace_id, marketing)
    assert len(sent_to(engine, marketing)) == 2


def test_a_number_shared_within_the_segments_gets_one_message(engine: Engine, keyring: Keyring, workspace_id: int) -> None:
    kept = keep(engine, workspace_id, factories.produced_campaign(engine, workspace_id, 4))
    with writing(engine) as session:
        people = session.exec(select(Contact).order_by(col(Contact.id))).all()
        people[2].number = people[1].number
        ids = [person.id for person in people]
    campaign_id = draft(engine, workspace_id, kept.id)
    with reading(engine) as session:
        counted = count_audience(session, workspace_id, campaign_id)
    assert (counted.sendable, counted.left_out["same_number"]) == (3, 1)
    send(engine, keyring, workspace_id, campaign_id)
    assert sent_to(engine, campaign_id).keys() == set(ids) - {ids[2]}


def test_all_and_an_import_are_counted_too(engine: Engine, workspace_id: int) -> None:
    factories.produced_campaign(engine, workspace_id, 3)
    factories.contact(engine, workspace_id, "+33639981234", marketing_consent_at=None)
    with reading(engine) as session:
        counted = count_audience(session, workspace_id, 1)
    assert (counted.listed, counted.people, counted.sendable, counted.audience.segments) == (4, 4, 3, ())


def test_an_audience_of_segments_nobody_of_whom_may_be_written_to_is_refused(engine: Engine, workspace_id: int) -> None:
    kept = keep(engine, workspace_id, factories.produced_campaign(engine, workspace_id, 2))
    campaign_id = draft(engine, workspace_id, kept.id)
    factories.contact(engine, workspace_id, "+33639981234")
    with writing(engine) as session:
        session.exec(update(Contact).where(col(Contact.number) != "+33639981234").values(marketing_consent_at=None))
    assert refusal(engine, request_send, workspace_id, campaign_id, NOW).code == "audience_empty"
