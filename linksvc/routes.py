"""Routes: the operator's SMSC accounts. For `ricochet route`, the sender, and whoever asks why a campaign waits."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, exists, select, update

from linksvc.errors import ConfigurationError, Conflict, NotFound
from linksvc.models import Attempt, Route
from linksvc.route_accounts import NewRoute, check
from linksvc.settings import Settings

IDLE, BOUND, FAILING, REFUSED, UNREACHABLE = "idle", "bound", "failing", "refused", "unreachable"


@dataclass(frozen=True, kw_only=True)
class RouteView(NewRoute):
    """A route as it stands; `error` says in plain words why it is refused, failing or unreachable."""

    id: int
    enabled: bool = True
    state: str = IDLE
    error: str = ""
    state_at: datetime | None = None

    @property
    def account(self) -> NewRoute:
        """What the operator told of it; what changes here is taken over by a running sender."""
        return NewRoute(**{one.name: getattr(self, one.name) for one in fields(NewRoute)})


def add_route(session: Session, new: NewRoute, now: datetime) -> int:
    """Stores a route; returns its id. Raises InvalidRequest (route_invalid) and Conflict (route_exists)."""
    check(new)
    if session.exec(select(Route.id).where(Route.name == new.name)).first() is not None:
        raise Conflict(f"There is a route named {new.name} already.", code="route_exists")
    route = Route(**_columns(new), created_at=now)
    session.add(route)
    session.flush()
    return route.id or 0


def change_route(session: Session, new: NewRoute) -> int:
    """Gives the route of that name another account; a running sender takes it over. Returns its id.

    Raises InvalidRequest (route_invalid) and NotFound (route_not_found).
    """
    check(new)
    route = _find(session, new.name)
    for column, value in _columns(new).items():
        setattr(route, column, value)
    session.add(route)
    return route.id or 0


def list_routes(session: Session) -> list[RouteView]:
    """All routes that were not removed, the oldest first."""
    present = select(Route).where(col(Route.removed_at).is_(None)).order_by(col(Route.id))
    return [view(route) for route in session.exec(present)]


def route_names(session: Session) -> Mapping[int, str]:
    """Their names by id, those of removed ones too: figures outlive a route."""
    return {route_id: name for route_id, name in session.exec(select(Route.id, Route.name)) if route_id is not None}


def find_route(session: Session, name: str) -> RouteView:
    """The route of that name. Raises NotFound (route_not_found)."""
    return view(_find(session, name))


def set_enabled(session: Session, name: str, enabled: bool) -> None:
    """Lets the route be used, or no longer: what it was handed is waited for, then it unbinds. Raises NotFound."""
    route = _find(session, name)
    route.enabled = enabled
    session.add(route)


def remove_route(session: Session, name: str, now: datetime) -> None:
    """Takes a disabled route out of the list; its row stays for the messages that went by it, its name is free again.

    Raises NotFound, and Conflict: route_enabled, or route_busy while answers to what it was handed are still to come.
    """
    route = _find(session, name)
    if route.enabled:
        raise Conflict(f"The route {name} is in use. First: ricochet route disable {name}", code="route_enabled")
    waiting = exists().where(col(Attempt.route_id) == route.id, col(Attempt.outcome).in_(("marked", "retry")))
    if session.exec(select(waiting)).one():
        raise Conflict(
            f"The route {name} was handed parts whose outcome is not settled yet. A running sender settles them within a "
            "minute; then remove it.",
            code="route_busy",
        )
    route.name, route.removed_at = f"{name}~{route.id}", now
    session.add(route)


def set_state(session: Session, route_id: int, state: str, error: str, now: datetime) -> None:
    """Notes what became of the route; `error` is read by people."""
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
    path = _secret(settings, name, "password")
    if path is not None:
        try:
            return path.read_text().strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The password of route {name} cannot be read from {path}: {error}.") from None
    raise ConfigurationError(
        f"Route {name} has no password: set {password_variable(name)}, or RICOCHET_ROUTE_SECRETS_DIR to a folder with "
        f"a file {name}.password."
    )


def find_authority(settings: Settings, name: str) -> Path | None:
    """The file of certificates that a route's SMSC is verified by, <name>.ca.pem; None: those of the system."""
    return _secret(settings, name, "ca.pem")


def view(route: Route) -> RouteView:
    """A row as a record that outlives its session."""
    values: dict[str, Any] = {one.name: getattr(route, one.name) for one in fields(NewRoute)}
    values["data_codings"] = {int(coding): name for coding, name in json.loads(route.data_codings).items()}
    values["numbering"] = {kind: (ton, npi) for kind, (ton, npi) in json.loads(route.numbering).items()}
    return RouteView(
        **values,
        id=route.id or 0,
        enabled=route.enabled,
        state=route.state,
        error=route.error,
        state_at=route.state_at,
    )


def _columns(new: NewRoute) -> dict[str, Any]:
    columns = {one.name: getattr(new, one.name) for one in fields(NewRoute)}
    return columns | {"data_codings": json.dumps(dict(new.data_codings)), "numbering": json.dumps(dict(new.numbering))}


def _find(session: Session, name: str) -> Route:
    route = session.exec(select(Route).where(Route.name == name, col(Route.removed_at).is_(None))).first()
    if route is None:
        raise NotFound(f"There is no route named {name}.", code="route_not_found")
    return route


def _secret(settings: Settings, name: str, suffix: str) -> Path | None:
    if settings.route_secrets_dir is None:
        return None
    path = settings.route_secrets_dir / f"{name}.{suffix}"
    return path if path.is_file() else None
