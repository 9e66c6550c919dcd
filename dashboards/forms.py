"""Reading a form that was sent to a page: small, URL-encoded, and proved to come from our own page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboards.sessions import is_our_form

MOST_BYTES = 16_384
"""More than any form of the pages fills."""

MOST_FIELDS = 50

TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field, not a secret


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form. Raises HTTPException 413 for one too large and 400 for what is no form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400) from error


def is_trusted(request: Request, form: Mapping[str, str]) -> bool:
    """Whether the form carries this browser's token; false also when the session ran out meanwhile."""
    return is_our_form(request, form.get(TOKEN_FIELD, ""))


async def read_trusted_form(request: Request) -> Mapping[str, str]:
    """The fields of a form of ours. Raises HTTPException 403 without the token."""
    form = await read_form(request)
    if not is_trusted(request, form):
        raise HTTPException(403)
    return form


@dataclass(frozen=True, slots=True)
class Filled:
    """A form for a template: what was typed into its fields, and what is wrong with them in the reader's words."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    usual: str = ""
    """The field that has the focus while nothing is wrong."""

    def typed(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong(self, name: str) -> str:
        return self.errors.get(name, "")

    @property
    def first(self) -> str:
        """The field to begin with."""
        return next(iter(self.errors), self.usual)
