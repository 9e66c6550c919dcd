"""The pictures of a workspace, each named by the digest of what is served. Called by the API, the command line and the
editor; trackers read them by `find_content`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import func, literal, or_, tuple_
from sqlmodel import Session, col, select

from linksvc.clock import micros_of, moment_of
from linksvc.database import insert_new
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.landing.picture_files import PictureFile
from linksvc.models import LandingPage, Picture
from linksvc.names import LONGEST

_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9a-f]{64})")
_NAMED_MOST = 5


@dataclass(frozen=True)
class PictureDetails:
    """A picture without its content; `size_bytes` is that of the WebP."""

    digest: str
    name: str
    width: int
    height: int
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True)
class PictureList:
    """Newest first; `next_after` begins the next list, None on the last."""

    pictures: tuple[PictureDetails, ...]
    next_after: str | None


def add_picture(session: Session, workspace_id: int, name: str, file: PictureFile, now: datetime) -> PictureDetails:
    """Stores what `read_picture` made of an upload. One that the workspace has already stays as it is, and is returned."""
    digest = sha256(file.content).hexdigest()
    row = {
        "workspace_id": workspace_id,
        "digest": digest,
        "name": _shown_name(name),
        "width": file.width,
        "height": file.height,
        "content": file.content,
        "created_at": now,
    }
    insert_new(session, Picture, [row])
    return find_picture(session, workspace_id, digest)


def find_picture(session: Session, workspace_id: int, digest: str) -> PictureDetails:
    """Raises NotFound (picture_not_found) for another workspace's too."""
    statement = _details().where(Picture.workspace_id == workspace_id, Picture.digest == digest)
    row = session.exec(statement).first()
    if row is None:
        raise NotFound("There is no such picture in this workspace.", code="picture_not_found")
    return PictureDetails(*row)


def find_content(session: Session, workspace_id: int, digest: str) -> bytes | None:
    """The WebP, or None: there is no such picture."""
    statement = select(Picture.content).where(Picture.workspace_id == workspace_id, Picture.digest == digest)
    return session.exec(statement).first()


def list_pictures(session: Session, workspace_id: int, after: str | None = None, limit: int = 100) -> PictureList:
    """The pictures of a workspace. Raises InvalidRequest (cursor_invalid)."""
    statement = _details().where(Picture.workspace_id == workspace_id)
    if after is not None:
        statement = statement.where(tuple_(col(Picture.created_at), col(Picture.digest)) < tuple_(*_read_cursor(after)))
    statement = statement.order_by(col(Picture.created_at).desc(), col(Picture.digest).desc()).limit(limit + 1)
    found = [PictureDetails(*row) for row in session.exec(statement)]
    shown = found[:limit]
    return PictureList(tuple(shown), _cursor(shown[-1]) if len(found) > limit else None)


def delete_picture(session: Session, workspace_id: int, digest: str) -> PictureDetails:
    """Deletes a picture that no page shows, neither its draft nor what was published, and returns it as it was. Raises
    NotFound, Conflict (picture_in_use)."""
    # Locked before it is asked who shows it: whoever publishes a page with it right now is seen, or finds it gone.
    lock = select(Picture.digest).where(Picture.workspace_id == workspace_id, Picture.digest == digest).with_for_update()
    session.exec(lock).first()
    picture = find_picture(session, workspace_id, digest)
    if pages := _pages_with(session, workspace_id, digest):
        named = ", ".join(f"“{name}”" for name in pages[:_NAMED_MOST]) + (" and others" if len(pages) > _NAMED_MOST else "")
        raise Conflict(f"The picture stands on {named}. Take it off there first.", code="picture_in_use")
    session.delete(session.get_one(Picture, (workspace_id, digest)))
    session.flush()
    return picture


def find_pictures(session: Session, workspace_id: int, digests: Collection[str]) -> frozenset[str]:
    """Those of the pictures that there are."""
    return frozenset(session.exec(_among(workspace_id, digests))) if digests else frozenset()


def lock_pictures(session: Session, workspace_id: int, digests: Collection[str]) -> frozenset[str]:
    """As `find_pictures`; they stay until the transaction, which may write, ends."""
    return frozenset(session.exec(_among(workspace_id, digests).with_for_update(read=True))) if digests else frozenset()


def _among(workspace_id: int, digests: Collection[str]) -> Any:
    return select(Picture.digest).where(Picture.workspace_id == workspace_id, col(Picture.digest).in_(sorted(digests)))


def _details() -> Any:
    return select(  # type: ignore[call-overload]
        Picture.digest,
        Picture.name,
        Picture.width,
        Picture.height,
        func.length(Picture.content),
        Picture.created_at,
    )


def _pages_with(session: Session, workspace_id: int, digest: str) -> list[str]:
    """The names of pages that show a picture. All documents of the workspace are looked through, which is rarely asked."""
    shows = or_(col(LandingPage.draft).contains(digest), col(LandingPage.published).contains(digest))
    statement = select(LandingPage.name).where(LandingPage.workspace_id == workspace_id, shows)
    return list(session.exec(statement.order_by(col(LandingPage.id)).limit(_NAMED_MOST + 1)))


def _shown_name(name: str) -> str:
    """A file's name for people: one printable line, and never empty."""
    line = "".join(c for c in name if c.isprintable()).strip()
    return line[:LONGEST] or "picture"


def _cursor(picture: PictureDetails) -> str:
    return f"{micros_of(picture.created_at)}.{picture.digest}"


def _read_cursor(text: str) -> tuple[Any, Any]:
    found = _CURSOR.fullmatch(text)
    if found is None:
        message = "It is no `next_after` of a list of pictures. Leave it out for the first page."
        raise InvalidRequest(message, code="cursor_invalid", errors=(FieldError("after", message),))
    moment = moment_of(int(found[1]))
    return literal(moment, Picture.__table__.c.created_at.type), literal(found[2])  # type: ignore[attr-defined]
