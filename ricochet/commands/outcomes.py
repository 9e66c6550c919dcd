"""`ricochet outcomes`: what was handed over to an operator and never answered, for a person to decide."""

from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.public_ids import format_id
from ricochet.commands.parameters import CampaignId, DataDir, chosen_campaigns
from ricochet.installation import opened
from sender.unknown import UnknownOutcome, count_unknown, list_unknown, resend

LISTED_MOST = 10_000

outcomes = typer.Typer(help="Messages that were handed over and never answered.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(outcomes, name="outcomes")


@outcomes.command("list")
def show(
    campaign: CampaignId = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LISTED_MOST, help="How many, at most.")] = 100,
    data_dir: DataDir = None,
) -> None:
    """Lists messages whose outcome is unknown: when they were handed over (UTC), campaign, message, number, route, how many
    of its parts are not known, and the state of a receipt about the number since then, which speaks for its having arrived.

    The connection or the process was lost after they were handed over and before the answer came. They are never sent again
    by themselves.
    """
    with opened(data_dir) as installation:
        ids = chosen_campaigns(installation.engine, campaign) if campaign else None
        with reading(installation.engine) as session:
            found, total = list_unknown(session, ids, limit), count_unknown(session, ids)
    if not found:
        typer.echo("The outcome of every message is known.", err=True)
    for one in found:
        typer.echo(_line(one))
    if total > len(found):
        typer.echo(f"There are {total - len(found):,} more; --limit takes up to {LISTED_MOST:,}.", err=True)


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


def _line(one: UnknownOutcome) -> str:
    handed_over = f"{one.marked_at:%Y-%m-%d %H:%M:%S}"
    parts = f"{one.unknown} of {one.parts}"
    name = format_id("campaign", one.campaign_id)
    return "\t".join((handed_over, name, str(one.n), one.number, one.route, parts, one.receipt or "none"))
