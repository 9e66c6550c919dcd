"""Importing a list of promo codes into an offer: all of it or nothing. For the API and `ricochet code`.

The list is read to its end and compared with the workspace first; any fault refuses it, unless faulty lines may be left out.
Then its codes are written in small transactions, under the id of the import: what fails half way is taken back, by the
import itself or, if its process is gone, by the worker (`undo_dead`). Messages get codes of a finished import only.
"""

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, delete, select, update

from linksvc import leases
from linksvc.bulk import insert_rows
from linksvc.clock import Clock
from linksvc.code_clashes import batches, find_clashes
from linksvc.code_lists import Fault, read_list
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, rows_affected, writing
from linksvc.errors import Conflict, FieldError, InvalidRequest
from linksvc.models import CodeImport, Lease, Offer, PromoCode
from linksvc.new_offers import USES_MOST
from linksvc.offers import find_offer
from linksvc.public_ids import format_id
from linksvc.webhooks import outbox
from linksvc.webhooks.events import Event, ImportEnd

FAULTS_TOLD = 100
"""Of a refused list; the others are counted."""

_LEASE = timedelta(minutes=1)
"""An import that wrote nothing for this long is dead."""

log = structlog.get_logger()


@dataclass(frozen=True)
class ImportOptions:
    """`uses`: how often each code may be used; None: as the offer says. `header`: whether the first line names the columns.
    `skip_faults`: take what is good in a list with faults."""

    file_name: str
    uses: int | None = None
    header: bool = True
    skip_faults: bool = False


@dataclass(frozen=True)
class ImportedList:
    """How an import went: rows = added + present + the faults. `present`: lists of this offer had brought them already."""

    import_id: int
    file_name: str
    rows: int
    added: int
    present: int
    faults: tuple[Fault, ...]


def import_codes(
    engine: Engine, workspace_id: int, offer_id: int, options: ImportOptions, data: bytes, clock: Clock
) -> ImportedList:
    """Imports a list. The same list again adds nothing.

    Raises before anything is stored NotFound (`offer_not_found`), Conflict (`import_running`), TooLarge (`list_too_long`),
    InvalidRequest (an option; `list_faulty`, with its faults; those of `linksvc.code_lists.read_list`); and Conflict
    (`codes_taken`) when others took some of its codes meanwhile, which leaves nothing.
    """
    if options.uses is not None and not 1 <= options.uses <= USES_MOST:
        message = f"1 to {USES_MOST:,}."
        raise InvalidRequest(f"uses: {message}", errors=(FieldError("uses", message),))
    with reading(engine) as session:
        uses = options.uses or find_offer(session, workspace_id, offer_id).uses_per_code
    found = read_list(data, header=options.header)
    undo_dead(engine, clock)
    clashes, present = find_clashes(engine, workspace_id, offer_id, found)
    faults = tuple(sorted((*found.faults, *clashes.values()), key=lambda fault: fault.line))
    if faults and not options.skip_faults:
        raise _faulty(faults, found.rows)
    codes = [code for code in found.lines if code not in present and code not in clashes]
    holder = uuid.uuid4().hex
    import_id = _begin(engine, workspace_id, offer_id, options.file_name, holder, clock())
    run = _Run(engine, workspace_id, offer_id, import_id, uses, holder, clock)
    done = ImportedList(import_id, options.file_name, found.rows, len(codes), len(present), faults)
    try:
        run.store(codes, found.written)
        run.finish(done)
    except BaseException:
        # With the database gone this fails, and the worker does it once the lease is over.
        with suppress(SQLAlchemyError):
            undo(engine, import_id)
        raise
    log.info("codes imported", action="codes.import", workspace_id=workspace_id, import_id=import_id, codes=len(codes))
    return done


def undo_dead(engine: Engine, clock: Clock) -> bool:
    """Takes back what imports left whose process is gone; whether there were any."""
    with reading(engine) as session:
        running = [id for id in session.exec(select(CodeImport.id).where(CodeImport.state == "running")) if id]
        alive = select(Lease.name).where(col(Lease.name).in_(map(_lease_of, running)), col(Lease.until) > clock())
        names = set(session.exec(alive))
    dead = [id for id in running if _lease_of(id) not in names]
    for id in dead:
        undo(engine, id)
    return bool(dead)


def undo(engine: Engine, import_id: int) -> None:
    """Takes an unfinished import back, batch by batch, but for codes that were used meanwhile."""
    while _undo_batch(engine, import_id):
        time.sleep(PAUSE_S)
    log.warning("import of codes undone", action="codes.import", import_id=import_id)


def _begin(engine: Engine, workspace_id: int, offer_id: int, file_name: str, holder: str, now: datetime) -> int:
    with writing(engine) as session:
        session.exec(select(Offer.id).where(Offer.id == offer_id).with_for_update()).one()
        mine = (CodeImport.workspace_id == workspace_id, CodeImport.offer_id == offer_id, CodeImport.state == "running")
        if session.exec(select(CodeImport.id).where(*mine)).first() is not None:
            raise Conflict(
                "Another list is being imported into this offer. Try again when that is done.",
                code="import_running",
                retryable=True,
            )
        row = CodeImport(workspace_id=workspace_id, offer_id=offer_id, file_name=file_name, created_at=now)
        session.add(row)
        session.flush()
        import_id = row.id or 0
        leases.take(session, _lease_of(import_id), holder, now, _LEASE)
    return import_id


@dataclass(frozen=True)
class _Run:
    """An import under way."""

    engine: Engine
    workspace_id: int
    offer_id: int
    import_id: int
    uses: int
    holder: str
    clock: Clock

    def store(self, codes: list[str], written: dict[str, str]) -> None:
        columns = (
            "workspace_id",
            "code",
            "offer_id",
            "source",
            "import_id",
            "written",
            "max_uses",
            "used",
            "held",
            "disabled",
        )
        for batch in batches(codes):
            with writing(self.engine) as session:
                self._go_on(session, len(batch))
                insert_rows(session, PromoCode, columns, [self._row(code, written.get(code, "")) for code in batch])
            time.sleep(PAUSE_S)

    def finish(self, done: ImportedList) -> None:
        with writing(self.engine) as session:
            self._go_on(session, 0)
            mine = (
                PromoCode.workspace_id == self.workspace_id,
                PromoCode.offer_id == self.offer_id,
                PromoCode.import_id == self.import_id,
                col(PromoCode.campaign_id).is_(None),
            )
            if session.exec(select(func.count()).select_from(PromoCode).where(*mine)).one() != done.added:
                raise Conflict(
                    "Some of these codes were taken for something else meanwhile; nothing was imported. Import the list "
                    "again to see which.",
                    code="codes_taken",
                )
            now = self.clock()
            this = col(CodeImport.id) == self.import_id
            session.exec(update(CodeImport).where(this).values(state="finished", finished_at=now))
            outbox.tell(session, self.workspace_id, [_event(self.offer_id, done, now)], now)
            leases.give_back(session, _lease_of(self.import_id), self.holder)

    def _row(self, code: str, written: str) -> tuple[object, ...]:
        origin = (self.workspace_id, code, self.offer_id, "imported", self.import_id, written)
        return (*origin, self.uses, 0, 0, False)

    def _go_on(self, session: Session, count: int) -> None:
        """Counts what this transaction adds, and renews the lease. Who stood still for too long was taken for dead."""
        running = (col(CodeImport.id) == self.import_id, col(CodeImport.state) == "running")
        counted = update(CodeImport).where(*running).values(added=col(CodeImport.added) + count)
        if rows_affected(session.exec(counted)) != 1:
            raise Conflict(
                "The import stood still for too long and was undone. Import the list again.", code="import_undone"
            )
        leases.take(session, _lease_of(self.import_id), self.holder, self.clock(), _LEASE)


def _event(offer_id: int, done: ImportedList, now: datetime) -> Event:
    counts = (done.rows, done.added, done.present, len(done.faults))
    end = ImportEnd("codes", None, format_id("offer", offer_id), done.file_name, "finished", *counts, now)
    return Event("import.finished", f"codes {done.import_id}", now, end)


def _undo_batch(engine: Engine, import_id: int) -> bool:
    """Whether more may be left."""
    with writing(engine) as session:
        row = session.exec(select(CodeImport).where(CodeImport.id == import_id).with_for_update()).one()
        if row.state != "running":
            return False
        mine = (
            col(PromoCode.workspace_id) == row.workspace_id,
            col(PromoCode.offer_id) == row.offer_id,
            col(PromoCode.import_id) == import_id,
            col(PromoCode.campaign_id).is_(None),
            col(PromoCode.used) == 0,
            col(PromoCode.held) == 0,
        )
        batch = select(PromoCode.code).where(*mine).limit(BATCH_ROWS)
        if rows_affected(session.exec(delete(PromoCode).where(*mine, col(PromoCode.code).in_(batch)))):
            return True
        row.state, row.added = "undone", 0
        session.add(row)
        return False


def _lease_of(import_id: int) -> str:
    return f"code-import:{import_id}"


def _faulty(faults: tuple[Fault, ...], rows: int) -> InvalidRequest:
    told = tuple(FieldError(f"line {fault.line}", fault.message) for fault in faults[:FAULTS_TOLD])
    others = f" The first {FAULTS_TOLD} are told." if len(faults) > FAULTS_TOLD else ""
    return InvalidRequest(
        f"{len(faults):,} of {rows:,} lines cannot be taken, so nothing was imported.{others} Mend them, or leave "
        "them out with skip_faults (--skip-faults on the command line).",
        code="list_faulty",
        errors=told,
    )
