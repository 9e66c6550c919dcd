import pytest
from sqlalchemy import Engine

from linksvc import route_coverage, routes
from linksvc.database import reading, writing
from linksvc.route_coverage import Coverage
from linksvc.route_trouble import Uncovered, find_trouble, find_uncovered
from linksvc.send_batches import Run, deal
from tests import factories
from tests.factories import NOW


def trouble(engine: Engine, campaign_id: int) -> list[tuple[str, str]]:
    with reading(engine) as session:
        return [(one.state, one.message) for one in find_trouble(session, campaign_id)]


def test_it_is_told_which_recipients_no_route_may_be_used_for(engine: Engine) -> None:
    campaign_id = factories.campaign(engine, factories.workspace(engine), state="sending")
    with writing(engine) as session:
        runs = [
            Run(country, network, size, NOW)
            for country, network, size in (("FR", "", 60), ("GB", "23415", 2_000), ("GB", "23420", 5), ("", "", 3))
        ]
        deal(session, campaign_id, 0, runs)
    assert [state for state, _ in trouble(engine, campaign_id)] == ["missing"]
    main = factories.route(engine)
    assert trouble(engine, campaign_id) == []
    with writing(engine) as session:
        route_coverage.cover(session, main, Coverage("FR"))
        route_coverage.cover(session, main, Coverage("GB", "23420", 0))
    assert [state for state, _ in trouble(engine, campaign_id)] == ["uncovered"] * 2
    assert trouble(engine, campaign_id)[1][1].startswith("No route covers GB 23415: 2,000 messages wait.")
    with reading(engine) as session:
        found = find_uncovered(session, campaign_id, routes.list_routes(session))
    assert found == [Uncovered("", "", 3), Uncovered("GB", "23415", 2_000)]
    factories.route(engine, "spare")
    assert trouble(engine, campaign_id) == []


@pytest.mark.parametrize("state", ["refused", "failing", "unreachable"])
def test_routes_that_do_not_do_their_work_are_told_with_their_words(engine: Engine, state: str) -> None:
    campaign_id = factories.campaign(engine, factories.workspace(engine), state="sending")
    factories.route(engine, state=state, error="Something is wrong.")
    factories.route(engine, "fine", state="bound")
    assert trouble(engine, campaign_id) == [(state, "Something is wrong.")]
