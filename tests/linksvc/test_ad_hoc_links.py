import threading
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import func, select

from dashboards.campaigns import list_campaigns
from linksvc.ad_hoc_links import create_link, create_links, edit_link, find_link, list_link_visits, list_links
from linksvc.database import open_engine, reading, writing
from linksvc.errors import InvalidRequest, NotFound, Problem
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.link_visits import Visits, count_visits, list_visits
from linksvc.links import LinkDetails, NewLink
from linksvc.models import Campaign, Hit, Link, SerialBlock
from linksvc.production import campaigns_to_produce, request_send
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from linksvc.short_links import ShortLinks
from linksvc.standing_campaigns import ensure_standing_campaign
from tests import factories
from tests.factories import NOW

POSTER = NewLink("https://shop.example/sale", "Poster")


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def create(engine: Engine, short_links: ShortLinks, workspace_id: int, new: NewLink = POSTER) -> LinkDetails:
    with writing(engine) as session:
        return create_link(session, short_links, workspace_id, new, NOW)


def hits(engine: Engine, link_id: int, verdicts: list[str], **fields: Any) -> None:
    """Visits of a link, a second apart."""
    with writing(engine) as session:
        campaign_id = session.exec(select(Link.campaign_id).where(Link.id == link_id)).one()
        segment = str(uuid.uuid4())
        for position, verdict in enumerate(verdicts):
            values: dict[str, Any] = {
                "method": "GET",
                "network": "203.0.113.0/24",
                "user_agent": "",
                "referrer": "",
                "language": "",
                "verdict": verdict,
                "reason": "plain",
                "occurred_at": NOW + timedelta(seconds=position),
                "recorded_at": NOW,
            }
            keys = {"campaign_id": campaign_id, "segment": segment, "position": position, "link_id": link_id}
            session.add(Hit(**(keys | values | fields)))


def test_a_link_is_one_serial_that_names_nobody(
    engine: Engine, short_links: ShortLinks, keyring: Keyring, settings: Settings, workspace_id: int
) -> None:
    made = create(engine, short_links, workspace_id)
    begins, _, code = made.short_url.rpartition("/")
    assert begins == settings.short_url
    with reading(engine) as session:
        (block,) = session.exec(select(SerialBlock)).all()
        assert ShortCodes.of(keyring).decode(code) == (keyring.version, block.first_serial)
        assert (block.size, block.first_n, block.tracked, block.link_id) == (1, 0, False, made.id)
        assert find_link(session, short_links, workspace_id, made.id) == made
    assert (made.title, made.destination_url, made.visits) == ("Poster", "https://shop.example/sale", Visits())


def test_a_link_made_with_an_older_key_keeps_its_code(engine: Engine, settings: Settings, workspace_id: int) -> None:
    old, new = (ShortLinks(Keyring.derive(*keys), settings) for keys in (("a" * 40,), ("a" * 40, "b" * 40)))
    before, after = create(engine, old, workspace_id), create(engine, new, workspace_id)
    with reading(engine) as session:
        assert find_link(session, new, workspace_id, before.id).short_url == before.short_url
        assert list_links(session, new, workspace_id).links == (after, before)


def test_the_terms_of_a_link_are_stored_and_days_are_the_workspaces(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    terms = LinkTerms(
        activates_at=date(2026, 11, 27),
        expires_at=date(2026, 11, 30),
        fallback_url="https://shop.example/over",
        passed_parameters=("gclid", "utm_source", "gclid"),
        utm={"campaign": "noir", "source": "poster"},
    )
    made = create(engine, short_links, workspace_id, replace(POSTER, terms=terms))
    assert made.terms.activates_at == datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert made.terms.expires_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert made.terms.fallback_url == "https://shop.example/over"
    assert made.terms.passed_parameters == ("gclid", "utm_source")
    assert dict(made.terms.utm) == {"source": "poster", "campaign": "noir"}
    with reading(engine) as session:
        assert find_link(session, short_links, workspace_id, made.id) == made


MISTAKES: list[tuple[NewLink, str, str]] = [
    (NewLink("shop"), "destination_invalid", "destination_url"),
    (NewLink("https://shop.example/{{ code }}"), "destination_invalid", "destination_url"),
    (replace(POSTER, title="a\nb"), "invalid_request", "title"),
    (replace(POSTER, terms=LinkTerms(fallback_url="http://localhost/")), "fallback_invalid", "fallback_url"),
    (replace(POSTER, terms=LinkTerms(fallback_url="https://a.example/{{code}}")), "fallback_invalid", "fallback_url"),
    (replace(POSTER, terms=LinkTerms(passed_parameters=("a b",))), "parameter_invalid", "passed_parameters"),
    (replace(POSTER, terms=LinkTerms(passed_parameters=("",))), "parameter_invalid", "passed_parameters"),
    (
        replace(POSTER, terms=LinkTerms(passed_parameters=tuple(map(str, range(21))))),
        "parameter_invalid",
        "passed_parameters",
    ),
    (replace(POSTER, terms=LinkTerms(utm={"colour": "red"})), "utm_invalid", "utm"),
    (replace(POSTER, terms=LinkTerms(utm={"source": " "})), "utm_invalid", "utm.source"),
    (replace(POSTER, terms=LinkTerms(utm={"source": "a\r\nb"})), "utm_invalid", "utm.source"),
    (replace(POSTER, terms=LinkTerms(utm={"source": "a" * 201})), "utm_invalid", "utm.source"),
    (replace(POSTER, terms=LinkTerms(expires_at=NOW)), "window_empty", "expires_at"),
    (replace(POSTER, terms=LinkTerms(expires_at=date(1789, 7, 14))), "invalid_request", "expires_at"),
    (replace(POSTER, terms=LinkTerms(activates_at=datetime(2026, 11, 27))), "invalid_request", "activates_at"),  # noqa: DTZ001
    (
        replace(POSTER, terms=LinkTerms(activates_at=date(2026, 12, 2), expires_at=date(2026, 12, 1))),
        "window_empty",
        "expires_at",
    ),
]


def test_a_mistake_names_its_field_and_makes_nothing(
    engine: Engine, short_links: ShortLinks, workspace_id: int, subtests: pytest.Subtests
) -> None:
    for new, code, field in MISTAKES:
        with subtests.test(code=code, field=field):
            with pytest.raises(InvalidRequest) as refused:
                create(engine, short_links, workspace_id, new)
            assert refused.value.code == code
            assert [error.field for error in refused.value.errors] == [field]
    with reading(engine) as session:
        assert session.exec(select(Link)).first() is None


def test_a_thousand_links_are_made_at_once_each_with_its_own_code(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    with writing(engine) as session:
        made = create_links(
            session, short_links, workspace_id, [NewLink(f"https://shop.example/{i}") for i in range(1_000)], NOW
        )
    assert [link.destination_url for link in made] == [f"https://shop.example/{i}" for i in range(1_000)]
    assert len({link.short_url for link in made}) == 1_000
    with reading(engine) as session:
        assert list_links(session, short_links, workspace_id, limit=1_000).links == made[::-1]


def test_of_many_links_all_are_made_or_none(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    new = [POSTER, NewLink("x"), POSTER, replace(POSTER, terms=LinkTerms(utm={"source": ""}))]
    with pytest.raises(InvalidRequest) as refused, writing(engine) as session:
        create_links(session, short_links, workspace_id, new, NOW)
    assert refused.value.code == "links_refused"
    assert [error.field for error in refused.value.errors] == ["links.1.destination_url", "links.3.utm.source"]
    assert "2 of 4" in refused.value.detail
    for many in ([], [POSTER] * 1_001):
        with pytest.raises(InvalidRequest), writing(engine) as session:
            create_links(session, short_links, workspace_id, many, NOW)
    with reading(engine) as session:
        assert session.exec(select(Link)).first() is None


def test_two_first_links_at_once_share_one_standing_campaign(
    engine: Engine, short_links: ShortLinks, workspace_id: int
) -> None:
    start = threading.Barrier(4)
    made: list[LinkDetails] = []

    def make() -> None:
        start.wait()
        made.append(create(engine, short_links, workspace_id))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({link.short_url for link in made}) == len({link.id for link in made}) == 4
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Campaign)).one() == 1


def test_the_standing_campaign_is_no_campaign(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    create(engine, short_links, workspace_id)
    factories.contact(engine, workspace_id)
    with writing(engine) as session:
        campaign_id = ensure_standing_campaign(session, workspace_id, NOW)
        assert campaigns_to_produce(session) == []
        assert list_campaigns(session, workspace_id).campaigns == ()
        for act in (
            lambda: request_send(session, workspace_id, campaign_id, NOW),
            lambda: read_funnel(session, workspace_id, campaign_id),
        ):
            with pytest.raises(NotFound):
                act()


def test_a_link_is_changed_under_a_new_revision(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    made = create(engine, short_links, workspace_id, replace(POSTER, terms=LinkTerms(utm={"source": "poster"})))
    later = NOW + timedelta(hours=1)
    with reading(engine) as session:
        before = session.exec(select(Link.revision)).one()
    with writing(engine) as session:
        changed = edit_link(
            session,
            short_links,
            workspace_id,
            made.id,
            lambda link: replace(link, destination_url="https://shop.example/2", terms=replace(link.terms, expires_at=NOW)),
            later,
        )
    assert changed.destination_url == "https://shop.example/2"
    assert (changed.title, changed.short_url, dict(changed.terms.utm)) == ("Poster", made.short_url, {"source": "poster"})
    assert (changed.terms.expires_at, changed.updated_at) == (NOW, later)
    with reading(engine) as session:
        assert session.exec(select(Link.revision)).one() > before
        assert find_link(session, short_links, workspace_id, made.id) == changed


def test_two_changes_at_once_are_both_kept(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    link_id = create(engine, short_links, workspace_id).id
    changes: list[Any] = [
        lambda link: replace(link, title="Window"),
        lambda link: replace(link, destination_url="https://shop.example/2"),
    ]
    start = threading.Barrier(2)

    def edit(change: Any) -> None:
        start.wait()
        with writing(engine) as session:
            edit_link(session, short_links, workspace_id, link_id, change, NOW)

    threads = [threading.Thread(target=edit, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as session:
        link = find_link(session, short_links, workspace_id, link_id)
    assert (link.title, link.destination_url) == ("Window", "https://shop.example/2")


def test_another_workspaces_link_is_not_found(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    link_id = create(engine, short_links, workspace_id).id
    stranger = factories.workspace(engine, "Stranger")
    with reading(engine) as session:
        assert list_links(session, short_links, stranger).links == ()
        with pytest.raises(NotFound):
            find_link(session, short_links, stranger, link_id)
    create(engine, short_links, stranger)
    with writing(engine) as session:
        for act in (
            lambda: find_link(session, short_links, stranger, link_id),
            lambda: edit_link(session, short_links, stranger, link_id, lambda link: link, NOW),
            lambda: list_link_visits(session, stranger, link_id, None, None),
        ):
            with pytest.raises(NotFound) as refused:
                act()
            assert refused.value.code == "link_not_found"


def test_no_visit_of_another_link_is_read(sqlite_url: str) -> None:
    """Whatever else the standing campaign holds: SQLite, which has no statistics by itself, takes the index in its order."""
    engine = open_engine(sqlite_url)
    plans: list[str] = []

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if "FROM hit" in statement and not statement.startswith("EXPLAIN"):
            found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append(" ".join(row[3] for row in found))

    event.listen(engine, "before_cursor_execute", explain)
    with reading(engine) as session:
        count_visits(session, 1, [1, 2])
        for verdict in (None, "human"):
            for after in (None, f"1.{uuid.uuid4()}.0"):
                list_visits(session, 1, 1, verdict, after, 10)
    engine.dispose()
    counted, *listed = plans
    assert "COVERING INDEX ix_hit_link (campaign_id=? AND link_id=?" in counted
    assert len(listed) == 4
    for plan in listed:
        assert "INDEX ix_hit_link (campaign_id=? AND link_id=?" in plan
        assert "TEMP B-TREE" not in plan


def test_every_figure_opens_onto_exactly_its_visits(engine: Engine, short_links: ShortLinks, workspace_id: int) -> None:
    link_id = create(engine, short_links, workspace_id).id
    other_id = create(engine, short_links, workspace_id).id
    hits(engine, link_id, ["human", "machine", "human", "suspect", "human"], device="mobile", os="iOS", outcome="expired")
    hits(engine, link_id, ["human", "machine"])
    hits(engine, other_id, ["machine"])
    with reading(engine) as session:
        other, link = list_links(session, short_links, workspace_id).links
        assert (link.visits, other.visits) == (Visits(4, 1, 2), Visits(machine=1))
        for verdict, count in (("human", 4), ("suspect", 1), ("machine", 2), (None, 7)):
            found, after = [], None
            while True:
                page = list_link_visits(session, workspace_id, link_id, verdict, after, limit=2)
                found += page.visits
                after = page.next_after
                if after is None:
                    break
            assert len(found) == count
            assert {visit.verdict for visit in found} == ({verdict} if verdict else {"human", "suspect", "machine"})
            moments = [visit.occurred_at for visit in found]
            assert moments == sorted(moments, reverse=True)
        newest = list_link_visits(session, workspace_id, link_id, None, None).visits[0]
        assert (newest.device, newest.os, newest.outcome, newest.network) == ("mobile", "iOS", "expired", "203.0.113.0/24")
        for cursor in ("", "x", "1.2.3", f"{'9' * 30}.{uuid.uuid4()}.0"):
            with pytest.raises(Problem) as refused:
                list_link_visits(session, workspace_id, link_id, None, cursor)
            assert refused.value.code == "cursor_invalid"
