"""The stream of a campaign's page: what it tells and when, who may listen, and how it ends."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, delete

from dashboards.app import create_dashboards
from dashboards.pages import live_campaigns
from dashboards.security import CONTENT_SECURITY_POLICY
from dashboards.streams import MOST_A_USER
from linksvc import accounts
from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.keys import open_keyring
from linksvc.models import Member
from linksvc.settings import Settings
from tests import factories
from tests.dashboards.scenes import apply_all, deliver, eventful_campaign, learn, new_campaign
from tests.dashboards.serving import serving
from tests.dashboards.site import add_user, read_token, sign_in_path
from tests.ricochet.served import wait_until

PATIENCE_S = 60
SECRET = "a secret key for the tests, of 42 characters"


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: str


@dataclass
class Stream:
    """An open stream as a browser reads it."""

    answer: httpx2.Response
    lines: Iterator[str]

    def next(self) -> Event | None:
        """The next event, None at the end."""
        fields: dict[str, list[str]] = {}
        for line in self.lines:
            if not line:
                return Event(fields["event"][0], fields["id"][0], "\n".join(fields["data"]))
            name, _, value = line.partition(": ")
            fields.setdefault(name, []).append(value)
        return None

    def until(self, name: str) -> Event:
        while (event := self.next()) and event.name != name:
            pass
        assert event
        return event


@dataclass(frozen=True)
class Desk:
    """The pages on a socket, and a browser's requests to them."""

    engine: Engine
    url: str
    workspace_id: int
    user_id: int
    client: httpx2.Client

    def enter(self, client: httpx2.Client | None = None) -> None:
        path = sign_in_path(self.engine, self.user_id)
        client = client or self.client
        assert client.post(path, data={"csrf_token": read_token(client.get(path).text)}).status_code == 303

    @contextmanager
    def listening(self, campaign_id: int, query: str = "", headers: dict[str, str] | None = None) -> Iterator[Stream]:
        path = f"/campaigns/cmp_{campaign_id}/live{query}"
        with self.client.stream("GET", path, headers=headers or {}) as answer:
            yield Stream(answer, answer.iter_lines())

    def deliver(self, campaign_id: int, *ns: int) -> None:
        learn(self.engine, deliver(campaign_id, *ns))
        apply_all(self.engine, campaign_id)


def browser_at(url: str) -> httpx2.Client:
    limits = httpx2.Limits(max_connections=100)
    return httpx2.Client(base_url=url, trust_env=False, verify=False, timeout=PATIENCE_S, limits=limits)


@pytest.fixture
def desk(settings: Settings, engine: Engine) -> Iterator[Desk]:
    with writing(engine) as session:
        workspace_id = accounts.ensure_workspace(session, "Boutique Lumen", now())
        user_id = add_user(session, workspace_id)
    with serving(create_dashboards(settings, engine, open_keyring(settings))) as url, browser_at(url) as client:
        desk = Desk(engine, url, workspace_id, user_id, client)
        desk.enter()
        yield desk


@pytest.fixture
def settings(sqlite_url: str, tmp_path: object) -> Settings:
    return Settings(
        data_dir=str(tmp_path), database_url=sqlite_url, secret_key="a secret key for the tests, of 42 characters"
    )


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """SQLite alone: what the stream asks is what the page asks, which is tested on both."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


def test_a_stream_tells_the_figures_whenever_they_change(desk: Desk) -> None:
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 5)
    with desk.listening(campaign_id) as stream:
        first = stream.until("figures")
        assert 'data-stage="delivered" data-count="0"' in first.data
        desk.deliver(campaign_id, 0, 1)
        second = stream.until("figures")
        assert 'data-stage="delivered" data-count="2"' in second.data
        assert len({first.id, second.id}) == 2
        # What is told is what the page would be told that asks.
        asked = desk.client.get(f"/campaigns/cmp_{campaign_id}/figures").text
        assert f'data-version="{second.id}"' in asked


def test_who_has_the_figures_is_told_only_that_they_hold(desk: Desk) -> None:
    campaign_id = eventful_campaign(desk.engine, desk.workspace_id)
    page = desk.client.get(f"/campaigns/cmp_{campaign_id}").text
    version = re.findall(r'data-version="([0-9a-f]+)"', page)[0]
    with desk.listening(campaign_id, f"?seen={version}") as stream:
        beat = stream.next()
        assert beat and (beat.name, beat.id) == ("beat", version)
        assert 'id="live"' in beat.data and "data-count" not in beat.data
    with desk.listening(campaign_id, "?seen=other", {"Last-Event-ID": version}) as stream:
        again = stream.next()
        assert again and again.name == "beat", "a browser that comes back says what it saw last"


def test_a_silent_campaign_has_a_heartbeat(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_campaigns, "BEAT_S", 0.0)
    campaign_id = factories.campaign(desk.engine, desk.workspace_id)
    with desk.listening(campaign_id) as stream:
        assert [stream.next().name for _ in range(3)] == ["figures", "beat", "beat"]  # type: ignore[union-attr]


def test_a_stream_passes_proxies_unbuffered_and_is_kept_by_nobody(desk: Desk) -> None:
    campaign_id = factories.campaign(desk.engine, desk.workspace_id)
    with desk.listening(campaign_id) as stream:
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "connect-src 'self'" in CONTENT_SECURITY_POLICY


def test_nobody_listens_to_what_is_not_theirs(desk: Desk) -> None:
    theirs = new_campaign(desk.engine, factories.workspace(desk.engine, "Elsewhere"), 1)
    for campaign in (f"cmp_{theirs}", "cmp_999", "nonsense"):
        assert desk.client.get(f"/campaigns/{campaign}/live").status_code == 404, campaign
    mine = new_campaign(desk.engine, desk.workspace_id, 1)
    with browser_at(desk.url) as stranger:
        assert stranger.get(f"/campaigns/cmp_{mine}/live").status_code == 401


def test_a_user_has_so_many_streams_and_no_more(desk: Desk) -> None:
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 1)
    with ExitStack() as stack:
        streams = [stack.enter_context(desk.listening(campaign_id)) for _ in range(MOST_A_USER)]
        assert all(stream.next() for stream in streams)
        with desk.listening(campaign_id) as one_more:
            assert one_more.answer.status_code == 429
        assert desk.client.get(f"/campaigns/cmp_{campaign_id}/figures").status_code == 200
        assert desk.client.head(f"/campaigns/cmp_{campaign_id}/live").status_code == 429
    wait_until(lambda: can_listen(desk, campaign_id))


def can_listen(desk: Desk, campaign_id: int) -> bool:
    with desk.listening(campaign_id) as stream:
        return stream.answer.status_code == 200


def test_signing_out_ends_the_streams_of_that_user(desk: Desk) -> None:
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 1)
    with desk.listening(campaign_id) as stream:
        assert stream.next()
        token = read_token(desk.client.get("/campaigns").text)
        assert desk.client.post("/sign-out", data={"csrf_token": token}).status_code == 303
        assert stream.next() is None
    with desk.listening(campaign_id) as stream:
        assert stream.answer.status_code == 401


def test_a_user_who_was_removed_hears_nothing_more(desk: Desk) -> None:
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 3)
    with desk.listening(campaign_id) as stream:
        assert stream.next()
        with writing(desk.engine) as session:
            session.exec(delete(Member).where(col(Member.user_id) == desk.user_id))
        desk.deliver(campaign_id, 0)
        assert stream.next() is None


def test_a_stream_ends_where_the_database_does_not_answer(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 1)
    with desk.listening(campaign_id) as stream:
        assert stream.next()
        with writing(desk.engine) as session:
            session.connection().execute(text("ALTER TABLE funnel_count RENAME TO gone"))
        assert stream.next() is None
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err


def test_a_stream_does_not_last_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_campaigns, "LASTS_S", 0.5)
    campaign_id = new_campaign(desk.engine, desk.workspace_id, 1)
    with desk.listening(campaign_id) as stream:
        assert stream.next()
        assert stream.next() is None
