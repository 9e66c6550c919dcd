"""What the values of a breakdown are called by those who read it: routes and segments by their names. Called by the API and
the pages, which put the names of countries into the reader's language themselves."""

from collections.abc import Mapping

from sqlmodel import Session, select

from linksvc.models import Segment
from linksvc.routes import route_names


def names_of(session: Session, workspace_id: int, by: str) -> Mapping[str, str]:
    """{value: name} of what has a name beside its value; one that is not in it goes by its value."""
    if by == "route":
        return {str(route_id): name for route_id, name in route_names(session).items()}
    if by == "segment":
        mine = select(Segment.id, Segment.name).where(Segment.workspace_id == workspace_id)
        return {str(segment_id): name for segment_id, name in session.exec(mine)}
    return {}
