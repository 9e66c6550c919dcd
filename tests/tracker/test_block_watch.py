"""A tracker whose database is away: it starts, it redirects, and it learns when the database is back."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, delete, update

from linksvc import production
from linksvc.database import open_engine, writing
from linksvc.domains import add_domain
from linksvc.keys import open_keyring
from linksvc.landing.pages import delete_page
from linksvc.models import LandingPage, Link, SerialBlock, SerialCounter, ShortDomain
from linksvc.serials import LINK_REVISION
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import NOW, campaign, contact, produced_campaign, workspace
from tests.tracker.conftest import Serve
from tests.tracker.event_scenes import DOCUMENT
from tests.tracker.landing_scenes import publish
from tracker.block_watch import BlocksUnreachable, BlockWatch
from tracker.known import News
from tracker.snapshot import Snapshot

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


async def test_a_tracker_starts_and_redirects_while_its_database_is_down(
    serve: Serve, sqlite_settings: Settings, codes: ShortCodes
) -> None:
    engine = open_engine(sqlite_settings.database)
    campaign = produced_campaign(engine, workspace(engine), 3)
    async with serve(sqlite_settings, engine):
        pass
    engine.dispose()
    nowhere = open_engine(NOWHERE)
    async with serve(sqlite_settings, nowhere) as served:
        assert served.tracker.watch.informed
        answer = await served.ask(f"/{codes.encode(1000 * campaign + 2)}")
        assert (answer.status, answer.headers["location"]) == (302, "https://shop.example/sale")
        assert [hit.n for hit in served.spooled()] == [2]
        unsure = await served.ask(f"/{codes.encode(1000 * campaign + 3)}")
        assert (unsure.status, unsure.headers["retry-after"]) == (503, "5"), "perhaps a newer campaign's"
        assert (await served.ask("/nothing")).status == 404
        assert (await served.ask(f"/{codes.encode(5)}")).status == 404


async def test_a_tracker_goes_on_while_its_database_is_moved_away_and_learns_when_it_is_back(
    serve: Serve, sqlite_settings: Settings, sqlite_url: str, codes: ShortCodes, tmp_path: Path
) -> None:
    here, away = tmp_path / "here", tmp_path / "away"
    engine = open_engine(f"sqlite:///{here / 'ricochet.db'}")
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), here / "ricochet.db")
    campaign = produced_campaign(engine, workspace(engine), 1)
    async with serve(sqlite_settings, engine) as served:

        async def until(status: int, serial: int) -> None:
            """A look-up may join one that began before the database was moved."""
            async with asyncio.timeout(30):
                while (await served.ask(f"/{codes.encode(serial)}")).status != status:
                    pass

        here.rename(away)
        engine.dispose()
        await until(503, 1000 * campaign + 1)
        assert (await served.ask(f"/{codes.encode(1000 * campaign)}")).status == 302
        elsewhere = open_engine(f"sqlite:///{away / 'ricochet.db'}")
        newer = produced_campaign(elsewhere, 1, 1)
        elsewhere.dispose()
        away.rename(here)
        await until(302, 1000 * newer)
    engine.dispose()


async def test_what_is_new_is_prepared_for_before_it_is_answered_from_whether_the_database_tells_or_the_snapshot(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    engine, watches = open_engine(sqlite_settings.database), list[BlockWatch]()
    produced_campaign(engine, workspace(engine), 3)
    prepared = []

    def prepare(news: News) -> None:
        prepared.append((len(news.blocks), watches[-1].known.size["blocks"]))

    for asked in engine, open_engine(NOWHERE):
        watches.append(BlockWatch(asked, Snapshot(tmp_path, bytes(32)), sqlite_settings.short_url, prepare))
        await watches[-1].start()
        assert watches[-1].known.size["blocks"] == 1
        await watches[-1].stop()
        asked.dispose()
    assert prepared == [(1, 0), (1, 0)]


async def test_a_tracker_that_knows_nothing_yet_says_so(serve: Serve, sqlite_settings: Settings, codes: ShortCodes) -> None:
    async with serve(sqlite_settings, open_engine(NOWHERE)) as served:
        assert not served.tracker.watch.informed
        assert (await served.ask(f"/{codes.encode(7)}")).status == 503
        assert (await served.ask("/nothing")).status == 404


async def test_every_link_works_of_a_campaign_that_was_produced_while_the_tracker_looked(
    serve: Serve, sqlite_settings: Settings, codes: ShortCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "WINDOW_ROWS", 2)
    engine, keyring = open_engine(sqlite_settings.database), open_keyring(sqlite_settings)
    workspace_id = workspace(engine)
    for i in range(6):
        contact(engine, workspace_id, f"+3363998000{i}")
    campaign_id = campaign(engine, workspace_id)
    with writing(engine) as session:
        production.request_send(session, workspace_id, campaign_id, NOW)
    async with serve(sqlite_settings, engine) as served:
        more = True
        while more:
            more = production.produce_batch(engine, keyring, campaign_id, lambda: NOW)
            await served.tracker.watch._refresh(None)
        for serial in range(6):
            assert (await served.ask(f"/{codes.encode(serial)}")).status == 302, serial
        assert sorted(hit.n for hit in served.spooled() if hit.n is not None) == list(range(6))
    engine.dispose()


async def test_a_database_restored_to_an_earlier_state_is_read_anew(
    serve: Serve, sqlite_settings: Settings, codes: ShortCodes
) -> None:
    """It deals the same serials and revisions again, to other links."""
    engine = open_engine(sqlite_settings.database)
    workspace_id = workspace(engine)
    produced_campaign(engine, workspace_id, 1)
    campaign_id = produced_campaign(engine, workspace_id, 1)
    async with serve(sqlite_settings, engine) as served:
        assert (await served.ask(f"/{codes.encode(1000 * campaign_id)}")).status == 302
        with writing(engine) as session:
            session.exec(update(SerialCounter).where(col(SerialCounter.name) == LINK_REVISION).values(next_serial=1))
            moved = update(Link).where(col(Link.campaign_id) == campaign_id)
            session.exec(moved.values(destination_url="https://shop.example/restored", revision=1))
        async with asyncio.timeout(30):
            while (await served.ask(f"/{codes.encode(1000 * campaign_id)}")).headers["location"] != (
                "https://shop.example/restored"
            ):
                await asyncio.sleep(0.05)
    engine.dispose()


async def questions_of_a_look(watch: BlockWatch, engine: Engine) -> int:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    await watch._refresh(None)
    event.remove(engine, "before_cursor_execute", note)
    return len([statement for statement in asked if statement.startswith("SELECT")])


async def test_a_look_that_finds_nothing_new_asks_little_and_what_is_new_is_found_by_the_next(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    """Each tracker looks once a second, and people wait while it does."""
    engine = open_engine(sqlite_settings.database)
    workspace_id = workspace(engine)
    produced_campaign(engine, workspace_id, 3)
    watch = BlockWatch(engine, Snapshot(tmp_path, bytes(32)), sqlite_settings.short_url)
    await watch.start()
    assert await questions_of_a_look(watch, engine) == 2
    produced_campaign(engine, workspace_id, 3)
    await watch._refresh(None)
    assert watch.known.size["blocks"] == 2
    with writing(engine) as session:
        add_domain(session, sqlite_settings, workspace_id, "l.example", False, NOW)
    await watch._refresh(None)
    assert watch.known.size["domains"] == 1
    await watch.stop()
    engine.dispose()


def _make_unreadable(session: Session, _workspace_id: int, page_id: int) -> None:
    """As a later version may have written it."""
    written = '{"title": {}, "blocks": [{"id": "x", "type": "hologram"}]}'
    session.exec(update(LandingPage).where(col(LandingPage.id) == page_id).values(published=written))


@pytest.mark.parametrize("spoil", [delete_page, _make_unreadable])
async def test_a_look_asks_little_though_the_page_that_was_published_last_was_deleted_or_cannot_be_read(
    sqlite_settings: Settings, tmp_path: Path, spoil: Callable[[Session, int, int], object]
) -> None:
    engine = open_engine(sqlite_settings.database)
    workspace_id = workspace(engine)
    watch = BlockWatch(engine, Snapshot(tmp_path, bytes(32)), sqlite_settings.short_url)

    def publish_and_spoil() -> None:
        page_id = publish(engine, workspace_id, DOCUMENT)
        with writing(engine) as session:
            spoil(session, workspace_id, page_id)

    publish_and_spoil()
    await watch.start()
    assert await questions_of_a_look(watch, engine) == 2, "gone before everything was read"
    publish_and_spoil()
    await watch._refresh(None)
    assert await questions_of_a_look(watch, engine) == 2, "gone between two looks"
    publish(engine, workspace_id, DOCUMENT)
    await watch._refresh(None)
    assert watch.known.size["pages"] == 1, "nothing is missed"
    await watch.stop()
    engine.dispose()


async def test_a_database_restored_to_before_the_last_messages_is_read_anew_though_no_link_was_written_since(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    """Blocks are dealt without a revision."""
    engine = open_engine(sqlite_settings.database)
    campaign_id = produced_campaign(engine, workspace(engine), 3)
    watch = BlockWatch(engine, Snapshot(tmp_path, bytes(32)), sqlite_settings.short_url)
    await watch.start()
    with writing(engine) as session:
        session.exec(update(SerialBlock).where(col(SerialBlock.campaign_id) == campaign_id).values(first_n=7_000))
    await watch._refresh(None)
    assert [block.first_n for block in watch.known.blocks.all()] == [7_000], "the same serials, of other messages"
    await watch.stop()
    engine.dispose()


async def test_a_database_that_was_away_is_read_anew_for_it_may_have_been_restored_and_have_grown_since(
    sqlite_settings: Settings, sqlite_url: str, tmp_path: Path
) -> None:
    here, away = tmp_path / "here", tmp_path / "away"
    engine = open_engine(f"sqlite:///{here / 'ricochet.db'}")
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), here / "ricochet.db")
    workspace_id = workspace(engine)
    with writing(engine) as session:
        add_domain(session, sqlite_settings, workspace_id, "one.example", False, NOW)
    watch = BlockWatch(engine, Snapshot(tmp_path, bytes(32)), sqlite_settings.short_url)
    await watch.start()
    here.rename(away)
    engine.dispose()
    with pytest.raises(BlocksUnreachable):
        await watch._refresh(None)
    elsewhere = open_engine(f"sqlite:///{away / 'ricochet.db'}")
    with writing(elsewhere) as session:
        session.exec(delete(ShortDomain))
        add_domain(session, sqlite_settings, workspace_id, "two.example", False, NOW)
    elsewhere.dispose()
    away.rename(here)
    await watch._refresh(None)
    assert watch.known.hosts.owner(b"two.example") == workspace_id
    assert watch.known.hosts.owner(b"one.example") is None
    await watch.stop()
    engine.dispose()
