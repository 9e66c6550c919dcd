"""`ricochet outcomes`: what was handed over to an operator and never answered, for a person to decide."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.public_ids import format_id
from ricochet.commands.parameters import CampaignId, DataDir, chosen_campaigns
from ricochet.installation import opened
from sender.unknown import count_unknown, list_unknown, resend

outcomes = typer.Typer(help="Messages that were handed over and never answered.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(outcomes, name="outcomes")


@outcomes.command("list")
def show(
    campaign: CampaignId = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list.")] = 100,
    data_dir: DataDir = None,
) -> None:
    """Lists messages whose outcome is unknown, and what speaks for their having arrived.

    The connection or the process was lost after they were handed over and before the answer came. They are never sent again
    by themselves.
    """
    with opened(data_dir) as installation:
        ids = chosen_campaigns(installation.engine, campaign) if campaign else None
        with reading(installation.engine) as session:
            found, total = list_unknown(session, ids, limit), count_unknown(session, ids)
    if not found:
        typer.echo("The outcome of every message is known.")
        return
    table = Table("campaign", "message", "number", "route", "handed over (UTC)", "parts", "receipt since then")
    for one in found:
        parts = f"{one.unknown} of {one.parts}"
        handed_over = f"{one.marked_at:%Y-%m-%d %H:%M:%S}"
        name = format_id("campaign", one.campaign_id)
        table.add_row(name, str(one.n), one.number, one.route, handed_over, parts, one.receipt or "none")
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    if total > len(found):
        console.print(f"{total - len(found):,} more; see --limit.")


@outcomes.command("resend")
def again(
    campaign: Annotated[str, typer.Argument(help="The campaign (cmp_3).", show_default=False)],
    messages: Annotated[list[int] | None, typer.Argument(help="The messages, as listed.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of the campaign that can be sent again.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Sends messages again whose outcome is unknown. Whoever got them already gets them twice.

    Of the named ones all or none: one that cannot be sent again is told, and nothing is done. A message of which a part has
    surely left cannot; --all passes over those.
    """
    if bool(messages) == everything:
        raise InvalidRequest("Name messages of the campaign, or say --all.", code="messages_missing")
    with opened(data_dir) as installation:
        (campaign_id,) = chosen_campaigns(installation.engine, campaign)
        with writing(installation.engine) as session:
            if everything:
                found = list_unknown(session, [campaign_id], count_unknown(session, [campaign_id]))
                messages = [one.n for one in found if one.unknown == one.parts]
            for n in sorted(set(messages or ())):
                resend(session, campaign_id, n, now())
    count = len(set(messages or ()))
    typer.echo(f"{count:,} {'message is' if count == 1 else 'messages are'} queued again.")
