from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from linksvc import routes
from linksvc.database import open_engine, reading, writing
from linksvc.errors import ConfigurationError, Conflict, InvalidRequest, NotFound
from linksvc.routes import NewRoute
from linksvc.settings import Settings
from tests.factories import NOW

MAIN = NewRoute("main", "smsc.example", 2775, "ricochet")


def test_a_route_is_added_listed_changed_and_found(engine: Engine) -> None:
    with writing(engine) as session:
        id = routes.add_route(session, MAIN, NOW)
        routes.add_route(session, replace(MAIN, name="spare"), NOW)
    with writing(engine) as session:
        assert routes.change_route(session, replace(MAIN, port=2776, window_size=50, rate_per_s=400)) == id
        routes.set_state(session, id, routes.REFUSED, "The password is not accepted.", NOW)
    with reading(engine) as session:
        assert [route.name for route in routes.list_routes(session)] == ["main", "spare"]
        found = routes.find_route(session, "main")
    assert (found.port, found.window_size, found.rate_per_s) == (2776, 50, 400)
    assert (found.state, found.error, found.state_at) == ("refused", "The password is not accepted.", NOW)


def test_a_name_is_given_once_and_an_unknown_one_is_not_found(engine: Engine) -> None:
    with writing(engine) as session:
        routes.add_route(session, MAIN, NOW)
    with pytest.raises(Conflict) as conflict, writing(engine) as session:
        routes.add_route(session, MAIN, NOW)
    assert conflict.value.code == "route_exists"
    for look in (routes.find_route, lambda session, name: routes.change_route(session, replace(MAIN, name=name))):
        with pytest.raises(NotFound) as missing, writing(engine) as session:
            look(session, "other")
        assert missing.value.code == "route_not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Main"},
        {"name": "../main"},
        {"host": ""},
        {"host": "a b"},
        {"port": 0},
        {"port": 70_000},
        {"system_id": "x" * 16},
        {"window_size": 0},
        {"rate_per_s": 0},
    ],
)
def test_what_cannot_be_a_route_is_refused(sqlite_url: str, wrong: dict[str, object]) -> None:
    engine = open_engine(sqlite_url)
    with pytest.raises(InvalidRequest) as caught, writing(engine) as session:
        routes.add_route(session, replace(MAIN, **wrong), NOW)  # type: ignore[arg-type]
    engine.dispose()
    assert caught.value.code == "route_invalid"
    assert [error.field for error in caught.value.errors] == list(wrong)


def test_a_password_comes_from_the_environment_or_else_from_its_file(tmp_path: Path) -> None:
    settings = Settings(route_secrets_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="RICOCHET_ROUTE_FR_MAIN_PASSWORD"):
        routes.find_password(settings, "fr-main", {})
    (tmp_path / "fr-main.password").write_text("from the file\n")
    assert routes.find_password(settings, "fr-main", {}) == "from the file"
    assert routes.find_password(settings, "fr-main", {"RICOCHET_ROUTE_FR_MAIN_PASSWORD": "first"}) == "first"
