"""`ricochet code`: an offer's codes, without a browser: made, imported, shared by all, handed out, taken back."""

from pathlib import Path
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.code_dealing import SOURCES
from linksvc.code_export import export_csv
from linksvc.code_generation import generate, home_of
from linksvc.code_import import ImportOptions, import_codes
from linksvc.code_withdrawal import set_disabled, set_withdrawn
from linksvc.csv_files import check_size
from linksvc.database import reading, writing
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.keys import open_keyring
from linksvc.offer_codes import read_codes
from linksvc.public_ids import parse_id
from linksvc.shared_codes import share
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened

code = typer.Typer(help="The codes of an offer.", no_args_is_help=True)

OfferId = Annotated[str, typer.Argument(metavar="OFFER", help="Its id, for example off_3.", show_default=False)]
TypedCode = Annotated[str, typer.Argument(metavar="CODE", help="As it is typed at a till.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(code, name="code")


@code.command("generate")
def make_codes(
    offer_id: OfferId,
    count: Annotated[int, typer.Argument(help="How many.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes codes for print or mail, which belong to no message: see them with `ricochet code export`. Messages get theirs
    when their campaign is sent."""
    number = parse_id("offer", offer_id)
    with opened(data_dir) as installation:
        workspace_id = _workspace(installation, workspace_name)
        generate(installation.engine, open_keyring(installation.settings), workspace_id, number, count)
    typer.echo(f"Made {count:,} codes of {offer_id}.")


@code.command("import")
def import_file(
    offer_id: OfferId,
    file: Annotated[Path, typer.Argument(help="A CSV file with a column “code”.", show_default=False)],
    uses: Annotated[
        int | None,
        typer.Option("--uses", help="How often each code may be used; as the offer says, unless told.", show_default=False),
    ] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The file is one code a line, without column names.")
    ] = False,
    skip_faults: Annotated[
        bool, typer.Option("--skip-faults", help="Leave faulty lines out; else any of them refuses the whole list.")
    ] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Imports a list of codes of any form, whole or not at all. The same list again adds nothing."""
    number = parse_id("offer", offer_id)
    with opened(data_dir) as installation:
        workspace_id = _workspace(installation, workspace_name)
        data = _read(file, installation.settings.import_max_bytes)
        options = ImportOptions(file.name, uses, not no_header, skip_faults)
        result = import_codes(installation.engine, workspace_id, number, options, data, now)
    for name, figure in (("rows", result.rows), ("added", result.added), ("there already", result.present)):
        typer.echo(f"{name:<16}{figure:>10,}")
    typer.echo(f"{'left out':<16}{len(result.faults):>10,}")
    for fault in result.faults:
        typer.echo(f"line {fault.line:,}: {fault.message}", err=True)


@code.command("share")
def share_code(
    offer_id: OfferId,
    written: Annotated[str, typer.Argument(metavar="CODE", help="As it is to be read: NOEL25.", show_default=False)],
    uses: Annotated[int, typer.Option("--uses", help="How often it may be used in all.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Gives an offer one code that everybody may use."""
    number = parse_id("offer", offer_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        made = share(session, find_workspace(session, workspace_name), number, written, uses)
    typer.echo(f"{made.code} may be used {made.max_uses:,} times.")


@code.command("show")
def show_codes(offer_id: OfferId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows what codes an offer has, beside those made for messages."""
    number = parse_id("offer", offer_id)
    with opened(data_dir) as installation, reading(installation.engine) as session:
        codes = read_codes(session, find_workspace(session, workspace_name), number)
    if codes.withdrawn_at:
        typer.echo(f"Withdrawn on {codes.withdrawn_at:%Y-%m-%d at %H:%M} UTC: none of its codes is taken.")
    if codes.shared:
        typer.echo(
            f"{'shared by all':<20}{codes.shared.code}, used {codes.shared.used:,} of {codes.shared.max_uses:,} times"
        )
    typer.echo(f"{'generated':<20}{codes.generated:,}")
    typer.echo(f"{'left of its lists':<20}{codes.undealt:,}")
    for one in codes.lists:
        typer.echo(f"{one.created_at:%Y-%m-%d %H:%M}    {one.state:<10}{one.added:>10,}  {one.file_name}")


@code.command("export")
def export(
    offer_id: OfferId,
    file: Annotated[Path, typer.Argument(help="The CSV file to write.", show_default=False)],
    source: Annotated[
        str | None, typer.Option("--source", help=f"Only {', '.join(SOURCES)} ones.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Writes all codes of an offer to a CSV file, with their state."""
    number = parse_id("offer", offer_id)
    if source is not None and source not in SOURCES:
        message = f"“{source}” is none of {', '.join(SOURCES)}."
        raise InvalidRequest(f"--source: {message}", errors=(FieldError("source", message),))
    with opened(data_dir) as installation:
        workspace_id = _workspace(installation, workspace_name)
        with reading(installation.engine) as session:
            home_of(session, workspace_id, number)
        try:
            with file.open("wb") as opened_file:
                opened_file.writelines(export_csv(installation.engine, workspace_id, number, source))
        except OSError as error:
            raise InvalidRequest(f"{file} cannot be written: {error.strerror}.", code="file_unwritable") from None
    typer.echo(f"The codes of {offer_id} are in {file}.")


@code.command("disable")
def disable(typed: TypedCode, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Disables one code."""
    _set_disabled(typed, True, workspace_name, data_dir)
    typer.echo("The code is disabled.")


@code.command("enable")
def enable(typed: TypedCode, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lets a disabled code be used again."""
    _set_disabled(typed, False, workspace_name, data_dir)
    typer.echo("The code may be used again.")


@code.command("withdraw")
def withdraw(offer_id: OfferId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Withdraws an offer with all of its codes, at once. What was redeemed stays redeemed."""
    _set_withdrawn(offer_id, True, workspace_name, data_dir)
    typer.echo(f"{offer_id} is withdrawn: none of its codes is taken.")


@code.command("restore")
def restore(offer_id: OfferId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lets the codes of a withdrawn offer be used again."""
    _set_withdrawn(offer_id, False, workspace_name, data_dir)
    typer.echo(f"The codes of {offer_id} may be used again.")


def _set_disabled(typed: str, disabled: bool, workspace_name: str | None, data_dir: Path | None) -> None:
    with opened(data_dir) as installation, writing(installation.engine) as session:
        set_disabled(session, find_workspace(session, workspace_name), typed, disabled)


def _set_withdrawn(offer_id: str, withdrawn: bool, workspace_name: str | None, data_dir: Path | None) -> None:
    number = parse_id("offer", offer_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        set_withdrawn(session, find_workspace(session, workspace_name), number, withdrawn, now())


def _workspace(installation: Installation, name: str | None) -> int:
    with reading(installation.engine) as session:
        return find_workspace(session, name)


def _read(file: Path, most_bytes: int) -> bytes:
    try:
        check_size(file.stat().st_size, most_bytes)
        return file.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", code="file_not_found") from None
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.", code="file_unreadable") from None
