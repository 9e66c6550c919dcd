"""Campaigns whose link shows a landing page instead of leading to a destination."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.ad_hoc_links import create_link
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound, Problem
from linksvc.keys import Keyring
from linksvc.landing.documents import Document
from linksvc.landing.pages import create_page, delete_page, edit_page, publish_page
from linksvc.landing.picture_files import PictureFile
from linksvc.landing.pictures import add_picture, delete_picture
from linksvc.link_terms import LinkTerms
from linksvc.links import Change, LinkDetails, NewLink, edit_campaign_link, find_campaign_link
from linksvc.models import Campaign, Link
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests import factories
from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import block, parsed, with_block, words

PLAIN = parsed(with_block(**block("button")))
WITH_CODE = parsed(with_block(**block("code")))
WITH_CODE_IN_TEXT = parsed(with_block(id="a", type="text", text=words("{{ code }}", "{{ code }}")))

CAMPAIGN = NewCampaign(
    name="Sale",
    kind="transactional",
    text="Bonjour {{ link }}",
    sender="LUMEN",
    destination_url="",
    offer_id=None,
    rate_per_s=100,
    audience="all",
)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


def page(engine: Engine, workspace_id: int, document: Document = PLAIN, *, published: bool = True) -> int:
    with writing(engine) as session:
        made = create_page(session, workspace_id, "Sale", document, NOW)
        if published:
            publish_page(session, workspace_id, made.id, 1, NOW)
        return made.id


def create(engine: Engine, workspace_id: int, **changes: Any) -> int:
    with writing(engine) as session:
        return create_campaign(session, workspace_id, replace(CAMPAIGN, **changes), NOW)


def refusal(engine: Engine, workspace_id: int, **changes: Any) -> tuple[str, str]:
    """The code of the problem, and the field that it is about."""
    with pytest.raises(Problem) as refused:
        create(engine, workspace_id, **changes)
    with reading(engine) as session:
        assert session.exec(select(Campaign.id)).all() == []
    return refused.value.code, refused.value.errors[0].field if refused.value.errors else ""


def edit(engine: Engine, short_links: ShortLinks, workspace_id: int, campaign_id: int, change: Change) -> LinkDetails:
    with writing(engine) as session:
        return edit_campaign_link(session, short_links, workspace_id, campaign_id, change, NOW)


def test_a_campaign_leads_to_a_page_instead_of_a_destination(
    engine: Engine, workspace_id: int, short_links: ShortLinks
) -> None:
    page_id = page(engine, workspace_id)
    campaign_id = create(engine, workspace_id, page_id=page_id, link_terms=LinkTerms(fallback_url="https://shop.example/"))
    with reading(engine) as session:
        link = find_campaign_link(session, short_links, workspace_id, campaign_id)
    assert (link.page_id, link.destination_url, link.terms.fallback_url) == (page_id, "", "https://shop.example/")


def test_what_is_wrong_with_a_campaigns_page_is_told(engine: Engine, workspace_id: int) -> None:
    page_id = page(engine, workspace_id)
    draft = page(engine, workspace_id, published=False)
    foreign = page(engine, factories.workspace(engine, "Another"))
    offer_id = factories.offer(engine, workspace_id)
    url = "https://shop.example/"
    assert refusal(engine, workspace_id) == ("link_without_destination", "destination_url")
    assert refusal(engine, workspace_id, page_id=page_id, text="Bonjour") == ("destination_without_link", "text")
    assert refusal(engine, workspace_id, page_id=page_id, destination_url=url) == ("page_and_destination", "page_id")
    assert refusal(engine, workspace_id, page_id=draft) == ("page_not_published", "page_id")
    assert refusal(engine, workspace_id, page_id=foreign) == ("page_not_found", "")
    assert refusal(engine, workspace_id, page_id=foreign + 1) == ("page_not_found", "")
    assert refusal(engine, workspace_id, page_id=page_id, offer_id=offer_id) == ("offer_without_code", "text")
    for terms in (LinkTerms(utm={"source": "sms"}), LinkTerms(passed_parameters=("gclid",))):
        assert refusal(engine, workspace_id, page_id=page_id, link_terms=terms)[0] == "terms_without_destination"


@pytest.mark.parametrize("document", [WITH_CODE, WITH_CODE_IN_TEXT])
def test_a_page_with_a_code_needs_an_offer_and_counts_as_using_it(
    engine: Engine, workspace_id: int, document: Document
) -> None:
    page_id = page(engine, workspace_id, document)
    assert refusal(engine, workspace_id, page_id=page_id) == ("code_without_offer", "offer_id")
    campaign_id = create(engine, workspace_id, page_id=page_id, offer_id=factories.offer(engine, workspace_id))
    with reading(engine) as session:
        assert session.get_one(Campaign, campaign_id).offer_id is not None


def test_a_link_is_moved_between_a_page_and_a_destination(
    engine: Engine, workspace_id: int, short_links: ShortLinks
) -> None:
    campaign_id = factories.campaign(engine, workspace_id)
    page_id = page(engine, workspace_id)

    def revision() -> int:
        with reading(engine) as session:
            return session.exec(select(Link.revision).where(Link.campaign_id == campaign_id)).one()

    before = revision()
    moved = edit(
        engine, short_links, workspace_id, campaign_id, lambda link: replace(link, destination_url="", page_id=page_id)
    )
    assert (moved.page_id, moved.destination_url) == (page_id, "")
    assert revision() > before
    url = "https://shop.example/?code={{code}}"
    with pytest.raises(InvalidRequest) as refused:
        edit(engine, short_links, workspace_id, campaign_id, lambda _: NewLink(url))
    assert refused.value.code == "code_without_offer"
    back = edit(engine, short_links, workspace_id, campaign_id, lambda _: NewLink("https://shop.example/"))
    assert (back.page_id, back.destination_url) == (None, "https://shop.example/")


def test_a_link_without_an_offer_is_not_moved_to_a_page_with_a_code(
    engine: Engine, workspace_id: int, short_links: ShortLinks
) -> None:
    campaign_id = factories.campaign(engine, workspace_id)
    page_id = page(engine, workspace_id, WITH_CODE)
    with pytest.raises(InvalidRequest, match="The page shows a promo code") as refused:
        edit(engine, short_links, workspace_id, campaign_id, lambda _: NewLink("", page_id=page_id))
    assert refused.value.code == "code_without_offer"
    assert refused.value.errors[0].field == "page_id"


def test_a_link_is_not_moved_to_a_page_of_another_workspace(
    engine: Engine, workspace_id: int, short_links: ShortLinks
) -> None:
    campaign_id = factories.campaign(engine, workspace_id)
    foreign = page(engine, factories.workspace(engine, "Another"))
    with pytest.raises(NotFound):
        edit(engine, short_links, workspace_id, campaign_id, lambda _: NewLink("", page_id=foreign))


def test_an_ad_hoc_link_leads_to_no_page(engine: Engine, workspace_id: int, short_links: ShortLinks) -> None:
    with writing(engine) as session, pytest.raises(InvalidRequest, match="Only the link of a campaign"):
        create_link(session, short_links, workspace_id, NewLink("", page_id=1), NOW)


def test_a_page_is_not_deleted_while_a_link_is_put_onto_it(engine: Engine, workspace_id: int) -> None:
    page_id = page(engine, workspace_id)

    def delete() -> None:
        with writing(engine) as session:
            delete_page(session, workspace_id, page_id)

    with ThreadPoolExecutor() as threads:
        with writing(engine) as session:
            create_campaign(session, workspace_id, replace(CAMPAIGN, page_id=page_id), NOW)
            deleted = threads.submit(delete)
        with pytest.raises(Conflict) as refused:
            deleted.result()
    assert refused.value.code == "page_in_use"


def test_a_code_does_not_come_onto_a_page_while_a_link_without_an_offer_is_put_onto_it(
    engine: Engine, workspace_id: int
) -> None:
    page_id = page(engine, workspace_id)
    with writing(engine) as session:
        edit_page(session, workspace_id, page_id, 1, "Sale", WITH_CODE, NOW)

    def publish() -> None:
        with writing(engine) as session:
            publish_page(session, workspace_id, page_id, 2, NOW)

    with ThreadPoolExecutor() as threads:
        with writing(engine) as session:
            create_campaign(session, workspace_id, replace(CAMPAIGN, page_id=page_id), NOW)
            published = threads.submit(publish)
        with pytest.raises(Conflict) as refused:
            published.result()
    assert refused.value.code == "page_needs_offer"


def test_a_picture_is_not_deleted_while_a_page_with_it_is_published(engine: Engine, workspace_id: int) -> None:
    with writing(engine) as session:
        picture = add_picture(session, workspace_id, "a.jpg", PictureFile(b"a", 1, 1), NOW)

    def delete() -> None:
        with writing(engine) as session:
            delete_picture(session, workspace_id, picture.digest)

    with ThreadPoolExecutor() as threads:
        with writing(engine) as session:
            document = parsed(with_block(**block("picture") | {"picture": picture.digest}))
            made = create_page(session, workspace_id, "Sale", document, NOW)
            publish_page(session, workspace_id, made.id, 1, NOW)
            deleted = threads.submit(delete)
        with pytest.raises(Conflict) as refused:
            deleted.result()
    assert refused.value.code == "picture_in_use"
