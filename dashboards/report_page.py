"""A campaign's figures as one HTML file that needs no network: what its page tells, the charts with their tables, variants
and segments where it has several, and what the names mean. For `ricochet report`; counts and amounts alone, nothing of any
person.

It is drawn by the pages' own templates and scripts, which the file holds with plotly.js. Where the pages lead to rows, it
has the numbers alone.
"""

import re
from datetime import datetime
from importlib.resources import files
from typing import Literal

from markupsafe import Markup
from sqlmodel import Session

from dashboards.assets import PLOTLY
from dashboards.beside import CAME_LATE
from dashboards.breakdown_page import read_several
from dashboards.charts.page import make_charts, read_material
from dashboards.figures import definitions_in
from dashboards.funnel_page import make_funnel_page
from dashboards.readings import read_campaign
from dashboards.rendering import environment
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.funnel import Funnel
from linksvc.models import Workspace

_CHOICES = re.compile(r"<nav\b.*?</nav>", re.S)
_LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.S)
_LEADS = re.compile(r'\s(?:href|data-count|data-stage|data-charts)="[^"]*"')


def write_report(session: Session, workspace_id: int, campaign_id: int, language: Literal["en", "fr"], now: datetime) -> str:
    """The file. Raises NotFound."""
    workspace = session.get_one(Workspace, workspace_id)
    reader = SignedIn(0, "", language, workspace_id, workspace.name, workspace.timezone, workspace.currency)
    speech = Speech(language, workspace.timezone)
    found = read_campaign(session, workspace_id, campaign_id)
    figures = make_funnel_page(found, reader, speech, now)
    charts = make_charts(read_material(session, workspace_id, campaign_id), reader, speech)
    values = {
        "say": speech.say,
        "language": language,
        "who": reader,
        "figures": figures,
        "page": charts,
        "parts": read_several(session, reader, campaign_id, speech),
        "told": () if figures.empty else _told(found.funnel, bool(figures.late), speech),
        "made": speech.day_and_time(now),
        "styles": [_element("style", _own("style.css")), _element("style", _own("charts.css"))],
        "scripts": _scripts() if charts.charts else [],
    }
    return _without_links(environment().get_template("report.html").render(values))


def _told(funnel: Funnel, has_late: bool, speech: Speech) -> tuple[tuple[str, str, str], ...]:
    """The definitions of what stands in the file: on paper nothing shows while a pointer is on it."""
    return tuple(one for one in definitions_in(speech) if funnel.tells(one[0]) and (has_late or one[0] not in CAME_LATE))


def _scripts() -> list[Markup]:
    return [_element("script", content) for content in (_plotly(), _own("charts.js"), _own("page.js"))]


def _own(name: str) -> str:
    return files("dashboards").joinpath("static", name).read_text()


def _plotly() -> str:
    return files("plotly").joinpath("package_data", PLOTLY).read_text()


def _element(name: str, content: str) -> Markup:
    """What is packaged with the program, as it is. A test holds that nothing in it ends the element early."""
    return Markup(f"<{name}>{content}</{name}>")  # noqa: S704  (no input of anybody is in it)


def _without_links(page: str) -> str:
    """The links lead to pages that only who is signed in can see, and a choice of links is none without them. Of plotly.js,
    which holds markup of its own, nothing is touched: it stands behind the content."""
    content, mark, rest = page.partition("</main>")
    content = _CHOICES.sub("", content)
    return _LINK.sub(lambda found: f"<span{_LEADS.sub('', found[1])}>{found[2]}</span>", content) + mark + rest
