"""What recipients answered and drew on a campaign's page. Part of `ricochet page`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from linksvc.database import reading
from linksvc.errors import InvalidRequest
from linksvc.landing.answer_export import export_answers
from linksvc.landing.campaign_pages import CampaignPage, read_campaign_page
from linksvc.landing.draw_results import PrizeResult, read_draw_results
from linksvc.landing.stock import NOTHING
from linksvc.landing.survey_results import QuestionResult, find_survey, read_results
from linksvc.landing.words import Words, said
from linksvc.public_ids import parse_id
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, for example cmp_3.", show_default=False)]


def register(page: typer.Typer) -> None:
    page.command("answers")(answers)
    page.command("draws")(draws)


def answers(
    campaign: Campaign,
    file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every answer to this CSV file instead of the figures.", show_default=False),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--form", help="Which form, by its id in the page; all, unless told.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Shows how many recipients answered what, or writes all answers to a form to a file."""
    campaign_id = parse_id("campaign", campaign)
    with opened(data_dir) as installation:
        with reading(installation.engine) as session:
            page = read_campaign_page(session, find_workspace(session, workspace_name), campaign_id)
            found = [find_survey(session, page, form)] if file or form else read_results(session, page)
        if file:
            _write(file, export_answers(installation.engine, page, found[0]))
            typer.echo(f"The answers to {found[0].block} are in {file}.")
            return
    for survey in found:
        typer.echo(f"{survey.block}: {survey.forms:,} forms")
        for question in survey.questions:
            _show(page, question)


def draws(campaign: Campaign, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows how many of each prize were drawn, and how many are left."""
    campaign_id = parse_id("campaign", campaign)
    with opened(data_dir) as installation, reading(installation.engine) as session:
        page = read_campaign_page(session, find_workspace(session, workspace_name), campaign_id)
        found = read_draw_results(session, page)
    for result in found:
        typer.echo(f"{result.block}: {result.draws:,} draws")
        for prize in result.prizes:
            typer.echo(_line(page, prize))


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    try:
        with file.open("wb") as opened_file:
            opened_file.writelines(pieces)
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.", code="file_unwritable") from None


def _show(page: CampaignPage, question: QuestionResult) -> None:
    mean = "" if question.mean is None else f", mean {question.mean:.1f}"
    typer.echo(f"  {_spoken(page, question.label, question.question)}: {question.answered:,} answered{mean}")
    for one in question.choices:
        share = f"{one.count / question.answered:6.1%}" if question.answered else f"{'-':>6}"
        typer.echo(f"    {one.count:>10,} {share}  {_spoken(page, one.label, one.choice)}")


def _line(page: CampaignPage, prize: PrizeResult) -> str:
    label = "nothing" if prize.prize == NOTHING else _spoken(page, prize.label, prize.prize)
    odds = "gone" if prize.odds is None else f"{prize.odds / 100:g} %"
    left = "" if prize.left is None else f", {prize.left:,} left"
    return f"  {prize.drawn:>10,} drawn  {odds:>8}  {label}{left}"


def _spoken(page: CampaignPage, words: Words, otherwise: str) -> str:
    default = page.document.default_language if page.document else ""
    return said(words, default, default) or next(iter(words.values()), "") or otherwise
