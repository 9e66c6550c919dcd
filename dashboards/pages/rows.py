"""The rows behind every number: a page of them, and all of them as a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dashboards.pages.door import Door
from dashboards.rendering import render
from dashboards.row_words import Filter, RowWords
from dashboards.rows import Table, conversion_table, message_table, occurrence_table
from dashboards.sessions import speech_for
from linksvc.accounts import SignedIn
from linksvc.breakdown_labels import names_of
from linksvc.conversions import CONVERSION, list_conversions
from linksvc.database import reading
from linksvc.funnel import Funnel, find_campaign, read_funnel
from linksvc.message_filters import MessageFilter
from linksvc.message_list import list_messages
from linksvc.occurrence_list import LISTED, OccurrenceFilter, list_occurrences
from linksvc.public_ids import format_id, parse_id
from linksvc.row_files import MEDIA_TYPES, Format, write_file
from linksvc.row_sheets import Sheet, Shown, conversion_sheet, message_sheet, occurrence_sheet, zone_of

ROWS = 50
"""Rows a page: enough to read, and under 100 kB."""

_EVERYTHING = Shown(numbers=True, codes=True)
"""What the pages show: it is the marketer's own list."""


@dataclass(frozen=True, slots=True)
class RowPages:
    """The handlers, for whoever is signed in. They are synchronous: Starlette runs them in its thread pool."""

    engine: Engine
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route("/campaigns/{id}/messages", self.door.opened(self.rows)),
            Route("/campaigns/{id}/messages.csv", self.door.opened(self._file("csv"))),
            Route("/campaigns/{id}/messages.xlsx", self.door.opened(self._file("xlsx"))),
        ]

    def rows(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/messages?stage=&not=&by=&value=&from=&to=&at_from=&at_to=&after=: the rows behind a number,
        exactly as many as it says."""
        campaign_id, stage = parse_id("campaign", request.path_params["id"]), _stage(request)
        with reading(self.engine) as session:
            funnel = read_funnel(session, who.workspace_id, campaign_id)
            if stage == CONVERSION:
                table = _conversions(session, request, who, campaign_id)
            else:
                table = _table(session, request, who, funnel)
        back = f"/campaigns/{request.path_params['id']}"
        return render(request, "messages.html", who, table=table, campaign=funnel.name, back=back)

    def _file(self, format: Format) -> Callable[[Request, SignedIn], Response]:
        def endpoint(request: Request, who: SignedIn) -> Response:
            """GET /campaigns/{id}/messages.csv, .xlsx: all rows of the list with the same query."""
            campaign_id = parse_id("campaign", request.path_params["id"])
            with reading(self.engine) as session:
                find_campaign(session, who.workspace_id, campaign_id)
                sheet = _sheet(session, request, who, campaign_id)
            name = f"{sheet.name}-{format_id('campaign', campaign_id)}-{sheet.stage}.{format}"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingResponse(write_file(self.engine, sheet, format), 200, headers, MEDIA_TYPES[format])

        return endpoint


def _stage(request: Request) -> str:
    return str(request.query_params.get("stage", "produced"))


def _filter(request: Request) -> Filter:
    """Raises InvalidRequest for what does not exist."""
    told: Mapping[str, str] = dict(request.query_params)
    return OccurrenceFilter.parse(told) if _stage(request) in LISTED else MessageFilter.parse(told)


def _table(session: Session, request: Request, who: SignedIn, funnel: Funnel) -> Table:
    behind, speech, place = _filter(request), speech_for(request, who), (session, who.workspace_id, funnel.campaign_id)
    words = RowWords(speech, funnel.campaign_id, names_of(session, who.workspace_id, behind.by))
    if isinstance(behind, OccurrenceFilter):
        after = _text(request)
        return occurrence_table(list_occurrences(*place, behind, after, ROWS), funnel, behind, after, words)
    after_n = number_in(request, "after")
    page = list_messages(*place, behind, after_n, ROWS)
    return message_table(page, funnel, behind, after_n, words)


def _conversions(session: Session, request: Request, who: SignedIn, campaign_id: int) -> Table:
    after = _text(request)
    page = list_conversions(session, who.workspace_id, campaign_id, after, ROWS)
    return conversion_table(page, campaign_id, after, speech_for(request, who))


def _sheet(session: Session, request: Request, who: SignedIn, campaign_id: int) -> Sheet:
    zone = zone_of(session, who.workspace_id)
    if _stage(request) == CONVERSION:
        return conversion_sheet(who.workspace_id, campaign_id, zone)
    behind = _filter(request)
    if isinstance(behind, OccurrenceFilter):
        return occurrence_sheet(campaign_id, behind, zone, _EVERYTHING)
    return message_sheet(campaign_id, behind, zone, _EVERYTHING)


def _text(request: Request) -> str:
    """The name of the row that a page comes after."""
    after = str(request.query_params.get("after", ""))
    if "\0" in after:
        # PostgreSQL's text holds no NUL, so no row bears such a name.
        raise HTTPException(404)
    return after


def number_in(request: Request, name: str) -> int | None:
    """A query parameter that is a row's number. Raises HTTPException 404 for anything else: such a page does not exist."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise HTTPException(404)
    return int(text)
