"""Single messages for tests: written and stored in a transaction of their own."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from linksvc.database import reading, writing
from linksvc.short_links import ShortLinks
from linksvc.single_checks import NewSingle, check
from linksvc.single_messages import Place, send
from linksvc.single_recipients import Recipient
from linksvc.single_reports import SingleMessage, find_single, id_of
from tests.factories import NOW

NUMBER = "+33639980001"


def single(**fields: Any) -> NewSingle:
    values: dict[str, Any] = {"to": Recipient(NUMBER), "text": "Votre colis est là.", "sender": "36180"}
    return NewSingle(**(values | fields))


def sent(engine: Engine, short_links: ShortLinks, workspace_id: int, at: datetime = NOW, **fields: Any) -> Place:
    with writing(engine) as session:
        return send(session, short_links, workspace_id, check(session, short_links, workspace_id, single(**fields), at), at)


def told(engine: Engine, short_links: ShortLinks, workspace_id: int, place: Place) -> SingleMessage:
    with reading(engine) as session:
        return find_single(session, short_links, workspace_id, id_of(place))
