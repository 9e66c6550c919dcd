"""What codes an offer has, beside those that are made for messages. For the API and `ricochet code show`."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.code_dealing import count_undealt
from linksvc.models import CodeImport, Offer
from linksvc.offers import no_offer
from linksvc.shared_codes import SharedCode, find_shared


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list that was imported. `state`: running, finished, undone (nothing of it was kept)."""

    file_name: str
    state: str
    added: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfferCodes:
    """`generated`: codes made for it that belong to no message. `undealt`: codes of its lists that no message got yet, and
    nobody used. `lists`: the newest first."""

    withdrawn_at: datetime | None
    shared: SharedCode | None
    generated: int
    undealt: int
    lists: tuple[KeptList, ...]


def read_codes(session: Session, workspace_id: int, offer_id: int, most_lists: int = 100) -> OfferCodes:
    """Raises NotFound (`offer_not_found`) for another workspace's too."""
    mine = (Offer.id == offer_id, Offer.workspace_id == workspace_id)
    offer = session.exec(select(Offer).where(*mine)).first()
    if offer is None:
        raise no_offer(offer_id)
    imports = select(CodeImport).where(CodeImport.workspace_id == workspace_id, CodeImport.offer_id == offer_id)
    rows = session.exec(imports.order_by(col(CodeImport.id).desc()).limit(most_lists))
    return OfferCodes(
        withdrawn_at=offer.withdrawn_at,
        shared=find_shared(session, workspace_id, offer_id),
        generated=offer.generated,
        undealt=count_undealt(session, workspace_id, offer_id),
        lists=tuple(KeptList(row.file_name, row.state, row.added, row.created_at, row.finished_at) for row in rows),
    )
