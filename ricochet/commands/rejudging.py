"""`ricochet clicks rejudge`: history judged by the present rules, and what that changes."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from linksvc.clock import now
from linksvc.public_ids import format_id
from ricochet.commands.parameters import CampaignId, DataDir, chosen_campaigns
from ricochet.installation import opened

if TYPE_CHECKING:
    from tracker.rejudging import Difference

FIGURES = ("clicked", "suspect", "machine", "hit_human", "hit_suspect", "hit_machine")


def rejudge(
    campaign: CampaignId = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell the difference; write nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Judges all hits anew by the present rules, and prints what that changes: messages and visits before and after.

    Works while everything goes on running, and may be interrupted and run again: the figures are right at every moment. What
    interactions proved stays as it is.
    """
    # Only this command needs the lists of crawlers, which take a while to load.
    from tracker.rejudging import rejudge as judge_history

    with opened(data_dir) as installation:
        for campaign_id in chosen_campaigns(installation.engine, campaign):
            made = judge_history(installation.engine, campaign_id, now, dry_run=dry_run)
            _tell(format_id("campaign", campaign_id), made)


def _tell(name: str, made: "Difference") -> None:
    console = Console(highlight=False)
    changed = sum(made.exchanges.values())
    console.print(f"{name}: {made.hits:,} hits judged, {changed:,} changed")
    if not changed:
        return
    figures = Table("figure", "before", "after", "difference")
    for figure in FIGURES:
        before, after = made.before.get(figure, 0), made.after.get(figure, 0)
        figures.add_row(figure, f"{before:,}", f"{after:,}", f"{after - before:+,}" if after != before else "")
    console.print(figures)
    hits = Table("from", "to", "reason", "hits")
    for one, count in sorted(made.exchanges.items(), key=lambda pair: -pair[1]):
        hits.add_row(one.was, one.became, one.reason or "nothing speaks against a person", f"{count:,}")
    console.print(hits)
    if made.waiting:
        console.print(f"{made.waiting:,} of them were judged by somebody else meanwhile. Run it again.")
