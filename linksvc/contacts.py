"""Contacts: what is newest about people, what they agreed to, and how many there are. Called by `linksvc.contact_import`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BindParameter, ColumnElement, Table, bindparam, case, cast, func, insert, or_
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, String, col, exists, select

from linksvc.contact_directory import DETAILS, MARKETING, TRACKING, Arrival, Directory, Grant, Person
from linksvc.database import insert_new, is_sqlite
from linksvc.models import Consent, Contact, ImportedContact, Suppression


@dataclass(frozen=True, slots=True)
class Merge:
    """How many arrivals became a contact, and how many met one."""

    added: int
    merged: int


def merge_contacts(
    session: Session, workspace_id: int, import_id: int, identity: str, arrivals: Sequence[Arrival], now: datetime
) -> Merge:
    """Stores arrivals in their order: the newest non-empty fields stay, consents are added, none is withdrawn.

    Set-based: the number of statements does not depend on the number of arrivals. The caller holds the workspace's
    place (`linksvc.contact_import`), so no other import looks up the same people meanwhile. Suppressions are not touched.
    """
    directory = Directory(_known(session, workspace_id, arrivals), by_external_id=identity == "external_id")
    people = {id(person): person for person in map(directory.take, arrivals)}.values()
    added = sum(person.id is None for person in people)
    past = _PastConsents.of(session, workspace_id, [person.id for person in people if person.id])
    _update(session, workspace_id, [(person.id, _row(person, past, now)) for person in people if person.id])
    _insert(session, workspace_id, [person for person in people if person.id is None], past, now)
    insert_new(session, ImportedContact, [{"import_id": import_id, "contact_id": person.id} for person in people])
    shared = {"workspace_id": workspace_id, "import_id": import_id, "recorded_at": now}
    if consents := [shared | consent for person in people for consent in past.new(person)]:
        session.connection().execute(insert(Consent), consents)
    return Merge(added, len(arrivals) - added)


def count_by_country(session: Session, workspace_id: int) -> dict[str, int]:
    """How many contacts a workspace has in each country."""
    counts = select(Contact.country, func.count()).where(Contact.workspace_id == workspace_id)
    return dict(session.exec(counts.group_by(Contact.country)).all())


def count_sendable(session: Session, workspace_id: int) -> int:
    """How many contacts a marketing campaign to all would reach: consent to receive, and no suppression."""
    suppressed = exists().where(
        col(Suppression.workspace_id) == workspace_id, col(Suppression.number) == col(Contact.number)
    )
    who = col(Contact.marketing_consent_at).is_not(None) & ~suppressed
    return session.exec(select(func.count()).where(Contact.workspace_id == workspace_id, who)).one()


class _PastConsents:
    """What the contacts of a batch agreed to before, and took back."""

    def __init__(self, rows: Iterable[tuple[int, str, bool, str, datetime]]) -> None:
        self._granted: set[tuple[int, str, Grant]] = set()
        self._withdrawn: dict[tuple[int, str], datetime] = {}
        for contact_id, purpose, granted, source, occurred_at in rows:
            if granted:
                self._granted.add((contact_id, purpose, Grant(source, occurred_at)))
            else:
                before = self._withdrawn.get((contact_id, purpose), occurred_at)
                self._withdrawn[contact_id, purpose] = max(before, occurred_at)

    @classmethod
    def of(cls, session: Session, workspace_id: int, contact_ids: Sequence[int]) -> "_PastConsents":
        if not contact_ids:
            return cls(())
        columns = (Consent.contact_id, Consent.purpose, Consent.granted, Consent.source, Consent.occurred_at)
        of_these = (col(Consent.workspace_id) == workspace_id, col(Consent.contact_id).in_(contact_ids))
        rows = session.connection().execute(sqlalchemy.select(*columns).where(*of_these))  # type: ignore[call-overload]
        return cls(rows)

    def newest(self, person: Person, purpose: str) -> datetime | None:
        """When consent was last given, among what arrived; a consent older than its withdrawal counts for nothing."""
        withdrawn = self._withdrawn.get((person.id or 0, purpose))
        times = [grant.occurred_at for kind, grant in person.grants if kind == purpose]
        return max((time for time in times if withdrawn is None or time > withdrawn), default=None)

    def new(self, person: Person) -> Iterator[dict[str, Any]]:
        """The consents that arrived and are not on record: the same file imported again proves nothing more."""
        for purpose, grant in person.grants:
            if (person.id, purpose, grant) not in self._granted:
                yield {
                    "contact_id": person.id,
                    "channel": "sms",
                    "purpose": purpose,
                    "granted": True,
                    "source": grant.source,
                    "occurred_at": grant.occurred_at,
                }


def _known(session: Session, workspace_id: int, arrivals: Sequence[Arrival]) -> Iterator[Person]:
    """The contacts that these arrivals may be about, oldest first."""
    numbers = {arrival.number for arrival in arrivals}
    identities = {f"x:{arrival.external_id}" for arrival in arrivals if arrival.external_id}
    about = or_(col(Contact.number).in_(numbers), col(Contact.identity).in_(identities))
    columns = select(Contact.id, Contact.identity, Contact.number, Contact.external_id)
    rows = session.exec(columns.where(Contact.workspace_id == workspace_id, about).order_by(col(Contact.id)))
    return (Person(*row) for row in rows)


def _row(person: Person, past: _PastConsents, now: datetime) -> dict[str, Any]:
    return {
        "identity": person.identity,
        "number": person.number,
        "country": person.country,
        "external_id": person.external_id,
        **{name: person.details.get(name, "") for name in DETAILS},
        "fields": json.dumps(person.fields, ensure_ascii=False),
        "marketing_consent_at": past.newest(person, MARKETING),
        "tracking_consent_at": past.newest(person, TRACKING),
        "updated_at": now,
    }


def _insert(session: Session, workspace_id: int, people: Sequence[Person], past: _PastConsents, now: datetime) -> None:
    """Stores new people, who learn their ids."""
    if not people:
        return
    rows = [_row(person, past, now) | {"workspace_id": workspace_id, "created_at": now} for person in people]
    made = session.connection().execute(insert(Contact).returning(col(Contact.id), col(Contact.identity)), rows)
    ids = {identity: id for id, identity in made}
    for person in people:
        person.id = ids[person.identity]


def _update(session: Session, workspace_id: int, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Merges newer values into contacts: what is empty leaves what stands there."""
    if not rows:
        return
    table: Table = Contact.__table__  # type: ignore[attr-defined]
    plain: dict[str, Any] = {name: _bound(table, name) for name in ("identity", "number", "country", "updated_at")}
    kept = {name: func.coalesce(func.nullif(_bound(table, name), ""), table.c[name]) for name in ("external_id", *DETAILS)}
    stamps = {name: _later(table, name) for name in ("marketing_consent_at", "tracking_consent_at")}
    merged: dict[str, Any] = {"fields": _merged_json(session, table.c.fields, _bound(table, "fields"))}
    values = plain | kept | stamps | merged
    statement = table.update().values(values)
    statement = statement.where(table.c.id == bindparam("at_id"), table.c.workspace_id == workspace_id)
    session.connection().execute(
        statement, [{f"new_{name}": row[name] for name in values} | {"at_id": id} for id, row in rows]
    )


def _bound(table: Table, name: str) -> BindParameter[Any]:
    return bindparam(f"new_{name}", type_=table.c[name].type)


def _later(table: Table, name: str) -> ColumnElement[Any]:
    """The later of a stamp and its new value, either of which may be missing."""
    new, old = _bound(table, name), table.c[name]
    return case((new.is_(None), old), (old.is_(None) | (old < new), new), else_=old)


def _merged_json(session: Session, old: ColumnElement[str], new: ColumnElement[str]) -> ColumnElement[str]:
    """One flat JSON object over another."""
    if is_sqlite(session):
        return func.json_patch(old, new)
    return cast(cast(old, JSONB).concat(cast(new, JSONB)), String)
