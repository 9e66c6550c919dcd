import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.landing.documents import Document
from linksvc.landing.page_uses import find_page_to_link
from linksvc.landing.pages import (
    Page,
    clone_page,
    create_page,
    delete_page,
    edit_page,
    find_page,
    list_pages,
    publish_page,
)
from linksvc.landing.picture_files import PictureFile
from linksvc.landing.pictures import add_picture
from linksvc.models import LandingPage, Link
from tests import factories
from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import block, parsed, with_block, words, written

TEXT = parsed(with_block(**block("text")))
OTHER = parsed(with_block(**block("button")))


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def made(engine: Engine, workspace_id: int, document: Document = TEXT, name: str = "Sale") -> Page:
    with writing(engine) as session:
        return create_page(session, workspace_id, name, document, NOW)


def publish(engine: Engine, workspace_id: int, page: Page) -> Page:
    with writing(engine) as session:
        return publish_page(session, workspace_id, page.id, page.version, NOW)


def revision(session: Session, page_id: int) -> int:
    return session.exec(select(LandingPage.revision).where(LandingPage.id == page_id)).one()


def let_link_lead_to(engine: Engine, campaign_id: int, page_id: int) -> None:
    with writing(engine) as session:
        link = session.exec(select(Link).where(Link.campaign_id == campaign_id)).one()
        link.page_id, link.destination_url = page_id, ""
        session.add(link)


def test_a_page_is_a_draft_until_it_is_published(engine: Engine, workspace_id: int) -> None:
    page = made(engine, workspace_id)
    assert (page.name, page.version, page.is_published, page.document) == ("Sale", 1, False, TEXT)
    with writing(engine) as session, pytest.raises(InvalidRequest, match="never published") as refused:
        find_page_to_link(session, workspace_id, page.id)
    assert refused.value.code == "page_not_published"
    published = publish(engine, workspace_id, page)
    assert (published.is_published, published.has_changes, published.published_at) == (True, False, NOW)
    with writing(engine) as session:
        assert find_page_to_link(session, workspace_id, page.id) == TEXT
        assert revision(session, page.id) > 0


def test_recipients_go_on_seeing_what_was_published_while_the_draft_changes(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    with writing(engine) as session:
        before = revision(session, page.id)
        changed = edit_page(session, workspace_id, page.id, page.version, "Sale 2", OTHER, NOW)
        assert changed.has_changes
        assert (changed.version, changed.name, changed.document) == (2, "Sale 2", OTHER)
        assert find_page_to_link(session, workspace_id, page.id) == TEXT
        assert revision(session, page.id) == before
    publish(engine, workspace_id, changed)
    with writing(engine) as session:
        assert find_page_to_link(session, workspace_id, page.id) == OTHER
        assert revision(session, page.id) > before


def test_of_two_editors_at_once_the_second_is_told_and_nothing_is_lost(engine: Engine, workspace_id: int) -> None:
    page = made(engine, workspace_id)
    with writing(engine) as session:
        edit_page(session, workspace_id, page.id, 1, "Sale", OTHER, NOW)
    with (
        writing(engine) as session,
        pytest.raises(Conflict, match="it is at version 2, and this is about version 1") as told,
    ):
        edit_page(session, workspace_id, page.id, 1, "Mine", TEXT, NOW)
    assert told.value.code == "page_changed"
    with reading(engine) as session:
        assert find_page(session, workspace_id, page.id).document == OTHER


def test_the_same_change_sent_twice_is_one(engine: Engine, workspace_id: int) -> None:
    page = made(engine, workspace_id)
    for _ in range(2):
        with writing(engine) as session:
            assert edit_page(session, workspace_id, page.id, 1, "Sale", OTHER, NOW).version == 2


def test_what_was_published_already_is_not_published_again(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    with reading(engine) as session:
        before = revision(session, page.id)
    publish(engine, workspace_id, page)
    with reading(engine) as session:
        assert revision(session, page.id) == before


def test_only_the_version_that_somebody_saw_is_published(engine: Engine, workspace_id: int) -> None:
    page = made(engine, workspace_id)
    with writing(engine) as session:
        edit_page(session, workspace_id, page.id, 1, "Sale", OTHER, NOW)
    with pytest.raises(Conflict) as told:
        publish(engine, workspace_id, page)
    assert told.value.code == "page_changed"


def test_an_unfinished_page_is_not_published_and_everything_that_is_missing_is_told(
    engine: Engine, workspace_id: int
) -> None:
    document = parsed(written(blocks=[block("picture"), block("button") | {"url": ""}], theme={"text": "#eeeeee"}))
    with pytest.raises(InvalidRequest, match="3 things are missing in all") as refused:
        publish(engine, workspace_id, made(engine, workspace_id, document))
    assert refused.value.code == "page_incomplete"
    assert [one.field for one in refused.value.errors] == ["theme.text", "blocks.0.picture", "blocks.1.url"]


def test_a_picture_of_another_workspace_is_no_picture_of_the_page(engine: Engine, workspace_id: int) -> None:
    file = PictureFile(b"webp", 1, 1)
    with writing(engine) as session:
        theirs = add_picture(session, factories.workspace(engine, "Another"), "a.jpg", file, NOW)
    page = made(engine, workspace_id, parsed(with_block(**block("picture") | {"picture": theirs.digest})))
    with pytest.raises(InvalidRequest, match="no such picture in this workspace"):
        publish(engine, workspace_id, page)
    with writing(engine) as session:
        add_picture(session, workspace_id, "a.jpg", file, NOW)
    assert publish(engine, workspace_id, page).is_published


def test_a_page_of_a_campaign_without_an_offer_shows_no_code(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    campaign_id = factories.campaign(engine, workspace_id)
    let_link_lead_to(engine, campaign_id, page.id)
    with_code = parsed(with_block(id="a", type="text", text=words("{{ code }}", "{{ code }}")))
    with writing(engine) as session:
        changed = edit_page(session, workspace_id, page.id, 1, "Sale", with_code, NOW)
    with pytest.raises(Conflict, match=f"cmp_{campaign_id}, without an offer") as told:
        publish(engine, workspace_id, changed)
    assert told.value.code == "page_needs_offer"


def test_a_page_that_a_link_leads_to_is_not_deleted(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    campaigns = [factories.campaign(engine, workspace_id) for _ in range(6)]
    for campaign_id in campaigns:
        let_link_lead_to(engine, campaign_id, page.id)
    named = ", ".join(f"cmp_{campaign_id}" for campaign_id in campaigns[:5])
    with writing(engine) as session, pytest.raises(Conflict, match=f"{named} and others") as told:
        delete_page(session, workspace_id, page.id)
    assert told.value.code == "page_in_use"


def test_a_page_that_nobody_uses_is_deleted_once(engine: Engine, workspace_id: int) -> None:
    page = made(engine, workspace_id)
    with writing(engine) as session:
        assert delete_page(session, workspace_id, page.id).name == "Sale"
    with writing(engine) as session, pytest.raises(NotFound):
        delete_page(session, workspace_id, page.id)


def test_a_copy_is_a_draft_of_its_own(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    with writing(engine) as session:
        copy = clone_page(session, workspace_id, page.id, "Sale again", NOW)
        edit_page(session, workspace_id, copy.id, 1, "Sale again", OTHER, NOW)
        assert find_page(session, workspace_id, page.id).document == TEXT
    assert (copy.document, copy.is_published, copy.version) == (TEXT, False, 1)


def test_pages_are_listed_newest_first_without_their_documents(engine: Engine, workspace_id: int) -> None:
    made(engine, factories.workspace(engine, "Another"))
    pages = [made(engine, workspace_id, name=f"Page {number}") for number in range(3)]
    with reading(engine) as session:
        first = list_pages(session, workspace_id, limit=2)
        rest = list_pages(session, workspace_id, first.next_after, limit=2)
    assert [one.id for one in (*first.pages, *rest.pages)] == [page.id for page in reversed(pages)]
    assert rest.next_after is None


def test_a_page_of_another_workspace_is_not_there(engine: Engine, workspace_id: int) -> None:
    page = publish(engine, workspace_id, made(engine, workspace_id))
    other = factories.workspace(engine, "Another")
    with writing(engine) as session:
        for ask in (
            lambda: find_page(session, other, page.id),
            lambda: edit_page(session, other, page.id, 1, "x", OTHER, NOW),
            lambda: publish_page(session, other, page.id, 1, NOW),
            lambda: delete_page(session, other, page.id),
            lambda: clone_page(session, other, page.id, "x", NOW),
            lambda: find_page_to_link(session, other, page.id),
        ):
            with pytest.raises(NotFound) as missing:
                ask()
            assert missing.value.code == "page_not_found"


def test_a_name_is_one_printable_line(engine: Engine, workspace_id: int) -> None:
    for name in ("", "a\nb", "x" * 121, "a\u202eb"):
        with pytest.raises(InvalidRequest):
            made(engine, workspace_id, name=name)
    with reading(engine) as session:
        assert session.exec(select(LandingPage.id).order_by(col(LandingPage.id))).all() == []
