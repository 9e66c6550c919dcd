"""The pictures of landing pages over the API: uploaded, listed, deleted."""

from datetime import datetime
from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters
from linksvc.database import reading, writing
from linksvc.landing.picture_files import MOST_BYTES, MOST_PIXELS, WIDEST, read_picture
from linksvc.landing.pictures import PictureDetails, add_picture, delete_picture, list_pictures
from linksvc.names import LONGEST
from linksvc.public_ids import DRAWN_PREFIXES

LIST_MOST = 1_000


class PictureParameters(Parameters):
    name: str = Field("", max_length=LONGEST, description="As people call it; the file's name, unless told.")


class PictureAnswer(Answer):
    id: str
    digest: str = Field(description="What the document of a page names it by.")
    name: str
    width: int = Field(description="In pixels.")
    height: int
    size_bytes: int = Field(description="Of the WebP that phones get.")
    created_at: datetime

    @classmethod
    def of(cls, picture: PictureDetails) -> Self:
        return cls(
            id=f"{DRAWN_PREFIXES['picture']}_{picture.digest}",
            digest=picture.digest,
            name=picture.name,
            width=picture.width,
            height=picture.height,
            size_bytes=picture.size_bytes,
            created_at=picture.created_at,
        )


class PicturesQuery(Parameters):
    after: str | None = Field(None, max_length=100, description="`next_after` of the list before.")
    limit: int = Field(100, ge=1, le=LIST_MOST)


class PicturesAnswer(Answer):
    pictures: tuple[PictureAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next ones; null on the last.")


def upload_picture(call: Call[PictureParameters, None]) -> Prepared:
    file, name = read_picture(call.upload.data), call.body.name or call.upload.file_name

    def work(session: Session) -> PictureAnswer:
        return PictureAnswer.of(add_picture(session, call.workspace_id, name, file, call.now()))

    return answer_once(call, work)


def read_pictures(call: Call[None, PicturesQuery]) -> PicturesAnswer:
    with reading(call.engine) as session:
        found = list_pictures(session, call.workspace_id, call.query.after, call.query.limit)
    return PicturesAnswer(pictures=tuple(map(PictureAnswer.of, found.pictures)), next_after=found.next_after)


def remove_picture(call: Call[None, None]) -> PictureAnswer:
    digest = call.drawn_ids["picture_id"].partition("_")[2]
    with writing(call.engine) as session:
        return PictureAnswer.of(delete_picture(session, call.workspace_id, digest))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/pictures",
        name="add_picture",
        summary="Upload a picture",
        description=(
            f"A JPEG, a PNG, a WebP or a GIF, of which the first frame is taken: at most {MOST_BYTES:,} bytes and "
            f"{MOST_PIXELS:,} pixels. It is kept as WebP, at most {WIDEST:,} pixels wide, upright, without what the camera "
            "wrote into it. What the file holds counts, not its name. The same picture twice is one."
        ),
        tag="pages",
        scope="pages:write",
        handler=upload_picture,
        body=PictureParameters,
        multipart=True,
        file_most_bytes=MOST_BYTES,
        idempotency_key="optional",
        status=201,
        answer=PictureAnswer,
        failures=(
            Failure(422, "picture_not_readable", "It is another format, an SVG for example, or it is broken."),
            Failure(422, "picture_too_many_pixels", "The picture has too many pixels; nothing of it was decoded."),
            Failure(429, "pictures_busy", "Other pictures are being read; repeat it in a moment.", retryable=True),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/pictures",
        name="read_pictures",
        summary="List the pictures",
        tag="pages",
        scope="pages:read",
        handler=read_pictures,
        query=PicturesQuery,
        answer=PicturesAnswer,
        failures=(Failure(422, "cursor_invalid", "`after` is no `next_after` of a list."),),
    ),
    Operation(
        method="DELETE",
        path="/v1/pictures/{picture_id}",
        name="remove_picture",
        summary="Delete a picture",
        description="Only while no page shows it, neither its draft nor what was published.",
        tag="pages",
        scope="pages:write",
        handler=remove_picture,
        answer=PictureAnswer,
        failures=(
            Failure(404, "picture_not_found", "There is no such picture in this workspace."),
            Failure(409, "picture_in_use", "Pages show the picture; the detail names them."),
        ),
    ),
)
