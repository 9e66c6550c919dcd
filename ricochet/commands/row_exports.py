"""The rows behind a campaign's figures as a file. Part of `ricochet campaign`."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from linksvc.database import reading
from linksvc.errors import FieldError, InvalidRequest
from linksvc.funnel import find_campaign
from linksvc.message_filters import MessageFilter
from linksvc.occurrence_list import LISTED, OccurrenceFilter
from linksvc.public_ids import parse_id
from linksvc.row_files import FORMATS, Format, write_file
from linksvc.row_sheets import Sheet, Shown, message_sheet, occurrence_sheet, zone_of
from linksvc.stages import STAGES
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened
from ricochet.whole_files import write_whole

_EVERYTHING = Shown(numbers=True, codes=True)

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, for example cmp_12.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="What --value is one of: country, device, route ...", show_default=False)]
Value = Annotated[str, typer.Option("--value", help="Empty: those of whom it is not known.", show_default=False)]
Since = Annotated[
    str, typer.Option("--from", help="Of messages submitted from then on: 2026-11-27T10:00Z.", show_default=False)
]
Until = Annotated[str, typer.Option("--to", help="Of messages submitted before then.", show_default=False)]
AtSince = Annotated[str, typer.Option("--at-from", help="What came about from then on.", show_default=False)]
AtUntil = Annotated[str, typer.Option("--at-to", help="What came about before then.", show_default=False)]
FormatName = Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", help="A file, there whole or not at all; standard output, unless told.", show_default=False),
]


def register(campaign: typer.Typer) -> None:
    campaign.command("messages")(messages)
    campaign.command("occurrences")(occurrences)


def messages(
    campaign_id: Campaign,
    stage: Annotated[str, typer.Option("--stage", help=f"{', '.join(STAGES)}.")] = "produced",
    without: Annotated[str, typer.Option("--not", help="Stages at which they do not stand.", show_default=False)] = "",
    by: By = "",
    value: Value = "",
    since: Since = "",
    until: Until = "",
    at_since: AtSince = "",
    at_until: AtUntil = "",
    format: FormatName = "csv",
    output: Output = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Writes the messages behind a figure, exactly those that it counts."""
    told = {"stage": stage, "not": without, **_told(by, value, since, until, at_since, at_until)}
    behind, number = MessageFilter.parse(told), parse_id("campaign", campaign_id)
    chosen = _format(format, output)
    with opened(data_dir) as installation:
        zone = _zone(installation, workspace_name, number)
        _write(installation, message_sheet(number, behind, zone, _EVERYTHING), chosen, output)


def occurrences(
    campaign_id: Campaign,
    stage: Annotated[str, typer.Option("--stage", help=f"{', '.join(LISTED)}.", show_default=False)],
    by: By = "",
    value: Value = "",
    since: Since = "",
    until: Until = "",
    at_since: AtSince = "",
    at_until: AtUntil = "",
    format: FormatName = "csv",
    output: Output = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Writes the visits, redemptions, returns, voids or payments behind a figure."""
    behind = OccurrenceFilter.parse({"stage": stage, **_told(by, value, since, until, at_since, at_until)})
    number, chosen = parse_id("campaign", campaign_id), _format(format, output)
    with opened(data_dir) as installation:
        zone = _zone(installation, workspace_name, number)
        _write(installation, occurrence_sheet(number, behind, zone, _EVERYTHING), chosen, output)


def _told(by: str, value: str, since: str, until: str, at_since: str, at_until: str) -> dict[str, str]:
    return {"by": by, "value": value, "from": since, "to": until, "at_from": at_since, "at_to": at_until}


def _format(written: str, output: Path | None) -> Format:
    for format in FORMATS:
        if written == format:
            break
    else:
        raise _wrong("format", f"“{written}” is none of {', '.join(FORMATS)}.")
    if format == "xlsx" and output is None:
        raise _wrong("output", "Name a file: a workbook is nothing to read on a screen.")
    return format


def _wrong(option: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"--{option}: {message}", errors=(FieldError(option, message),))


def _zone(installation: Installation, workspace_name: str | None, campaign_id: int) -> ZoneInfo:
    """The workspace's. Raises NotFound for a campaign that is not its own."""
    with reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        find_campaign(session, workspace_id, campaign_id)
        return zone_of(session, workspace_id)


def _write(installation: Installation, sheet: Sheet, format: Format, output: Path | None) -> None:
    write_whole(output, write_file(installation.engine, sheet, format))
    if output:
        typer.echo(f"The {sheet.name} behind {sheet.stage} are in {output}.")
