"""Short domains of a workspace's own: go.example.com instead of the installation's. The operator adds them on the command
line, because the name must lead to a tracker; trackers learn of them by their revision.

A host belongs to one workspace. When it is removed its links open no longer, and it may come back to the same workspace;
another one may have it only if there is no link on it: what was printed and sent must never lead to somebody else's pages.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from sqlmodel import Session, col, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from linksvc.database import insert_into, rows_affected
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.hosts import UnreachableHost, check_host
from linksvc.models import Link, ShortDomain, Workspace
from linksvc.serials import next_revision
from linksvc.settings import Settings


@dataclass(frozen=True)
class Domain:
    """`short_url` is what the links begin with; new links of the workspace are written on the preferred one."""

    host: str
    short_url: str
    preferred: bool
    created_at: datetime


def add_domain(
    session: Session, settings: Settings, workspace_id: int, address: str, preferred: bool, now: datetime
) -> Domain:
    """Adds a domain, written as go.example.com or with its scheme and port, https://go.example.com:8443.

    Raises InvalidRequest (domain_invalid), Conflict (domain_exists, domain_taken), NotFound (workspace_not_found).
    """
    host, short_url = _parse(settings, address)
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    _check_free(session, workspace_id, host)
    values = {
        "host": host,
        "workspace_id": workspace_id,
        "short_url": short_url,
        "preferred": False,
        "revision": next_revision(session),
        "created_at": now,
        "removed_at": None,
    }
    removed = col(ShortDomain.removed_at).is_not(None)
    statement = insert_into(session, ShortDomain).values(**values)
    statement = statement.on_conflict_do_update(index_elements=["host"], set_=values, where=removed)
    if rows_affected(session.connection().execute(statement)) != 1:
        raise Conflict(f"{host} was just added by somebody else.", code="domain_taken")
    if preferred:
        prefer(session, workspace_id, host)
    return Domain(host, short_url, preferred, now)


def remove_domain(session: Session, workspace_id: int, host: str, now: datetime) -> int:
    """Gives a domain up; returns how many links on it open no longer. Raises NotFound (domain_not_found)."""
    row = _find(session, workspace_id, host)
    row.removed_at, row.preferred, row.revision = now, False, next_revision(session)
    session.add(row)
    session.flush()
    return _count_links(session, workspace_id, row.host)


def prefer(session: Session, workspace_id: int, host: str | None) -> None:
    """New links of the workspace are written on this domain; None: on the installation's own again. Raises NotFound."""
    chosen = _find(session, workspace_id, host).host if host is not None else ""
    session.exec(
        update(ShortDomain)
        .where(col(ShortDomain.workspace_id) == workspace_id, col(ShortDomain.removed_at).is_(None))
        .values(preferred=col(ShortDomain.host) == chosen)
    )


class ShortHosts:
    """The hosts that short links stand on: the installation's, and every workspace's. Asks the database once a host."""

    def __init__(self, session: Session, short_url: str) -> None:
        """`short_url` is the installation's."""
        self._session = session
        self._known = {urlsplit(short_url).hostname or "": True}

    def __contains__(self, host: str) -> bool:
        if host not in self._known:
            domain = self._session.get(ShortDomain, host)
            self._known[host] = domain is not None and domain.removed_at is None
        return self._known[host]


def list_domains(session: Session, workspace_id: int) -> tuple[Domain, ...]:
    """The domains of a workspace, by name."""
    return tuple(
        Domain(row.host, row.short_url, row.preferred, row.created_at)
        for row in session.exec(_in_use(workspace_id).order_by(col(ShortDomain.host)))
    )


def preferred_url(session: Session, workspace_id: int) -> str:
    """What new links of the workspace begin with; empty for the installation's own. The domain cannot be removed while
    the transaction lasts."""
    statement = _in_use(workspace_id).where(col(ShortDomain.preferred)).with_for_update(read=True)
    row = session.exec(statement).first()
    return row.short_url if row else ""


def _in_use(workspace_id: int) -> SelectOfScalar[ShortDomain]:
    return select(ShortDomain).where(ShortDomain.workspace_id == workspace_id, col(ShortDomain.removed_at).is_(None))


def _parse(settings: Settings, address: str) -> tuple[str, str]:
    """The host and what its links begin with."""
    written = address.strip()
    parts = _split(written if "://" in written else f"https://{written}")
    try:
        host = check_host(parts.hostname or "")
    except UnreachableHost as error:
        raise _invalid(written, str(error)) from None
    if host.startswith("[") or host.replace(".", "").isdigit():
        raise _invalid(written, "It is a number; links stand on a name.")
    for variable, own in (("RICOCHET_SHORT_URL", settings.short_url), ("RICOCHET_PUBLIC_URL", settings.public_url)):
        if (urlsplit(own).hostname or "") == host:
            raise _invalid(written, f"It is the installation's own host ({variable}).")
    return host, f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _split(address: str) -> SplitResult:
    if any(c.isspace() or not c.isprintable() or c in "\\@?#" for c in address):
        raise _invalid(address, "It holds a space, a user name, a query, or a character that no host has.")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise _invalid(address, "It is no address of a host.") from None
    if parts.scheme not in ("http", "https") or port == 0:
        raise _invalid(address, "Its scheme is neither https nor http, or its port is 0.")
    if parts.path not in ("", "/"):
        raise _invalid(address, "It has a path; codes stand right behind the host.")
    return parts


def _check_free(session: Session, workspace_id: int, host: str) -> None:
    row = session.exec(select(ShortDomain).where(ShortDomain.host == host).with_for_update()).first()
    if row is None:
        return
    if row.workspace_id == workspace_id:
        if row.removed_at is None:
            raise Conflict(f"{host} is a domain of this workspace already.", code="domain_exists")
    elif row.removed_at is None:
        raise Conflict(f"{host} is a domain of another workspace.", code="domain_taken")
    elif _count_links(session, row.workspace_id, host):
        raise Conflict(
            f"{host} was a domain of another workspace, and there are links on it: it may only come back to that one.",
            code="domain_taken",
        )


def _count_links(session: Session, workspace_id: int, host: str) -> int:
    on_it = or_(col(Link.short_url).endswith(f"://{host}"), col(Link.short_url).contains(f"://{host}:"))
    return session.exec(select(func.count()).select_from(Link).where(Link.workspace_id == workspace_id, on_it)).one()


def _find(session: Session, workspace_id: int, host: str) -> ShortDomain:
    wanted = host.strip()
    with suppress(UnreachableHost, ValueError):
        wanted = check_host(urlsplit(wanted if "://" in wanted else f"https://{wanted}").hostname or "")
    row = session.exec(_in_use(workspace_id).where(ShortDomain.host == wanted).with_for_update()).first()
    if row is None:
        raise NotFound(f"This workspace has no domain {wanted}.", code="domain_not_found")
    return row


def _invalid(address: str, why: str) -> InvalidRequest:
    message = f"“{address}” cannot be a short domain. {why} Write a name that leads to your trackers: go.example.com."
    return InvalidRequest(message, code="domain_invalid", errors=(FieldError("domain", why),))
