"""What recipients did on a campaign's page: answers and prizes with their live figures, all answers, and their file."""

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dashboards.answer_rows import answer_table
from dashboards.pages.door import Door
from dashboards.rendering import render, render_fragment
from dashboards.results import Teller, read_results_page, results_path
from dashboards.sessions import speech_for
from linksvc.accounts import SignedIn
from linksvc.clock import Clock
from linksvc.database import reading
from linksvc.errors import InvalidRequest
from linksvc.landing.answer_export import export_answers
from linksvc.landing.answer_list import list_forms
from linksvc.landing.campaign_pages import CampaignPage, read_campaign_page
from linksvc.landing.survey_results import SurveyResult, find_survey
from linksvc.public_ids import format_id, parse_id

ROWS = 50


@dataclass(frozen=True, slots=True)
class PageResults:
    """The handlers, for whoever is signed in. They are synchronous: Starlette runs them in its thread pool."""

    engine: Engine
    clock: Clock
    door: Door

    def routes(self) -> list[Route]:
        return [
            Route("/campaigns/{id}/answers", self.door.opened(self.results)),
            Route("/campaigns/{id}/answers/figures", self.figures),
            Route("/campaigns/{id}/answers/list", self.door.opened(self.rows)),
            Route("/campaigns/{id}/answers/export", self.door.opened(self.export)),
        ]

    def results(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/answers."""
        return render(request, "results.html", who, page=self._read(request, who))

    def figures(self, request: Request) -> Response:
        """GET /campaigns/{id}/answers/figures: the live part of the page, for its script; 401 once signed out."""
        who = self.door.sessions.find(request)
        if who is None:
            return Response(status_code=401)
        return render_fragment(request, "result_figures.html", who, page=self._read(request, who))

    def rows(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/answers/list?block=&after=: all answers to a form, the newest first."""
        after = request.query_params.get("after", "")
        with reading(self.engine) as session:
            page, survey = self._survey(session, request, who)
            try:
                found = list_forms(session, page.campaign_id, survey.block, after, ROWS, newest_first=True)
            except InvalidRequest:
                raise HTTPException(404) from None
        table = answer_table(Teller(page, speech_for(request, who)), survey, found, after)
        back = results_path(page.campaign_id)
        return render(request, "messages.html", who, table=table, campaign=page.campaign, back=back)

    def export(self, request: Request, who: SignedIn) -> Response:
        """GET /campaigns/{id}/answers/export?block=: a CSV file, made while it is sent."""
        with reading(self.engine) as session:
            page, survey = self._survey(session, request, who)
        name = f"answers-{format_id('campaign', page.campaign_id)}-{survey.block}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(export_answers(self.engine, page, survey), 200, headers, "text/csv; charset=utf-8")

    def _read(self, request: Request, who: SignedIn) -> object:
        campaign_id = parse_id("campaign", request.path_params["id"])
        with reading(self.engine) as session:
            return read_results_page(session, who, campaign_id, speech_for(request, who), self.clock())

    def _survey(self, session: Session, request: Request, who: SignedIn) -> tuple[CampaignPage, SurveyResult]:
        campaign_id = parse_id("campaign", request.path_params["id"])
        page = read_campaign_page(session, who.workspace_id, campaign_id)
        return page, find_survey(session, page, request.query_params.get("block", ""))
