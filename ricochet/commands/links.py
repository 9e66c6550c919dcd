"""`ricochet link`: short links for posters and shop windows, and where any link leads to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from linksvc.ad_hoc_links import create_link, edit_link, find_link, list_links
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError, InvalidRequest
from linksvc.keys import open_keyring
from linksvc.link_terms import UTM, LinkTerms
from linksvc.links import Change, LinkDetails, NewLink, edit_campaign_link, find_campaign_link
from linksvc.public_ids import format_id, parse_id
from linksvc.qr_codes import BORDER_MOST, QUIET_ZONE, SCALE_MOST, QrStyle, draw
from linksvc.short_links import ShortLinks
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
)
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened

link = typer.Typer(help="Short links that belong to no message, and where any link leads to.", no_args_is_help=True)

AnyLink = Annotated[
    str,
    typer.Argument(metavar="LINK", help="Its id (lnk_12); a campaign's (cmp_3) for its messages' link.", show_default=False),
]
AdHocLink = Annotated[str, typer.Argument(metavar="LINK", help="Its id, for example lnk_12.", show_default=False)]
LISTED_MOST = 1_000


def register(app: typer.Typer) -> None:
    app.add_typer(link, name="link")


@link.command("create")
def add_link(
    destination: Annotated[str, typer.Argument(metavar="URL", help="Where it leads to: http or https.", show_default=False)],
    title: Annotated[str, typer.Option("--title", help="What it is for, for people.", show_default=False)] = "",
    activates: Activates = None,
    expires: Expires = None,
    fallback: Fallback = None,
    passed: Passed = None,
    utm_source: UtmSource = None,
    utm_medium: UtmMedium = None,
    utm_campaign: UtmCampaign = None,
    utm_term: UtmTerm = None,
    utm_content: UtmContent = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a short link and prints its id and the link."""
    utm = dict(zip(UTM, (utm_source, utm_medium, utm_campaign, utm_term, utm_content), strict=True))
    new = NewLink(destination, title, changed_terms(LinkTerms(), activates, expires, fallback, passed, utm))
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        made = create_link(session, _short_links(installation), workspace_id, new, now())
    typer.echo(f"{format_id('link', made.id)}\t{made.short_url}")


@link.command("list")
def show_links(
    limit: Annotated[int, typer.Option("--limit", min=1, max=LISTED_MOST, help="How many, at most.")] = 100,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists the newest links: id, link, visits by people, destination, title."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        page = list_links(session, _short_links(installation), workspace_id, limit=limit)
    for one in page.links:
        visits = str(one.visits.human if one.visits else 0)
        typer.echo("\t".join((format_id("link", one.id), one.short_url, visits, one.destination_url, one.title)).rstrip())
    if page.next_after:
        typer.echo(f"There are more; --limit takes up to {LISTED_MOST:,}.", err=True)


@link.command("show")
def show_link(link_id: AnyLink, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows where a link leads to, on what terms, and who visited it."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        found = _find(session, _short_links(installation), workspace_id, link_id)
    _print(link_id, found)


@link.command("edit")
def change_link(
    link_id: AnyLink,
    destination: Annotated[
        str | None, typer.Option("--destination", help="Where it leads to from now on.", show_default=False)
    ] = None,
    page: Annotated[
        str | None,
        typer.Option(
            "--page", help="The landing page that a campaign's link shows from now on (pag_3).", show_default=False
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What it is for, for people.", show_default=False)] = None,
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
    """Changes a link, also one that was sent already: trackers follow within a second or two. What is left out stays as it
    is; an empty text ("") takes a term away."""
    utm = dict(zip(UTM, (utm_source, utm_medium, utm_campaign, utm_term, utm_content), strict=True))
    lists = (passed or None, snippet_origins or None)
    if all(given is None for given in (destination, page, title, activates, expires, fallback, *lists, *utm.values())):
        raise InvalidRequest("Say what to change: --destination, --page, --title, or one of the link's terms.")

    def change(link: NewLink) -> NewLink:
        terms = changed_terms(link.terms, activates, expires, fallback, passed, utm, snippet_origins)
        link = replace(link, title=link.title if title is None else title, terms=terms)
        if page is not None:
            return replace(link, destination_url=destination or "", page_id=parse_id("page", page))
        return link if destination is None else replace(link, destination_url=destination, page_id=None)

    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        changed = _edit(session, _short_links(installation), workspace_id, link_id, change)
    _print(link_id, changed)


@link.command("qr")
def draw_qr(
    link_id: AdHocLink,
    file: Annotated[Path, typer.Argument(help="Where to write it; its ending says how: .svg or .png.", show_default=False)],
    scale: Annotated[int, typer.Option("--scale", min=1, max=SCALE_MOST, help="Pixels a module.")] = 8,
    border: Annotated[
        int, typer.Option("--border", min=0, max=BORDER_MOST, help="Modules of light margin; cameras want 4.")
    ] = QUIET_ZONE,
    dark: Annotated[str, typer.Option("--dark", help="The colour of the modules.")] = "#000000",
    light: Annotated[str, typer.Option("--light", help="The colour behind them.")] = "#ffffff",
    level: Annotated[str, typer.Option("--level", help="Error correction, at least: L, M, Q or H.")] = "M",
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Draws a link as a QR code into a file: SVG for print, PNG for screens."""
    if file.suffix.lower() not in (".svg", ".png"):
        raise InvalidRequest(f"“{file.name}” ends in neither .svg nor .png.")
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        found = find_link(session, _short_links(installation), workspace_id, parse_id("link", link_id))
    style = QrStyle(scale, border, dark, light, level.upper())
    picture = draw(found.short_url, "svg" if file.suffix.lower() == ".svg" else "png", style)
    try:
        file.write_bytes(picture)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from None
    typer.echo(f"Drew {found.short_url} into {file}.")


def _short_links(installation: Installation) -> ShortLinks:
    return ShortLinks(open_keyring(installation.settings), installation.settings)


def _find(session: Session, short_links: ShortLinks, workspace_id: int, link_id: str) -> LinkDetails:
    if link_id.startswith("cmp_"):
        return find_campaign_link(session, short_links, workspace_id, parse_id("campaign", link_id))
    return find_link(session, short_links, workspace_id, parse_id("link", link_id))


def _edit(session: Session, short_links: ShortLinks, workspace_id: int, link_id: str, change: Change) -> LinkDetails:
    if not link_id.startswith("cmp_"):
        return edit_link(session, short_links, workspace_id, parse_id("link", link_id), change, now())

    def without_title(link: NewLink) -> NewLink:
        changed = change(link)
        if changed.title:
            raise InvalidRequest("--title: The link of a campaign has none; the campaign has a name.")
        return replace(changed, title="")

    return edit_campaign_link(session, short_links, workspace_id, parse_id("campaign", link_id), without_title, now())


def _print(link_id: str, one: LinkDetails) -> None:
    typer.echo(f"{link_id} {one.title}".rstrip())
    for name, value in _lines(one):
        typer.echo(f"{name:<20}{value}")


def _lines(one: LinkDetails) -> Iterator[tuple[str, str]]:
    """What there is to say of a link, in the order in which one asks."""
    terms = one.terms
    yield "link", one.short_url if one.visits is not None else f"{one.short_url}/... (one for each recipient)"
    yield "leads to", one.destination_url or format_id("page", one.page_id or 0)
    if terms.activates_at:
        yield "from", f"{terms.activates_at:%Y-%m-%d %H:%M} UTC"
    if terms.expires_at:
        yield "until", f"{terms.expires_at:%Y-%m-%d %H:%M} UTC"
    if terms.fallback_url:
        yield "outside of that", terms.fallback_url
    if terms.passed_parameters:
        yield "passes on", ", ".join(terms.passed_parameters)
    for name, value in terms.utm.items():
        yield f"utm_{name}", value
    if terms.snippet_origins:
        yield "told of by pages of", ", ".join(terms.snippet_origins)
    if one.visits is not None:
        yield "visits by people", f"{one.visits.human:,}"
        yield "suspect visits", f"{one.visits.suspect:,}"
        yield "visits by machines", f"{one.visits.machine:,}"
