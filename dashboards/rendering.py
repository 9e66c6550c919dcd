"""Makes a page from a template and ready values. Every handler of the pages ends here."""

from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboards.assets import load_assets
from dashboards.forms import TOKEN_FIELD
from dashboards.sessions import csrf_token, speech_for
from linksvc.accounts import SignedIn


@cache
def environment() -> Environment:
    """The templates. What a template names and is not given is an error, never an empty string."""
    made = Environment(
        loader=PackageLoader("dashboards"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    assets = load_assets()
    made.globals.update(assets=assets.paths, plotly_style_ids=assets.plotly_style_ids, token_field=TOKEN_FIELD)
    return made


def render(
    request: Request, template: str, who: SignedIn | None = None, status: int = 200, **values: object
) -> HTMLResponse:
    """The page in the reader's language. Its forms call for the token, so a page without one sets no cookie."""
    speech = speech_for(request, who)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    shared = {
        "say": speech.say,
        "language": speech.language,
        "who": who,
        "csrf_token": partial(csrf_token, request),
        "here": here,
    }
    return HTMLResponse(environment().get_template(template).render(shared | values), status)


def render_fragment(request: Request, template: str, who: SignedIn, **values: object) -> HTMLResponse:
    """A part of a page: the live figures."""
    return HTMLResponse(render_part(request, template, who, **values))


def render_part(request: Request, template: str, who: SignedIn, **values: object) -> str:
    speech = speech_for(request, who)
    shared = {"say": speech.say, "csrf_token": partial(csrf_token, request)}
    return environment().get_template(template).render({**shared, **values})
