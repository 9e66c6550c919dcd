"""`ricochet campaign`: what is sent, without a browser."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from linksvc import campaign_control
from linksvc.audiences import count_audience
from linksvc.campaigns import ATTRIBUTION_DAYS, KINDS, MAX_ATTRIBUTION_DAYS, Audience, NewCampaign, create_campaign
from linksvc.clock import now
from linksvc.code_dealing import SOURCES, Source
from linksvc.database import reading, writing
from linksvc.errors import FieldError, InvalidRequest
from linksvc.follow_ups import NewFollowUp, create_follow_up
from linksvc.funnel import Funnel, read_funnel
from linksvc.holds import list_holds
from linksvc.link_terms import UTM, LinkTerms
from linksvc.local_days import moment_of
from linksvc.models import Workspace
from linksvc.public_ids import format_id, parse_id
from linksvc.route_trouble import find_trouble, is_waiting
from linksvc.stages import OCCURRENCES, STAGES
from ricochet.commands import row_exports
from ricochet.commands.filter_options import By, LeaveOut, Since, Stage, Until, Value, Without, read_filter
from ricochet.commands.link_options import (
    Activates,
    Expires,
    Fallback,
    Passed,
    SnippetOrigins,
    UtmCampaign,
    UtmContent,
    UtmMedium,
    UtmSource,
    UtmTerm,
    changed_terms,
    moment,
)
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

campaign = typer.Typer(help="What is sent to whom.", no_args_is_help=True)

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, for example cmp_12.", show_default=False)]


_LEFT_OUT = {
    "no_number": "without a number",
    "no_consent": "without consent",
    "stopped": "said STOP",
    "same_number": "number told twice",
}
"""Why some of an audience are not sent to."""


def register(app: typer.Typer) -> None:
    row_exports.register(campaign)
    app.add_typer(campaign, name="campaign")


@campaign.command("create")
def add_campaign(
    name: Annotated[str, typer.Option("--name", help="As reports call it.", show_default=False)],
    text: Annotated[
        str,
        typer.Option("--text", help="With fields: {{ first_name }}, {{ link }}, {{ stop }}.", show_default=False),
    ],
    sender: Annotated[str, typer.Option("--sender", help="A short code or a number in E.164.", show_default=False)],
    audience: Annotated[
        str,
        typer.Option(
            "--audience",
            help="“all” who may be sent to, an import (imp_3), or segments with commas between (seg_4,seg_7).",
            show_default=False,
        ),
    ],
    kind: Annotated[str, typer.Option("--kind", help=f"{' or '.join(KINDS)}.")] = "marketing",
    destination: Annotated[
        str,
        typer.Option(
            "--destination",
            help="Where {{ link }} leads to; behind the host it may have fields such as {{ code }}.",
            show_default=False,
        ),
    ] = "",
    page: Annotated[
        str | None,
        typer.Option("--page", help="The landing page that {{ link }} shows instead (pag_3).", show_default=False),
    ] = None,
    offer_id: Annotated[
        str | None, typer.Option("--offer", help="What {{ code }} is worth (off_3).", show_default=False)
    ] = None,
    codes: Annotated[
        str | None,
        typer.Option(
            "--codes",
            help=f"Where {{{{ code }}}} comes from: {', '.join(SOURCES)}; needed if the offer has lists or a shared code.",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[int, typer.Option("--rate", help="SMS fragments a second, at most.")] = 100,
    attribution_days: Annotated[
        int,
        typer.Option(
            "--attribution-days",
            help=f"For how long after its submission what comes of a message is its result, 1 to {MAX_ATTRIBUTION_DAYS}.",
        ),
    ] = ATTRIBUTION_DAYS,
    activates: Activates = None,
    expires: Expires = None,
    fallback: Fallback = None,
    passed: Passed = None,
    utm_source: UtmSource = None,
    utm_medium: UtmMedium = None,
    utm_campaign: UtmCampaign = None,
    utm_term: UtmTerm = None,
    utm_content: UtmContent = None,
    snippet_origins: SnippetOrigins = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Writes a campaign, a draft, and prints its id."""
    utm = dict(zip(UTM, (utm_source, utm_medium, utm_campaign, utm_term, utm_content), strict=True))
    new = NewCampaign(
        name=name,
        kind=kind,
        text=text,
        sender=sender,
        destination_url=destination,
        page_id=parse_id("page", page) if page else None,
        offer_id=parse_id("offer", offer_id) if offer_id else None,
        code_source=_source(codes),
        rate_per_s=rate,
        attribution_days=attribution_days,
        audience=_audience(audience),
        link_terms=changed_terms(LinkTerms(), activates, expires, fallback, passed, utm, snippet_origins),
    )
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, short_url = find_workspace(session, workspace_name), installation.settings.short_url
        campaign_id = create_campaign(session, workspace_id, new, now(), short_url)
    typer.echo(format_id("campaign", campaign_id))


@campaign.command("follow-up")
def add_follow_up(
    campaign_id: CampaignId,
    name: Annotated[str, typer.Option("--name", help="Of the new campaign.", show_default=False)],
    stage: Stage = "produced",
    without: Without = None,
    by: By = "",
    value: Value = "",
    since: Since = "",
    until: Until = "",
    leave_out: LeaveOut = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Writes a draft of the same to the people behind a number, who are kept as a segment, and prints its id."""
    new = NewFollowUp(name, read_filter(stage, without, by, value, since, until), leave_out or None)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id, short_url = find_workspace(session, workspace_name), installation.settings.short_url
        made = create_follow_up(session, workspace_id, parse_id("campaign", campaign_id), new, now(), short_url)
    typer.echo(format_id("campaign", made))


@campaign.command("audience")
def show_audience(campaign_id: CampaignId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Counts whom a campaign is for: as segments list them, each person once, and who may be sent to now."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, reading(installation.engine) as session:
        counted = count_audience(session, find_workspace(session, workspace_name), number)
    for one in counted.audience.segments:
        typer.echo(f"{format_id('segment', one.id)} {one.name}: {one.contacts:,}")
    for label, count in (("listed", counted.listed), ("people", counted.people), ("may be sent to", counted.sendable)):
        typer.echo(f"{label:<20}{count:>12,}")
    for reason, count in counted.left_out.items():
        if count:
            typer.echo(f"{_LEFT_OUT[reason]:<20}{count:>12,}")


@campaign.command("send")
def send_campaign(
    campaign_id: CampaignId,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="A date and hour as clocks show it: 2026-11-27T10:00; now, unless told.", show_default=False
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone",
            help="Whose clocks: Europe/Paris, or “recipient” for each recipient's own; the workspace's, unless told.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            help="Nothing leaves from then on: 2026-11-28T20:00+01:00, or a day of the workspace, to its end.",
            show_default=False,
        ),
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Sends a campaign, once: now, or at a time, which may be changed until then. The running workers do it; see it with:
    ricochet campaign show."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        schedule = campaign_control.read_times(session, workspace_id, at, timezone)
        zone = ZoneInfo(session.get_one(Workspace, workspace_id).timezone)
        written = moment("expires", expires) if expires else None
        expires_at = moment_of("expires", written, zone, "end") if written else None
        campaign_control.send(session, workspace_id, number, now(), schedule, expires_at)
    when = f" at {schedule.local:%Y-%m-%d %H:%M} ({schedule.timezone})" if schedule else ""
    typer.echo(f"{campaign_id} will be sent{when}.")


@campaign.command("pause")
def pause_campaign(campaign_id: CampaignId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Pauses a campaign: nothing of it is handed over until it is resumed."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        campaign_control.pause(session, find_workspace(session, workspace_name), number, now())
    typer.echo(f"{campaign_id} is paused.")


@campaign.command("resume")
def resume_campaign(campaign_id: CampaignId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lets a paused campaign go on."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        campaign_control.resume(session, find_workspace(session, workspace_name), number)
    typer.echo(f"{campaign_id} goes on.")


@campaign.command("cancel")
def cancel_campaign(campaign_id: CampaignId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Cancels a campaign for good: what was not handed over yet never is."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        campaign_control.cancel(session, find_workspace(session, workspace_name), number, now())
    typer.echo(f"{campaign_id} is cancelled.")


@campaign.command("show")
def show_campaign(campaign_id: CampaignId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows how far a campaign is, its funnel, and why its messages wait."""
    number = parse_id("campaign", campaign_id)
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        funnel = read_funnel(session, workspace_id, number)
        trouble = find_trouble(session, number) if is_waiting(funnel) else ()
        held = list_holds(session, number)
        zone = ZoneInfo(session.get_one(Workspace, workspace_id).timezone)
    _print(funnel, zone)
    for hold in held:
        until = f"{hold.until.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        reason = hold.reason.replace("_", " ")
        typer.echo(f"Held back: {hold.messages:,} to {hold.country or 'an unknown country'} until {until}, {reason}.")
    for one in trouble:
        route = f"Route {one.route} ({one.state}): " if one.route else ""
        typer.echo(f"Waiting to be sent: {funnel['queued']:,}. {route}{one.message}")


def _print(funnel: Funnel, zone: ZoneInfo) -> None:
    typer.echo(f"{format_id('campaign', funnel.campaign_id)} {funnel.name} ({funnel.kind}): {funnel.status}")
    if funnel.send_timezone:
        typer.echo(f"{'to be sent':<20}{funnel.send_local} ({funnel.send_timezone})")
    if funnel.expires_at:
        typer.echo(f"{'expires':<20}{funnel.expires_at.astimezone(zone):%Y-%m-%dT%H:%M:%S} ({zone.key})")
    typer.echo(f"{'results count for':<20}{funnel.attribution_days:>12,} days")
    for stage in [*STAGES, *OCCURRENCES]:
        if not funnel.tells(stage):
            if stage == "clicked":
                typer.echo(f"{'clicked':<20}{'no link in the text':>21}")
        elif funnel[stage] or stage == "produced":
            typer.echo(f"{stage.replace('_', ' '):<20}{funnel[stage]:>12,}")
    for money in funnel.revenue:
        typer.echo(f"{'revenue':<20}{money.amount_minor:>12,} minor units of {money.currency}")
    for money in funnel.net_revenue if funnel.net_revenue != funnel.revenue else ():
        typer.echo(f"{'net revenue':<20}{money.amount_minor:>12,} minor units of {money.currency}")
    if funnel.pending_facts:
        typer.echo(f"{funnel.pending_facts:,} facts are not in these figures yet.")


def _source(written: str | None) -> Source | None:
    for source in SOURCES:
        if written == source:
            return source
    if written is not None:
        raise _wrong("codes", f"“{written}” is none of {', '.join(SOURCES)}.")
    return None


def _audience(written: str) -> Audience:
    if written == "all":
        return "all"
    if written.startswith("seg_"):
        return "segments", tuple(parse_id("segment", one.strip()) for one in written.split(","))
    return "import", parse_id("import", written)


def _wrong(option: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"--{option}: {message}", errors=(FieldError(option, message),))
