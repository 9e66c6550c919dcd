"""The pictures of the editor: those to choose from, and those that were sent with the form. For `dashboards.pages`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from dashboards.editor.sending import ChosenFile
from dashboards.editor.trees import Tree, find
from dashboards.speech import Speech
from linksvc.database import writing
from linksvc.errors import NotFound, Problem
from linksvc.landing.picture_files import MOST_BYTES, MOST_PIXELS, read_picture
from linksvc.landing.pictures import PictureDetails, add_picture, find_picture, list_pictures

OFFERED_MOST = 60
MOST_MB = MOST_BYTES // 1_048_576


@dataclass(frozen=True, slots=True)
class Offered:
    """A picture to choose. `path` serves it to whoever is signed in."""

    name: str
    path: str
    size: str
    width: int
    height: int


def picture_path(digest: str) -> str:
    return f"/pages/pictures/{digest}.webp"


def read_offered(session: Session, workspace_id: int, chosen: frozenset[str], speech: Speech) -> Mapping[str, Offered]:
    """The workspace's latest pictures by digest, and before them those that the page shows."""
    latest = {one.digest: one for one in list_pictures(session, workspace_id, None, OFFERED_MOST).pictures}
    older: dict[str, PictureDetails] = {}
    for digest in sorted(chosen - latest.keys()):
        try:
            older[digest] = find_picture(session, workspace_id, digest)
        except NotFound:
            continue
    return {digest: _offered(one, speech) for digest, one in (older | latest).items()}


def _offered(one: PictureDetails, speech: Speech) -> Offered:
    size = speech.say("editor.picture.size", width=one.width, height=one.height)
    return Offered(one.name, picture_path(one.digest), size, one.width, one.height)


def chosen_pictures(tree: Tree) -> frozenset[str]:
    """The digests that stand in a page as it is typed."""
    blocks = find(tree, "blocks")
    shown = [find(block, "picture") for block in blocks] if isinstance(blocks, list) else []
    return frozenset(one for one in (*shown, find(tree, "theme.logo")) if isinstance(one, str) and one)


def store_sent(
    engine: Engine, workspace_id: int, files: tuple[ChosenFile, ...], tree: Tree, speech: Speech, now: datetime
) -> dict[str, str]:
    """Stores the pictures that came with the form and puts each where it was chosen. Returns what is wrong with them, by the
    path of their field."""
    faults = {}
    for file in files:
        place = file.field.removesuffix(".file")
        way, _, name = place.rpartition(".")
        holder = find(tree, way)
        if not isinstance(holder, dict) or name not in ("picture", "logo"):
            continue
        try:
            # Read outside of the transaction: decoding takes its time.
            picture = read_picture(file.content)
            with writing(engine) as session:
                holder[name] = add_picture(session, workspace_id, file.name, picture, now).digest
        except Problem as error:
            faults[file.field] = _refusal(error, speech)
    return faults


def _refusal(error: Problem, speech: Speech) -> str:
    match error.code:
        case "picture_too_large":
            return speech.say("picture.wrong.picture_too_large", most=MOST_MB)
        case "picture_too_many_pixels":
            return speech.say("picture.wrong.picture_too_many_pixels", most=MOST_PIXELS // 1_000_000)
    return speech.say(f"picture.wrong.{error.code}")
