"""Reads what the editor's form sends: many small fields, and pictures. For `dashboards.pages.landing_editor`."""

from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from dashboards.forms import TOKEN_FIELD
from dashboards.sessions import is_our_form
from linksvc.landing.picture_files import MOST_BYTES as PICTURE_MOST_BYTES

FIELDS_MOST = 8_000
"""A page of 64 kB has far fewer."""

FIELD_MOST_BYTES = 262_144
FILES_MOST = 41
"""A picture each block, and the logo."""

MOST_BYTES = 3 * PICTURE_MOST_BYTES
"""Of all of it: a browser without a script sends every picture that was chosen at once."""

STRANGER_MOST_BYTES = 524_288
"""Of somebody who is not signed in any more: what was typed is kept for them, pictures are not."""


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file that was chosen in a field."""

    field: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """The form as it came. `is_trusted`: it carries this browser's token."""

    pairs: tuple[tuple[str, str], ...]
    files: tuple[ChosenFile, ...]
    is_trusted: bool

    def get(self, name: str) -> str:
        return next((value for known, value in self.pairs if known == name), "")

    def kept(self) -> tuple[tuple[str, str], ...]:
        """What was typed, without the token of a session that is over and the button that was pressed."""
        return tuple((name, value) for name, value in self.pairs if name not in (TOKEN_FIELD, "do"))


async def read_sent(request: Request, most_bytes: int = MOST_BYTES) -> Sent:
    """Raises HTTPException 413 for more than that and 400 for what is no such form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(400)
    limits = {"max_files": FILES_MOST, "max_fields": FIELDS_MOST, "max_part_size": FIELD_MOST_BYTES}
    async with _bounded(request, most_bytes).form(**limits) as form:
        items = form.multi_items()
        pairs = tuple((name, value) for name, value in items if isinstance(value, str))
        files = [
            ChosenFile(name, file.filename or "", await file.read())
            for name, file in items
            if isinstance(file, UploadFile) and file.size
        ]
    token = next((value for name, value in pairs if name == TOKEN_FIELD), "")
    return Sent(pairs, tuple(files), is_our_form(request, token))


def _bounded(request: Request, most_bytes: int) -> Request:
    """The same request, which fails as soon as its body is longer, whatever its headers say."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:18]) > most_bytes:
        raise HTTPException(413)
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > most_bytes:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)
