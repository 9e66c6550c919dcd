import pytest
from sqlalchemy import Engine

from linksvc import route_coverage
from linksvc.database import writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.route_coverage import EVERYWHERE, Coverage, weight_for
from tests import factories


def test_a_route_covers_what_it_was_told_and_everything_else_by_default(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        assert route_coverage.coverage_of(session, route_id) == []
        route_coverage.cover(session, route_id, Coverage("FR", weight=70))
        route_coverage.cover(session, route_id, Coverage("FR", weight=60))
        route_coverage.cover(session, route_id, Coverage("FR", "20801", 0))
        told = route_coverage.coverage_of(session, route_id)
        assert told == [Coverage("FR", "", 60), Coverage("FR", "20801", 0)]
        route_coverage.uncover(session, route_id, "FR", "")
        with pytest.raises(NotFound):
            route_coverage.uncover(session, route_id, "FR", "")
        route_coverage.uncover_all(session, route_id)
        assert route_coverage.read_coverage(session) == {}
    assert [weight_for(told, *place) for place in (("FR", "20801"), ("FR", "x"), ("GB", ""))] == [0, 60, None]
    assert weight_for(EVERYWHERE, "GB", "x") == 100


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wrong",
    [
        Coverage("fr"),
        Coverage("XX"),
        Coverage("", "20801"),
        Coverage("FR", "a b"),
        Coverage("FR", "", -1),
        Coverage(weight=10_001),
    ],
)
def test_what_cannot_be_covered_is_refused(engine: Engine, wrong: Coverage) -> None:
    with pytest.raises(InvalidRequest) as caught, writing(engine) as session:
        route_coverage.cover(session, factories.route(engine), wrong)
    assert caught.value.code == "coverage_invalid"
