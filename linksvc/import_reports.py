"""What became of a contact import: its counts, and the rows it could not take. For the API and the command line."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.csv_files import neutralise
from linksvc.errors import NotFound
from linksvc.models import ContactImport, Lease, RejectedRow

_CHUNK_ROWS = 1_000


@dataclass(frozen=True)
class ImportResult:
    """How an import went. rows = added + merged + rejected at every moment.

    `state`: running, finished, failed, or interrupted (its process is gone); only a finished import is an audience.
    `without_consent` counts contacts of a finished import that marketing is not sent to.
    """

    import_id: int
    file_name: str
    state: str
    error: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    identity: str
    country: str
    tracking_consent: bool
    rows: int
    added: int
    merged: int
    rejected: int
    without_consent: int
    created_at: datetime
    finished_at: datetime | None


def lease_of(import_id: int) -> str:
    """The name of the lease that an import's process holds while it works."""
    return f"contact-import:{import_id}"


def read_import(session: Session, workspace_id: int, import_id: int, now: datetime) -> ImportResult:
    """Raises NotFound (import_not_found)."""
    row = _find(session, workspace_id, import_id)
    state, error = row.state, row.error
    if state == "running" and not _is_alive(session, import_id, now):
        state = "interrupted"
        error = "The import was interrupted. Import the same file again: nobody becomes two contacts."
    return ImportResult(
        import_id=import_id,
        file_name=row.file_name,
        state=state,
        error=error,
        encoding=row.encoding,
        delimiter=row.delimiter,
        header=tuple(json.loads(row.header)),
        identity=row.identity,
        country=row.country,
        tracking_consent=row.tracking_consent,
        rows=row.rows,
        added=row.added,
        merged=row.merged,
        rejected=row.rejected,
        without_consent=row.without_consent,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def rejected_csv(session: Session, workspace_id: int, import_id: int) -> Iterator[bytes]:
    """The rejected rows as they came, with their reason and their line, in pieces of a CSV file.

    UTF-8 with a mark, for Excel; the file's own delimiter; formulas neutralised. Raises NotFound (import_not_found).
    """
    row = _find(session, workspace_id, import_id)
    header = [*json.loads(row.header), "reason", "line"]
    return _pieces(session, import_id, header, row.delimiter)


def _pieces(session: Session, import_id: int, header: list[str], delimiter: str) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _line(header, delimiter)
    after = 0
    while rows := session.exec(
        select(RejectedRow)
        .where(RejectedRow.import_id == import_id, col(RejectedRow.line) > after)
        .order_by(col(RejectedRow.line))
        .limit(_CHUNK_ROWS)
    ).all():
        yield b"".join(_line([*json.loads(row.cells), row.reason, str(row.line)], delimiter) for row in rows)
        after = rows[-1].line


def _line(cells: list[str], delimiter: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow(map(neutralise, cells))
    return line.getvalue().encode()


def _find(session: Session, workspace_id: int, import_id: int) -> ContactImport:
    mine = (ContactImport.id == import_id, ContactImport.workspace_id == workspace_id)
    row = session.exec(select(ContactImport).where(*mine)).first()
    if row is None:
        raise NotFound("There is no such import in this workspace.", code="import_not_found")
    return row


def _is_alive(session: Session, import_id: int, now: datetime) -> bool:
    until = session.exec(select(Lease.until).where(Lease.name == lease_of(import_id))).first()
    return until is not None and until > now
