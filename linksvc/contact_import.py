"""Importing a contact file: from its bytes to contacts, consents and rejected rows. For the API and the command line.

The file is checked to its end first; a file that cannot be read leaves nothing behind. Then its rows are written in small
transactions, each with the import's counts, so rows = added + merged + rejected at every moment. An import that stopped
half way says so (failed, or interrupted when its process is gone), and importing the file again completes it: what was
stored is met again and merged. docs/contacts.md tells whoever prepares a file what to expect.
"""

import json
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlalchemy import Engine, func, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select, update

from linksvc import leases
from linksvc.clock import Clock
from linksvc.contact_columns import map_columns, recognise
from linksvc.contact_directory import Arrival
from linksvc.contact_rows import MAX_CHARACTERS, RowReader
from linksvc.contacts import merge_contacts
from linksvc.csv_files import CsvFile, CsvRow, open_csv
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, writing
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.import_reports import ImportResult, lease_of, read_import
from linksvc.models import Contact, ContactImport, ImportedContact, RejectedRow, Workspace
from linksvc.phone_numbers import COUNTRIES, NumberFault
from linksvc.public_ids import format_id
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Event, ImportEnd

IDENTITIES = ("number", "external_id")

_FILE_ROWS = BATCH_ROWS // 4
"""A row of the file becomes four of ours at most: a contact, two consents, and its place in the import."""

_LEASE = timedelta(minutes=1)
"""An import that committed nothing for this long is dead."""

log = structlog.get_logger()


@dataclass(frozen=True)
class ImportOptions:
    """What whoever imports declares.

    `country` (ISO 3166, or empty) reads national numbers of rows without a country of their own;
    `identity` is one of IDENTITIES;
    `tracking_consent` says whether the people in this file agreed that their personal links are followed;
    `consent_source` is where the consents come from, for rows that do not say.
    """

    file_name: str
    country: str
    identity: str
    tracking_consent: bool
    consent_source: str = ""


def import_contacts(engine: Engine, workspace_id: int, options: ImportOptions, data: bytes, clock: Clock) -> ImportResult:
    """Imports a CSV file and returns how it went.

    Raises InvalidRequest before anything is stored, with the codes invalid_request (an option), file_empty, file_not_text,
    file_broken_quotes, row_too_long, too_many_columns, no_phone_column; NotFound for an unknown workspace.
    """
    _check(options)
    file = open_csv(data, recognise)
    columns = map_columns(file.header)
    started_at = clock()
    holder = uuid.uuid4().hex
    with writing(engine) as session:
        zone = _zone(session, workspace_id)
        import_id = _begin(session, workspace_id, options, file, started_at)
        leases.take(session, lease_of(import_id), holder, started_at, _LEASE)
    source = options.consent_source or f"import of {options.file_name}"
    reader = RowReader(columns, file.header, options.country, source, zone, started_at, options.tracking_consent)
    run = _Run(engine, workspace_id, import_id, options.identity, holder, clock)
    try:
        run.store_all(file, reader)
        run.finish()
    except BaseException:
        # With the database gone this cannot be written; the import then shows as interrupted.
        with suppress(SQLAlchemyError):
            run.fail()
        raise
    with reading(engine) as session:
        return read_import(session, workspace_id, import_id, clock())


@dataclass(frozen=True)
class _Run:
    """An import under way."""

    engine: Engine
    workspace_id: int
    import_id: int
    identity: str
    holder: str
    clock: Clock

    def store_all(self, file: CsvFile, reader: RowReader) -> None:
        rows = file.rows()
        while batch := list(islice(rows, _FILE_ROWS)):
            self.store([(row, reader.read(row)) for row in batch])
            time.sleep(PAUSE_S)

    def store(self, batch: list[tuple[CsvRow, Arrival | NumberFault]]) -> None:
        """Writes some rows and counts them, in one transaction."""
        rejected = [(row, read) for row, read in batch if isinstance(read, NumberFault)]
        arrivals = [read for _, read in batch if isinstance(read, Arrival)]
        now = self.clock()
        with writing(self.engine) as session:
            _lock(session, self.workspace_id)
            merge = merge_contacts(session, self.workspace_id, self.import_id, self.identity, arrivals, now)
            _reject(session, self.import_id, rejected)
            leases.take(session, lease_of(self.import_id), self.holder, now, _LEASE)
            session.exec(
                update(ContactImport)
                .where(col(ContactImport.id) == self.import_id)
                .values(
                    rows=ContactImport.rows + len(batch),
                    added=ContactImport.added + merge.added,
                    merged=ContactImport.merged + merge.merged,
                    rejected=ContactImport.rejected + len(rejected),
                )
            )

    def finish(self) -> None:
        without_consent = (
            select(func.count())
            .select_from(ImportedContact)
            .join(Contact, col(Contact.id) == col(ImportedContact.contact_id))
            .where(ImportedContact.import_id == self.import_id, col(Contact.marketing_consent_at).is_(None))
        )
        with writing(self.engine) as session:
            self._end(session, "finished", without_consent=session.exec(without_consent).one())
        log.info("contacts imported", action="contacts.import", workspace_id=self.workspace_id, import_id=self.import_id)

    def fail(self) -> None:
        error = "The import stopped before the end of the file. Import the same file again: nobody becomes two contacts."
        with writing(self.engine) as session:
            self._end(session, "failed", error=error)
        log.error("import failed", action="contacts.import", workspace_id=self.workspace_id, import_id=self.import_id)

    def _end(self, session: Session, state: str, **values: object) -> None:
        now = self.clock()
        mine = col(ContactImport.id) == self.import_id
        session.exec(update(ContactImport).where(mine).values(state=state, finished_at=now, **values))
        leases.give_back(session, lease_of(self.import_id), self.holder)
        outbox.tell(session, self.workspace_id, [_event(session.get_one(ContactImport, self.import_id), now)], now)


def _event(row: ContactImport, now: datetime) -> Event:
    id = format_id("import", row.id or 0)
    end = ImportEnd("contacts", id, None, row.file_name, row.state, row.rows, row.added, row.merged, row.rejected, now)
    return Event("import.finished", id, now, end)


def _check(options: ImportOptions) -> None:
    errors = []
    if options.country and options.country not in COUNTRIES:
        errors.append(FieldError("country", f"“{options.country}” is no country; give its two letters, for example FR."))
    if options.identity not in IDENTITIES:
        errors.append(FieldError("identity", f"“{options.identity}” is none of {', '.join(IDENTITIES)}."))
    for name, value in (("file_name", options.file_name), ("consent_source", options.consent_source)):
        if len(value) > MAX_CHARACTERS or not value.isprintable():
            errors.append(FieldError(name, f"At most {MAX_CHARACTERS} characters, all of them printable."))
    if errors:
        raise InvalidRequest(" ".join(error.message for error in errors), errors=tuple(errors))


def _zone(session: Session, workspace_id: int) -> tzinfo:
    """The workspace's time zone. Raises NotFound."""
    name = session.exec(select(Workspace.timezone).where(Workspace.id == workspace_id)).first()
    if name is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _begin(session: Session, workspace_id: int, options: ImportOptions, file: CsvFile, now: datetime) -> int:
    row = ContactImport(
        workspace_id=workspace_id,
        file_name=options.file_name,
        encoding=file.encoding,
        delimiter=file.delimiter,
        header=json.dumps(file.header, ensure_ascii=False),
        identity=options.identity,
        country=options.country,
        tracking_consent=options.tracking_consent,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def _lock(session: Session, workspace_id: int) -> None:
    """Two imports into one workspace take turns, batch by batch: each must see whom the other has just made."""
    session.exec(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)).one()


def _reject(session: Session, import_id: int, rejected: Sequence[tuple[CsvRow, NumberFault]]) -> None:
    rows = [
        {"import_id": import_id, "line": row.line, "reason": str(fault), "cells": json.dumps(row.cells, ensure_ascii=False)}
        for row, fault in rejected
    ]
    if rows:
        session.connection().execute(insert(RejectedRow), rows)
