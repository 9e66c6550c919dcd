"""An ad-hoc link from the one who makes it to the figures of its visits, over a real tracker."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy import Engine

from linksvc.ad_hoc_links import create_link, edit_link, find_link, list_link_visits
from linksvc.database import reading, writing
from linksvc.domains import add_domain
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.link_visits import Visits
from linksvc.links import NewLink
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests import factories
from tests.factories import NOW
from tests.tracker.conftest import Serve
from tracker.ingest import Ingester

POSTER = NewLink(
    "https://shop.example/sale?a=1#top", terms=LinkTerms(passed_parameters=("gclid", "a"), utm={"source": "poster"})
)


async def test_a_visit_is_redirected_and_counted_on_the_link_and_names_nobody(
    engine: Engine, settings: Settings, keyring: Keyring, serve: Serve
) -> None:
    workspace_id, short_links = factories.workspace(engine), ShortLinks(keyring, settings)
    with writing(engine) as session:
        add_domain(session, settings, workspace_id, "go.lumen.example", True, NOW)
        link = create_link(session, short_links, workspace_id, POSTER, NOW)
    parts = urlsplit(link.short_url)
    async with serve(settings, engine) as served:
        answer = await served.ask(f"{parts.path}?gclid=x+y&a=2&z=3", host=f"{parts.hostname}:443")
        assert answer.status == 302
        assert answer.headers["location"] == "https://shop.example/sale?a=1&utm_source=poster&gclid=x+y#top"
        assert (await served.ask(parts.path)).status == 302
        assert (await served.ask(parts.path, host="elsewhere.example")).status == 404
        assert [hit.n for hit in served.spooled()] == [None, None]
    Ingester(engine, settings.spool_dir, lambda: NOW).run_once()
    with reading(engine) as session:
        assert find_link(session, short_links, workspace_id, link.id).visits == Visits(human=2)
        page = list_link_visits(session, workspace_id, link.id, "human", None)
    assert [(visit.outcome, visit.network) for visit in page.visits] == [("redirected", "127.0.0.0/24")] * 2


async def test_a_changed_link_leads_elsewhere_without_a_restart(
    sqlite_engine: Engine, sqlite_settings: Settings, keyring: Keyring, serve: Serve
) -> None:
    workspace_id, short_links = factories.workspace(sqlite_engine), ShortLinks(keyring, sqlite_settings)
    with writing(sqlite_engine) as session:
        link = create_link(session, short_links, workspace_id, POSTER, NOW)
    path = urlsplit(link.short_url).path
    async with serve(sqlite_settings, sqlite_engine) as served, asyncio.timeout(30):
        assert (await served.ask(path)).status == 302
        with writing(sqlite_engine) as session:
            edit_link(
                session,
                short_links,
                workspace_id,
                link.id,
                lambda link: replace(link, terms=replace(link.terms, expires_at=NOW)),
                NOW,
            )
        while (await served.ask(path)).status == 302:
            await asyncio.sleep(0.05)
        assert (await served.ask(path)).status == 410
