"""`ricochet contacts`: files of contacts, without a browser."""

from pathlib import Path
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.contact_import import IDENTITIES, ImportOptions, import_contacts
from linksvc.csv_files import check_size
from linksvc.database import reading
from linksvc.errors import InvalidRequest, NotFound
from linksvc.import_reports import ImportResult, rejected_csv
from linksvc.public_ids import format_id
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened

contacts = typer.Typer(help="People to write to.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(contacts, name="contacts")


@contacts.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file with a line of column names.", show_default=False)],
    country: Annotated[
        str,
        typer.Option("--country", help="Two letters (FR): reads national numbers.", show_default=False),
    ],
    tracking_consent: Annotated[
        bool,
        typer.Option(
            "--tracking-consent/--no-tracking-consent",
            help="Whether these people agreed that their personal links are followed.",
        ),
    ] = False,
    workspace_name: WorkspaceName = None,
    identity: Annotated[
        str, typer.Option("--identity", help=f"What tells contacts apart: {' or '.join(IDENTITIES)}.")
    ] = "number",
    consent_source: Annotated[
        str,
        typer.Option("--consent-source", help="Where the consents come from, for rows that do not say.", show_default=False),
    ] = "",
    rejected_to: Annotated[
        Path | None,
        typer.Option(
            "--rejected-to", help="Write the rejected rows and their reasons to this CSV file.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Imports contacts from a CSV file, whole or not at all; rows without a usable number are left out with a reason."""
    with opened(data_dir) as installation:
        with reading(installation.engine) as session:
            workspace_id = find_workspace(session, workspace_name)
        data = _read(file, installation.settings.import_max_bytes)
        options = ImportOptions(file.name, country.upper(), identity, tracking_consent, consent_source)
        result = import_contacts(installation.engine, workspace_id, options, data, now)
        _print(result)
        if not tracking_consent:
            typer.echo("No consent to tracking was declared: their links will work and name nobody.")
        if rejected_to is not None:
            _write_rejected(installation, workspace_id, result.import_id, rejected_to)


def _read(file: Path, most_bytes: int) -> bytes:
    try:
        check_size(file.stat().st_size, most_bytes)
        return file.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", code="file_not_found") from None
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.", code="file_unreadable") from None


def _print(result: ImportResult) -> None:
    typer.echo(f"Import {format_id('import', result.import_id)} of {result.file_name} ({result.encoding})")
    for name in ("rows", "added", "merged", "rejected", "without_consent"):
        typer.echo(f"{name.replace('_', ' '):<16}{getattr(result, name):>10,}")


def _write_rejected(installation: Installation, workspace_id: int, import_id: int, path: Path) -> None:
    try:
        with path.open("wb") as file, reading(installation.engine) as session:
            file.writelines(rejected_csv(session, workspace_id, import_id))
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.", code="file_unwritable") from None
    typer.echo(f"The rejected rows are in {path}.")
