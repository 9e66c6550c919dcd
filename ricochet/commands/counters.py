"""`ricochet counters`: whether the figures are what the rows add up to. Both work on a live system."""

import typer

from linksvc import counters as counting
from linksvc.applier import rebuild_counters
from linksvc.database import reading
from linksvc.public_ids import format_id
from linksvc.tallies import Cell, TimeCell, in_order
from ricochet.commands.parameters import CampaignId, DataDir, chosen_campaigns
from ricochet.installation import opened

counters = typer.Typer(help="The counters behind every figure.", no_args_is_help=True)

DIFFERS = 3


def register(app: typer.Typer) -> None:
    app.add_typer(counters, name="counters")


@counters.command()
def verify(campaign: CampaignId = None, data_dir: DataDir = None) -> None:
    """Computes every counter anew from the rows and compares. Exit status 3 if one differs."""
    wrong = 0
    with opened(data_dir) as installation:
        for campaign_id in chosen_campaigns(installation.engine, campaign):
            with reading(installation.engine) as session:
                stored = counting.stored(session, campaign_id)
                true = counting.brute_force(session, campaign_id)
            differing = sorted(
                (cell for cell in stored.keys() | true.keys() if stored.get(cell) != true.get(cell)), key=in_order
            )
            wrong += len(differing)
            typer.echo(f"{format_id('campaign', campaign_id)}: {len(true)} counters, {len(differing)} differ")
            for cell in differing:
                is_, should_be = stored.get(cell, (0, 0)), true.get(cell, (0, 0))
                typer.echo(f"  {_named(cell)}: {_told(is_)}, should be {_told(should_be)}")
    raise typer.Exit(DIFFERS if wrong else 0)


def _named(cell: Cell | TimeCell) -> str:
    if isinstance(cell, TimeCell):
        return f"{cell.stage} {cell.currency} at {cell.bucket:%Y-%m-%d %H:%M}"
    return f"{cell.stage} {cell.currency} by {cell.by} {cell.value} {cell.cohort:%Y-%m-%d %H:%M}"


def _told(pair: tuple[int, int]) -> str:
    count, amount = pair
    return f"{count} ({amount})" if amount else str(count)


@counters.command()
def rebuild(campaign: CampaignId = None, data_dir: DataDir = None) -> None:
    """Replaces the counters by what the rows add up to."""
    with opened(data_dir) as installation:
        for campaign_id in chosen_campaigns(installation.engine, campaign):
            rebuild_counters(installation.engine, campaign_id)
            typer.echo(f"{format_id('campaign', campaign_id)}: rebuilt")
