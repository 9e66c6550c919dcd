"""The month's campaign of single messages among the others: listed, with its funnel, and nothing told that it has not."""

from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests.dashboards.site import Site
from tests.linksvc.single_scenes import sent


def test_it_is_listed_and_says_that_each_message_has_a_text_of_its_own(
    site_on_both: Site, keyring: Keyring, settings: Settings
) -> None:
    site, short_links = site_on_both, ShortLinks(keyring, settings)
    for parcel in (1, 2):
        text, destination = f"{parcel} : {{{{ link }}}}", f"https://shop.example/{parcel}"
        place = sent(site.engine, short_links, site.workspace_id, text=text, destination_url=destination)
    site.enter()
    assert "Single messages, November 2026" in site.client.get("/campaigns").text
    page = site.client.get(f"/campaigns/cmp_{place.campaign_id}").text
    assert 'data-stage="produced" data-count="2"' in page
    assert "Each message has a text and a link of its own." in page and "Single messages" in page
    assert "Everybody who may be sent to" not in page and "No offer" not in page
