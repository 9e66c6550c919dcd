"""Origins that a campaign's link names: written in any way, stored as browsers write them; an ad-hoc link has none."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine

from linksvc.ad_hoc_links import create_link, create_links
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.links import NewLink, edit_campaign_link, find_campaign_link
from linksvc.models import Link
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from linksvc.snippet_origins import check_origins
from tests import factories
from tests.factories import NOW


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (["https://shop.example"], ("https://shop.example",)),
        ([" https://Shop.Example/ ", "https://shop.example:443"], ("https://shop.example",)),
        (["http://shop.example:8080"], ("http://shop.example:8080",)),
        (["https://été.example"], ("https://xn--t-9fab.example",)),
        ([], ()),
    ],
)
def test_an_origin_is_stored_as_browsers_write_it(written: Sequence[str], stored: tuple[str, ...]) -> None:
    assert check_origins(written) == stored


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "null",
        "shop.example",
        "https://",
        "https://shop.example/sale",
        "https://shop.example?",
        "https://ana@shop.example",
        "https://shop.example:0",
        "https://shop.example:x",
        "https://localhost",
        "https://192.168.0.1",
        "javascript://shop.example",
        "https://shop.example https://other.example",
        "https://shop\n.example",
        "https://" + "a" * 300 + ".example",
    ],
)
def test_what_is_no_origin_of_a_page_is_refused_with_a_sentence(written: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_origins([written])
    assert (refused.value.code, refused.value.errors[0].field) == ("origin_invalid", "snippet_origins")
    assert refused.value.detail.endswith(".")


def test_ten_origins_are_the_most() -> None:
    many = [f"https://shop{i}.example" for i in range(11)]
    assert len(check_origins(many[:10])) == 10
    with pytest.raises(InvalidRequest, match="At most 10"):
        check_origins(many)


def test_a_campaigns_link_names_origins_and_trackers_are_told(engine: Engine, short_links: ShortLinks) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.campaign(engine, workspace_id)
    terms = LinkTerms(snippet_origins=("https://shop.example", "https://m.shop.example"))
    with writing(engine) as session:
        before = session.get_one(Link, (campaign_id, 1)).revision
        wanted = NewLink("https://shop.example/", terms=terms)
        edit_campaign_link(session, short_links, workspace_id, campaign_id, lambda _: wanted, NOW)
    with reading(engine) as session:
        found = find_campaign_link(session, short_links, workspace_id, campaign_id)
        assert found.terms.as_written().snippet_origins == terms.snippet_origins
        assert session.get_one(Link, (campaign_id, 1)).revision > before


def test_an_ad_hoc_link_names_nobody_so_it_takes_no_origin(engine: Engine, short_links: ShortLinks) -> None:
    workspace_id = factories.workspace(engine)
    new = NewLink("https://shop.example/", terms=LinkTerms(snippet_origins=("https://shop.example",)))
    with writing(engine) as session:
        with pytest.raises(InvalidRequest, match="names nobody"):
            create_link(session, short_links, workspace_id, new, NOW)
        with pytest.raises(InvalidRequest) as refused:
            create_links(session, short_links, workspace_id, [NewLink("https://shop.example/"), new], NOW)
    assert [error.field for error in refused.value.errors] == ["links.1.snippet_origins"]
