"""`ricochet report`: a campaign's figures, without a browser."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from linksvc.api.operations.funnels import FunnelAnswer, answer_funnel
from linksvc.api.report_shapes import read_cohort
from linksvc.breakdowns import BREAKDOWNS
from linksvc.clock import now
from linksvc.database import reading
from linksvc.errors import FieldError, InvalidRequest
from linksvc.links import find_zone
from linksvc.public_ids import parse_id
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened
from ricochet.report_tables import as_csv, as_table
from ricochet.whole_files import write_whole

FORMATS = ("table", "json", "csv", "html")
LANGUAGES = ("en", "fr")


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    campaign_id: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, for example cmp_12.", show_default=False)],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="table; json, as the API answers; csv, a figure a line; html, one file with charts that needs no network.",
        ),
    ] = "table",
    by: Annotated[str, typer.Option("--by", help=f"Breaks it down: {', '.join(BREAKDOWNS)}.", show_default=False)] = "",
    since: Annotated[
        str, typer.Option("--from", help="Of messages submitted from then on: 2026-11-27T10:00Z.", show_default=False)
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Of messages submitted before then.", show_default=False)] = "",
    language: Annotated[str, typer.Option("--language", help="Of html: en or fr.")] = "en",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="A file, there whole or not at all; standard output, unless told.", show_default=False
        ),
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Tells a campaign's figures: counts alone, nothing of any person."""
    _check("format", format, FORMATS)
    _check("language", language, LANGUAGES)
    if format == "html" and (by or since or until):
        message = (
            "The file shows the whole campaign, by network, country, route and device too, and by variant and segment where "
            "it has several; --by, --from and --to are for the other formats."
        )
        raise InvalidRequest(f"--format html: {message}", errors=(FieldError("format", message),))
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation:
        if format == "html":
            written = _html(installation, workspace_name, number, language)
        else:
            written = _write(*_answer(installation, workspace_name, number, by, since, until), format)
    write_whole(output, [written])
    if output:
        typer.echo(f"The report is in {output}.")


def _check(option: str, written: str, allowed: tuple[str, ...]) -> None:
    if written not in allowed:
        message = f"“{written}” is none of {', '.join(allowed)}."
        raise InvalidRequest(f"--{option}: {message}", errors=(FieldError(option, message),))


def _answer(
    installation: Installation, workspace_name: str | None, number: int, by: str, since: str, until: str
) -> tuple[FunnelAnswer, ZoneInfo]:
    """The figures, and the workspace's zone."""
    cohort = read_cohort(since, until)
    definitions = f"{installation.settings.public_url}/definitions"
    with reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        answer = answer_funnel(session, workspace_id, number, by, cohort, now(), definitions)
        return answer, find_zone(session, workspace_id)


def _write(answer: FunnelAnswer, zone: ZoneInfo, format: str) -> bytes:
    if format == "json":
        return f"{answer.model_dump_json()}\n".encode()
    return as_csv(answer) if format == "csv" else as_table(answer, zone)


def _html(installation: Installation, workspace_name: str | None, number: int, language: str) -> bytes:
    # The pages and plotly are loaded for this format alone.
    from dashboards.report_page import write_report

    with reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        return write_report(session, workspace_id, number, "fr" if language == "fr" else "en", now()).encode()
