"""The charts below a campaign's figures: for the script that fetches them, and as a page of their own."""

from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboards.charts.page import make_charts, read_material
from dashboards.charts.weeks import RECIPIENTS, WORKSPACE
from dashboards.pages.sign_in import SEE_OTHER, sign_in_path
from dashboards.rendering import render, render_fragment
from dashboards.sessions import Sessions, speech_for
from linksvc.database import reading
from linksvc.errors import FieldError, InvalidRequest
from linksvc.public_ids import parse_id


@dataclass(frozen=True, slots=True)
class ChartPages:
    """The handler. It is synchronous: Starlette runs it in its thread pool."""

    engine: Engine
    sessions: Sessions

    def routes(self) -> list[Route]:
        return [Route("/campaigns/{id}/charts", self.charts)]

    def charts(self, request: Request) -> Response:
        """GET /campaigns/{id}/charts?zone=workspace|recipients: a part of a page for a script, which is told 401 once signed
        out; a whole page for a browser that is led here (Fetch Metadata, 2.1)."""
        is_page = request.headers.get("sec-fetch-dest") == "document"
        who = self.sessions.find(request)
        if who is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(sign_in_path(here), SEE_OTHER) if is_page else Response(status_code=401)
        of_recipients = _is_of_recipients(request)
        with reading(self.engine) as session:
            material = read_material(session, who.workspace_id, parse_id("campaign", request.path_params["id"]))
        page = make_charts(material, who, speech_for(request, who), of_recipients=of_recipients)
        if is_page:
            return render(request, "charts_page.html", who, page=page)
        return render_fragment(request, "charts.html", who, page=page)


def _is_of_recipients(request: Request) -> bool:
    """Whose hours are asked for: the workspace's unless told. Raises InvalidRequest for anything else."""
    zone = request.query_params.get("zone", WORKSPACE)
    if zone not in (WORKSPACE, RECIPIENTS):
        message = f"There is “{WORKSPACE}” or “{RECIPIENTS}”, not “{zone}”."
        raise InvalidRequest(message, errors=(FieldError("zone", message),))
    return zone == RECIPIENTS
