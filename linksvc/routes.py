"""Routes: the operator's SMSC accounts. For `ricochet route`, the sender, and whoever asks why a campaign waits."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select, update

from linksvc.errors import ConfigurationError, Conflict, FieldError, InvalidRequest, NotFound
from linksvc.models import Route
from linksvc.settings import Settings

IDLE, BOUND, REFUSED, UNREACHABLE = "idle", "bound", "refused", "unreachable"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class NewRoute:
    """What an operator tells of an account. `window_size`: unanswered submissions; `rate_per_s`: fragments a second."""

    name: str
    host: str
    port: int
    system_id: str
    window_size: int = 10
    rate_per_s: int = 100


@dataclass(frozen=True)
class RouteView:
    """A route as it stands; `error` says in plain words why it is refused or unreachable."""

    id: int
    name: str
    host: str
    port: int
    system_id: str
    window_size: int
    rate_per_s: int
    enabled: bool
    state: str
    error: str
    state_at: datetime | None


def add_route(session: Session, new: NewRoute, now: datetime) -> int:
    """Stores a route; returns its id. Raises InvalidRequest (route_invalid) and Conflict (route_exists)."""
    _check(new)
    if session.exec(select(Route.id).where(Route.name == new.name)).first() is not None:
        raise Conflict(f"There is a route named {new.name} already.", code="route_exists")
    route = Route(
        name=new.name,
        host=new.host,
        port=new.port,
        system_id=new.system_id,
        window_size=new.window_size,
        rate_per_s=new.rate_per_s,
        created_at=now,
    )
    session.add(route)
    session.flush()
    return route.id or 0


def change_route(session: Session, new: NewRoute) -> int:
    """Gives the route of that name another account, window or rate; a running sender takes it over. Returns its id.

    Raises InvalidRequest (route_invalid) and NotFound (route_not_found).
    """
    _check(new)
    route = session.exec(select(Route).where(Route.name == new.name)).first()
    if route is None:
        raise _not_found(new.name)
    route.host, route.port, route.system_id = new.host, new.port, new.system_id
    route.window_size, route.rate_per_s = new.window_size, new.rate_per_s
    session.add(route)
    return route.id or 0


def list_routes(session: Session) -> list[RouteView]:
    """All routes, the oldest first."""
    return [_view(route) for route in session.exec(select(Route).order_by(col(Route.id)))]


def find_route(session: Session, name: str) -> RouteView:
    """The route of that name. Raises NotFound (route_not_found)."""
    route = session.exec(select(Route).where(Route.name == name)).first()
    if route is None:
        raise _not_found(name)
    return _view(route)


def set_state(session: Session, route_id: int, state: str, error: str, now: datetime) -> None:
    """Notes what became of the bind; `error` is read by people."""
    session.exec(update(Route).where(col(Route.id) == route_id).values(state=state, error=error, state_at=now))


def password_variable(name: str) -> str:
    """The environment variable that holds a route's password."""
    return f"RICOCHET_ROUTE_{name.upper().replace('-', '_')}_PASSWORD"


def find_password(settings: Settings, name: str, environment: Mapping[str, str] = os.environ) -> str:
    """A route's password, from the environment or its file; read anew each time, so that a corrected file is found.

    Raises ConfigurationError when there is none.
    """
    if password := environment.get(password_variable(name)):
        return password
    if settings.route_secrets_dir is not None:
        path = settings.route_secrets_dir / f"{name}.password"
        if path.is_file():
            return path.read_text().strip("\r\n")
    raise ConfigurationError(
        f"Route {name} has no password: set {password_variable(name)}, or RICOCHET_ROUTE_SECRETS_DIR to a folder with "
        f"a file {name}.password."
    )


def _check(new: NewRoute) -> None:
    errors = []
    if not _NAME.fullmatch(new.name):
        errors.append(FieldError("name", "A letter, then up to 39 small letters, digits and dashes."))
    if not new.host or any(character.isspace() for character in new.host):
        errors.append(FieldError("host", "A host name or an address."))
    if not 0 < new.port < 65_536:
        errors.append(FieldError("port", "A number from 1 to 65535."))
    if not (0 < len(new.system_id) < 16 and new.system_id.isascii()):
        errors.append(FieldError("system_id", "1 to 15 ASCII characters (SMPP v3.4, 5.2.1)."))
    if not 0 < new.window_size <= 1_000:
        errors.append(FieldError("window_size", "A number from 1 to 1000."))
    if not 0 < new.rate_per_s <= 10_000:
        errors.append(FieldError("rate_per_s", "A number from 1 to 10000."))
    if errors:
        names = ", ".join(error.field for error in errors)
        raise InvalidRequest(f"The route is not valid: {names}.", code="route_invalid", errors=tuple(errors))


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no route named {name}.", code="route_not_found")


def _view(route: Route) -> RouteView:
    return RouteView(
        id=route.id or 0,
        name=route.name,
        host=route.host,
        port=route.port,
        system_id=route.system_id,
        window_size=route.window_size,
        rate_per_s=route.rate_per_s,
        enabled=route.enabled,
        state=route.state,
        error=route.error,
        state_at=route.state_at,
    )
