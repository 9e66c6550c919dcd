"""`ricochet page` and `ricochet picture`: landing pages from JSON files, and what stands on them."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlmodel import Session

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.landing.completeness import missing_from
from linksvc.landing.documents import MOST_BYTES as DOCUMENT_MOST_BYTES
from linksvc.landing.documents import Document, parse_document
from linksvc.landing.pages import (
    Page,
    clone_page,
    create_page,
    delete_page,
    edit_page,
    find_page,
    list_pages,
    publish_page,
)
from linksvc.landing.picture_files import MOST_BYTES as PICTURE_MOST_BYTES
from linksvc.landing.picture_files import read_picture
from linksvc.landing.pictures import add_picture, delete_picture, find_pictures, list_pictures
from linksvc.public_ids import format_id, parse_id
from ricochet.commands import page_results
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

page = typer.Typer(help="Landing pages: what a campaign's link shows.", no_args_is_help=True)
picture = typer.Typer(help="The pictures of landing pages.", no_args_is_help=True)

LISTED_MOST = 10_000

PageId = Annotated[str, typer.Argument(metavar="PAGE", help="Its id, for example pag_3.", show_default=False)]
DocumentFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A document as JSON (docs/pages.md).", show_default=False)
]


def register(app: typer.Typer) -> None:
    page_results.register(page)
    app.add_typer(page, name="page")
    app.add_typer(picture, name="picture")


@page.command("create")
def add_page(
    file: DocumentFile,
    name: Annotated[str, typer.Option("--name", help="As the list of pages calls it.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a page, a draft, and prints its id. It may be unfinished until it is published."""
    document = _document(file)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        made = create_page(session, find_workspace(session, workspace_name), name, document, now())
    typer.echo(format_id("page", made.id))


@page.command("list")
def show_pages(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the pages, the newest first: id, version, the version that recipients see or -, name."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in list_pages(session, find_workspace(session, workspace_name), limit=LISTED_MOST).pages:
            typer.echo(f"{format_id('page', one.id)}\t{one.version}\t{one.published_version or '-'}\t{one.name}")


@page.command("show")
def show_page(
    page_id: PageId,
    document: Annotated[
        bool, typer.Option("--document", help="Print the document alone, as JSON that can be edited and stored again.")
    ] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Shows a page: its versions, its blocks, and what it lacks before it can be published."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        found = find_page(session, workspace_id, parse_id("page", page_id))
        missing = _missing(session, workspace_id, found.document)
    if document:
        typer.echo(orjson.dumps(orjson.loads(found.document.dump()), option=orjson.OPT_INDENT_2).decode())
        return
    _print(found)
    for one in missing:
        typer.echo(f"Missing: {one}")


@page.command("edit")
def change_page(
    page_id: PageId,
    file: DocumentFile,
    version: Annotated[
        int, typer.Option("--version", min=1, help="The version that was edited, as shown.", show_default=False)
    ],
    name: Annotated[str | None, typer.Option("--name", help="As it is called from now on.", show_default=False)] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Replaces the draft of a page, unless somebody else did meanwhile. Recipients go on seeing what was published."""
    document = _document(file)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, number = find_workspace(session, workspace_name), parse_id("page", page_id)
        called = name or find_page(session, workspace_id, number).name
        changed = edit_page(session, workspace_id, number, version, called, document, now())
    typer.echo(f"{page_id} is at version {changed.version}.")


@page.command("publish")
def publish(page_id: PageId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lets recipients see the draft as it stands; links that were sent show it within a second or two."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, number = find_workspace(session, workspace_name), parse_id("page", page_id)
        version = find_page(session, workspace_id, number).version
        try:
            publish_page(session, workspace_id, number, version, now())
        except InvalidRequest as refused:
            told = "\n".join(error.message for error in refused.errors)
            raise InvalidRequest(f"{page_id} cannot be published yet:\n{told}", code=refused.code) from None
    typer.echo(f"{page_id} is published at version {version}.")


@page.command("copy")
def copy_page(
    page_id: PageId,
    name: Annotated[str, typer.Option("--name", help="As the copy is called.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a page with the draft of another, a draft of its own, and prints its id."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        made = clone_page(session, find_workspace(session, workspace_name), parse_id("page", page_id), name, now())
    typer.echo(format_id("page", made.id))


@page.command("delete")
def remove_page(page_id: PageId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Deletes a page that no link leads to."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        delete_page(session, find_workspace(session, workspace_name), parse_id("page", page_id))
    typer.echo(f"{page_id} is deleted.")


@picture.command("add")
def upload_picture(
    file: Annotated[Path, typer.Argument(help="A JPEG, a PNG, a WebP or a GIF.", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--name", help="As people call it; the file's name, unless told.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a picture fit for phones, without what the camera wrote into it, and prints the digest that pages name it by."""
    read = read_picture(_bytes(file, PICTURE_MOST_BYTES))
    with opened(data_dir) as installation, writing(installation.engine) as session:
        added = add_picture(session, find_workspace(session, workspace_name), name or file.name, read, now())
    typer.echo(added.digest)


@picture.command("list")
def show_pictures(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the pictures, the newest first: digest, width x height in pixels, bytes, name."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in list_pictures(session, find_workspace(session, workspace_name), limit=LISTED_MOST).pictures:
            typer.echo(f"{one.digest}\t{one.width}x{one.height}\t{one.size_bytes}\t{one.name}")


@picture.command("delete")
def remove_picture(
    digest: Annotated[str, typer.Argument(help="As the list shows it.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Deletes a picture that no page shows."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        removed = delete_picture(session, find_workspace(session, workspace_name), digest)
    typer.echo(f"{removed.name} is deleted.")


def _document(file: Path) -> Document:
    return parse_document(_bytes(file, DOCUMENT_MOST_BYTES))


def _bytes(file: Path, most_bytes: int) -> bytes:
    """What a file holds; of one that is too long a byte more than may be, so that whoever reads it says so."""
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(most_bytes + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", code="file_not_found") from None
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.", code="file_unreadable") from None


def _missing(session: Session, workspace_id: int, document: Document) -> list[str]:
    there = find_pictures(session, workspace_id, document.pictures())
    return [one.message for one in missing_from(document, there)]


def _print(found: Page) -> None:
    seen = f"version {found.published_version}" if found.is_published else "nothing yet"
    lines = {
        "version": str(found.version),
        "recipients see": seen,
        "languages": ", ".join(found.document.languages),
        "shows a code": "yes, so its campaigns need an offer" if found.document.shows_code else "no",
    }
    typer.echo(f"{format_id('page', found.id)} {found.name}")
    for label, told in lines.items():
        typer.echo(f"{label:<20}{told}")
    for block in found.document.blocks:
        typer.echo(f"{'block':<20}{block.id} ({block.type})")
