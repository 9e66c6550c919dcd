from datetime import timedelta

from sqlalchemy import Engine

from linksvc import route_health, routes
from linksvc.database import reading, writing
from linksvc.route_health import FRESH_FOR, STARTING_FOR, Vitals
from linksvc.routes import BOUND, FAILING, IDLE, REFUSED, UNREACHABLE
from tests import factories
from tests.factories import NOW


def test_a_route_is_as_good_as_its_best_bind(engine: Engine) -> None:
    route_id = factories.route(engine)

    def route_after(number: int, state: str, error: str = "") -> tuple[str, str]:
        with writing(engine) as session:
            route_health.tell_state(session, route_id, number, state, error, NOW)
        with reading(engine) as session:
            route = routes.find_route(session, "main")
        return route.state, route.error

    assert route_after(0, UNREACHABLE, "It is away.") == ("unreachable", "It is away.")
    assert route_after(1, REFUSED, "The password.") == ("refused", "The password.")
    assert route_after(0, FAILING, "It refuses most.") == ("failing", "It refuses most.")
    assert route_after(1, BOUND) == ("bound", "")
    assert route_after(0, IDLE) == ("bound", "")
    with writing(engine) as session:
        route_health.forget_bind(session, route_id, 1, NOW)
    with reading(engine) as session:
        assert routes.find_route(session, "main").state == "idle"


def test_the_figures_of_a_bind_are_kept_beside_its_state(engine: Engine) -> None:
    route_id = factories.route(engine)
    vitals = Vitals(12_500, 9, 1, 2, 3, 40)
    with writing(engine) as session:
        route_health.tell_vitals(session, route_id, 0, vitals, NOW)
        route_health.tell_state(session, route_id, 0, BOUND, "", NOW)
        route_health.tell_vitals(session, route_id, 0, vitals, NOW + timedelta(seconds=5))
    with reading(engine) as session:
        (bind,) = route_health.read_binds(session)
    assert (bind.state, bind.state_at, bind.vitals) == (BOUND, NOW, vitals)
    assert bind.works(NOW + timedelta(seconds=5) + FRESH_FOR)
    assert not bind.works(NOW + timedelta(seconds=6) + FRESH_FOR)


def test_a_bind_that_is_just_being_made_works_and_one_whose_holder_is_silent_does_not(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        route_health.tell_state(session, route_id, 0, IDLE, "", NOW)
        route_health.tell_state(session, route_id, 1, BOUND, "", NOW)
    with reading(engine) as session:
        idle, bound = route_health.read_binds(session)
    assert idle.works(NOW + STARTING_FOR) and not idle.works(NOW + STARTING_FOR + timedelta(seconds=1))
    assert bound.works(NOW + STARTING_FOR + timedelta(seconds=1))
    later = NOW + FRESH_FOR + timedelta(seconds=1)
    with writing(engine) as session:
        route_health.tell_state(session, route_id, 0, UNREACHABLE, "It is away.", later)
    with reading(engine) as session:
        assert routes.find_route(session, "main").state == "unreachable"


def test_refused_binds_are_tried_again_when_somebody_says_so(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        route_health.tell_state(session, route_id, 0, REFUSED, "The password.", NOW)
        route_health.tell_state(session, route_id, 1, BOUND, "", NOW)
        assert route_health.retry(session, route_id, NOW) == 1
        assert route_health.retry(session, route_id, NOW) == 0
        assert [bind.state for bind in route_health.read_binds(session)] == [IDLE, BOUND]
