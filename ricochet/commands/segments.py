"""`ricochet segment`: the people behind a number of a campaign, kept under a name."""

from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.public_ids import format_id, parse_id
from linksvc.segments import (
    delete_segment,
    find_segment,
    keep_segment,
    list_members,
    list_segments,
    rename_segment,
)
from ricochet.commands.filter_options import By, Since, Stage, Until, Value, Without, read_filter
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

segment = typer.Typer(help="The people behind a number, kept under a name.", no_args_is_help=True)

LISTED_MOST = 10_000
_PAGE_ROWS = 1_000

SegmentId = Annotated[str, typer.Argument(metavar="SEGMENT", help="Its id, for example seg_3.", show_default=False)]
Name = Annotated[str, typer.Option("--name", help="No two segments have the same.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(segment, name="segment")


@segment.command("keep")
def keep(
    campaign_id: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="The campaign, for example cmp_12.", show_default=False)
    ],
    name: Name,
    stage: Stage = "produced",
    without: Without = None,
    by: By = "",
    value: Value = "",
    since: Since = "",
    until: Until = "",
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Keeps the people behind a number as they are now, each once, and prints the segment's id and how many they are."""
    chosen = read_filter(stage, without, by, value, since, until)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, number = find_workspace(session, workspace_name), parse_id("campaign", campaign_id)
        kept = keep_segment(session, workspace_id, number, chosen, name, now())
    typer.echo(f"{format_id('segment', kept.id)}\t{kept.contacts}")


@segment.command("list")
def show_segments(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the segments, the newest first: id, people, campaign, which of its messages, name."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in list_segments(session, find_workspace(session, workspace_name), limit=LISTED_MOST).segments:
            campaign = format_id("campaign", one.campaign_id)
            typer.echo(f"{format_id('segment', one.id)}\t{one.contacts}\t{campaign}\t{one.filter}\t{one.name}")


@segment.command("show")
def show_segment(segment_id: SegmentId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows a segment: of what it was made, when, and how many it holds."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        found = find_segment(session, find_workspace(session, workspace_name), parse_id("segment", segment_id))
    typer.echo(f"{segment_id} {found.name}")
    typer.echo(f"{'people':<12}{found.contacts:,}")
    if found.messages > found.contacts:
        typer.echo(f"{'messages':<12}{found.messages:,}: some got several")
    typer.echo(f"{'campaign':<12}{format_id('campaign', found.campaign_id)} {found.campaign_name}")
    typer.echo(f"{'of':<12}{found.filter}")
    typer.echo(f"{'kept':<12}{found.created_at:%Y-%m-%dT%H:%M:%SZ}")


@segment.command("members")
def show_members(segment_id: SegmentId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the people of a segment: message, number, external id, first name, last name, country."""
    number, after = parse_id("segment", segment_id), None
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        while True:
            page = list_members(session, workspace_id, number, after, _PAGE_ROWS)
            for one in page.members:
                typer.echo("\t".join((str(one.n), one.number, one.external_id, one.first_name, one.last_name, one.country)))
            if (after := page.next_after) is None:
                return


@segment.command("rename")
def rename(segment_id: SegmentId, name: Name, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Gives a segment another name."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, number = find_workspace(session, workspace_name), parse_id("segment", segment_id)
        renamed = rename_segment(session, workspace_id, number, name)
    typer.echo(f"{segment_id} is called “{renamed.name}”.")


@segment.command("delete")
def delete(segment_id: SegmentId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Deletes a segment that no campaign is sent to. The people stay."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, number = find_workspace(session, workspace_name), parse_id("segment", segment_id)
        delete_segment(session, workspace_id, number)
    typer.echo(f"{segment_id} is deleted.")
