from dataclasses import fields, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc import routes
from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError, Conflict, InvalidRequest, NotFound
from linksvc.models import Attempt, Route
from linksvc.route_accounts import NewRoute
from linksvc.settings import Settings
from tests import factories
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


WRONG: dict[str, list[object]] = {
    "name": ["Main", "../main", ""],
    "host": ["", "a b"],
    "port": [0, 70_000],
    "system_id": ["", "x" * 16, "é"],
    "window_size": [0, 1_001],
    "rate_per_s": [0, 10_001],
    "system_type": ["x" * 13, "é"],
    "bind_type": ["", "receiver"],
    "binds": [0, 4],
    "tls_name": ["smsc.example"],
    "alphabet": ["", "ucs2"],
    "data_codings": [{0: "gsm"}, {256: "gsm"}, {3: "klingon"}],
    "answer_id": ["octal"],
    "receipt_id": ["octal"],
    "tlv_id": ["octal"],
    "receipt_timezone": ["", "Mars/Olympus", "../etc/passwd"],
    "number_country": ["fr", "XX"],
    "numbering": [{"name": (5, 0)}, {"short": (8, 0)}, {"long": (1, 19)}],
    "long_form": ["udh"],
    "max_tries": [0, 101],
    "max_age_s": [0, 604_801],
}


def test_every_field_that_can_be_wrong_is_told_by_its_name(engine: Engine) -> None:
    assert WRONG.keys() == {one.name for one in fields(NewRoute)} - {"tls"}
    for name, values in WRONG.items():
        for value in values:
            with pytest.raises(InvalidRequest) as caught, writing(engine) as session:
                routes.add_route(session, replace(MAIN, **{name: value}), NOW)  # type: ignore[arg-type]
            assert caught.value.code == "route_invalid"
            assert [error.field for error in caught.value.errors] == [name], value


EVERYTHING = NewRoute(
    name="main",
    host="::1",
    port=2776,
    system_id="lumen",
    window_size=50,
    rate_per_s=400,
    system_type="SMPP",
    bind_type="pair",
    binds=4,
    tls=True,
    tls_name="smsc.example",
    alphabet="latin1",
    data_codings={3: "latin1", 245: "ucs2"},
    answer_id="hex",
    receipt_id="decimal",
    tlv_id="text",
    receipt_timezone="Europe/Paris",
    number_country="FR",
    numbering={"short": (3, 0), "recipient": (1, 1)},
    long_form="sar",
    max_tries=3,
    max_age_s=600,
)


def test_every_field_is_kept_and_can_be_changed(engine: Engine) -> None:
    with writing(engine) as session:
        routes.add_route(session, EVERYTHING, NOW)
        routes.add_route(session, replace(MAIN, name="spare"), NOW)
        routes.change_route(session, replace(EVERYTHING, name="spare"))
    with reading(engine) as session:
        assert routes.find_route(session, "main").account == EVERYTHING
        assert routes.find_route(session, "spare").account == replace(EVERYTHING, name="spare")
    assert all(getattr(EVERYTHING, one.name) != getattr(MAIN, one.name) for one in fields(NewRoute) if one.name != "name")


def test_a_route_is_removed_once_it_is_disabled_and_settled_and_its_name_is_free_again(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    with writing(engine) as session:
        id = routes.add_route(session, MAIN, NOW)
        session.add(
            marked := Attempt(
                campaign_id=campaign_id,
                n=0,
                part=1,
                attempt=1,
                parts=1,
                route_id=id,
                worker="w",
                occurred_at=NOW,
                recorded_at=NOW,
            )
        )
        session.flush()
        with pytest.raises(Conflict) as used:
            routes.remove_route(session, "main", NOW)
        routes.set_enabled(session, "main", False)
        with pytest.raises(Conflict) as busy:
            routes.remove_route(session, "main", NOW)
        marked.outcome = "accepted"
        session.add(marked)
        session.flush()
        routes.remove_route(session, "main", NOW)
        assert routes.list_routes(session) == []
        with pytest.raises(NotFound):
            routes.find_route(session, "main")
        assert routes.add_route(session, MAIN, NOW) != id
        assert len(session.exec(select(Route.id)).all()) == 2
    assert (used.value.code, busy.value.code) == ("route_enabled", "route_busy")


def test_a_password_comes_from_the_environment_or_else_from_its_file(tmp_path: Path) -> None:
    settings = Settings(route_secrets_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="RICOCHET_ROUTE_FR_MAIN_PASSWORD"):
        routes.find_password(settings, "fr-main", {})
    (tmp_path / "fr-main.password").write_text("from the file\n")
    assert routes.find_password(settings, "fr-main", {}) == "from the file"
    assert routes.find_password(settings, "fr-main", {"RICOCHET_ROUTE_FR_MAIN_PASSWORD": "first"}) == "first"
