"""`ricochet message`: one transactional SMS to one person, and what became of it."""

from datetime import datetime
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.keys import open_keyring
from linksvc.link_terms import LinkTerms
from linksvc.public_ids import format_id, parse_id
from linksvc.short_links import ShortLinks
from linksvc.single_checks import NewSingle, check
from linksvc.single_messages import send
from linksvc.single_recipients import Recipient
from linksvc.single_reports import SingleMessage, find_single, id_of
from ricochet.commands.link_options import Expires, changed_terms
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

message = typer.Typer(help="Single messages: a transactional SMS to one person.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(message, name="message")


@message.command("send")
def send_message(
    text: Annotated[
        str, typer.Option("--text", help="Fields: first_name, last_name, city, link, stop.", show_default=False)
    ],
    sender: Annotated[
        str, typer.Option("--sender", help="A short code, a number, or a name of at most 11 characters.", show_default=False)
    ],
    number: Annotated[
        str | None,
        typer.Option("--to", help="A number with its country code. One that is no contact becomes one.", show_default=False),
    ] = None,
    external_id: Annotated[
        str | None, typer.Option("--to-external-id", help="Or the contact of this external id.", show_default=False)
    ] = None,
    destination: Annotated[
        str | None, typer.Option("--destination", help="Where {{ link }} leads to.", show_default=False)
    ] = None,
    page: Annotated[
        str | None, typer.Option("--page", help="Or the landing page that it leads to: pag_3.", show_default=False)
    ] = None,
    expires: Expires = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Sends a message and prints its id, and its link if it has one. Each time it is asked it sends another."""
    if (number is None) == (external_id is None):
        raise InvalidRequest("Say to whom: --to NUMBER, or --to-external-id ID.", code="recipient_invalid")
    new = NewSingle(
        to=Recipient(number or "", external_id or ""),
        text=text,
        sender=sender,
        destination_url=destination or "",
        page_id=parse_id("page", page) if page else None,
        terms=changed_terms(LinkTerms(), None, expires, None, None, {}),
    )
    with opened(data_dir) as installation, writing(installation.engine) as session:
        short_links = ShortLinks(open_keyring(installation.settings), installation.settings)
        workspace_id = find_workspace(session, workspace_name)
        place = send(session, short_links, workspace_id, check(session, short_links, workspace_id, new, now()), now())
        made = find_single(session, short_links, workspace_id, id_of(place))
    typer.echo("\t".join(part for part in (format_id("message", made.id), made.link.short_url if made.link else "") if part))


@message.command("show")
def show_message(
    id: Annotated[str, typer.Argument(metavar="MESSAGE", help="For example msg_3000000017.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Prints what became of a message: each line a name and a value."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        short_links = ShortLinks(open_keyring(installation.settings), installation.settings)
        found = find_single(session, short_links, find_workspace(session, workspace_name), parse_id("message", id))
    for name, value in _told(found):
        if value:
            typer.echo(f"{name}\t{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else f"{name}\t{value}")


def _told(found: SingleMessage) -> list[tuple[str, datetime | str | None]]:
    moments = ("submitted", "ended", "clicked", "engaged", "paid", "replied", "opted_out")
    told: list[tuple[str, datetime | str | None]] = [
        ("state", found.state),
        ("cause", found.cause),
        ("held until", found.held_until),
        ("to", found.number),
        ("from", found.sender),
        ("campaign", format_id("campaign", found.campaign_id)),
        ("link", found.link.short_url if found.link else ""),
        ("created", found.created_at),
    ]
    return told + [(name.replace("_", " "), getattr(found, f"{name}_at")) for name in moments]
