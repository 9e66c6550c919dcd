"""`ricochet spool`: what lies in a host's spool, and hits from elsewhere, or refused once, stored again."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import track
from sqlalchemy.exc import SQLAlchemyError

from linksvc.database import is_there, open_engine, reading
from linksvc.errors import ConfigurationError, NotFound
from linksvc.settings import Settings
from ricochet.commands.parameters import DataDir
from ricochet.installation import opened, read_settings
from ricochet.spool_report import SpoolReport, as_json, print_report
from tracker.segment_reader import Position
from tracker.set_aside import SetAside
from tracker.spool_inspection import inspect_segment, list_ids, read_progress, set_aside_by_fault

if TYPE_CHECKING:
    from tracker.replay import Tally

spool = typer.Typer(help="The hits on disk that are on their way into the database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(spool, name="spool")


@spool.command()
def inspect(
    json_line: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False, data_dir: DataDir = None
) -> None:
    """Shows the segments of this host's spool: how many hits and beacons of pages each holds, how many of them are stored,
    what is damaged, who has it in hand (writing: a living tracker; waiting: ended, to be stored; orphan: its tracker died,
    ingest adopts it), and what was set aside. Works without the database, and disturbs neither trackers nor ingest."""
    with _readable():
        found = _inspect(read_settings(data_dir))
    if json_line:
        typer.echo(json.dumps(as_json(found)))
    else:
        print_report(found)


@spool.command()
def replay(
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A folder of segments to store as well: a restored backup, a copied disk.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Stores once more what the database refused (its campaign is back), and what lies in another folder's segments. Hits
    that are stored already stay as they are, and no file of the other folder is changed."""
    # It judges hits, so it takes the lists of crawlers along: no other command need wait for them.
    from tracker.replay import Replay

    if source and not source.is_dir():
        raise NotFound(f"There is no folder {source}. Name one that holds segments (*.spool).")
    with opened(data_dir) as installation, _readable():
        run = Replay(installation.engine)
        own = installation.settings.spool_dir
        if source:
            count = run.segments(source)
            if not count:
                raise NotFound(f"There is no segment (*.spool) in {source}.")
            typer.echo(f"Segments in {source}: {count:,}")
            if not (own.exists() and source.samefile(own)):
                run.refused(SetAside(source), remove=False)
        run.refused(SetAside(own), remove=True)
    _tell(run.tally)


@contextmanager
def _readable() -> Iterator[None]:
    """Tells of a file that cannot be read, or a folder, in a line."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{error.filename or 'The spool'} cannot be read: {error.strerror}.") from None


def _inspect(settings: Settings) -> SpoolReport:
    directory = settings.spool_dir
    if not directory.is_dir():
        raise NotFound(f"There is no spool at {directory}: no tracker has run with this data directory. See --data-dir.")
    ids = list_ids(directory)
    progress, reason = _progress(settings, list(ids.values()))
    # Every frame is read: half a second a segment, minutes for the spool of a long outage.
    shown = track(ids, "Reading", console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    reports = [report for path in shown if (report := inspect_segment(path, progress))]
    return SpoolReport(directory, settings.spool_max_bytes, reports, set_aside_by_fault(directory), reason)


def _progress(settings: Settings, ids: Sequence[UUID]) -> tuple[Mapping[UUID, Position] | None, str]:
    """How far each segment is stored; or why nobody can say."""
    if not is_there(settings.database):
        return None, "there is none yet"
    engine = open_engine(settings.database)
    try:
        with reading(engine) as session:
            return read_progress(session, ids), ""
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error)
        return None, next(iter(cause.strip().splitlines()), type(error).__name__)
    finally:
        engine.dispose()


def _tell(tally: "Tally") -> None:
    typer.echo(f"Hits and beacons: {tally.new:,} new, {tally.known:,} known, {tally.refused.total():,} still refused.")
    for reason, count in tally.refused.most_common():
        typer.echo(f"  {count:,}: {reason}")
    if tally.unreadable:
        faults = ", ".join(f"{count:,} {fault}" for fault, count in sorted(tally.unreadable.items()))
        typer.echo(f"Not readable: {faults}.")
