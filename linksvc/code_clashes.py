"""What of a list of codes the workspace has already. For `linksvc.code_import`, before it writes anything."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc.bulk import listed
from linksvc.code_lists import CodeList, Fault
from linksvc.database import BATCH_ROWS, reading
from linksvc.models import PromoCode
from linksvc.public_ids import format_id


def find_clashes(engine: Engine, workspace_id: int, offer_id: int, found: CodeList) -> tuple[dict[str, Fault], set[str]]:
    """The codes that the workspace has for something else, each with its fault, and those that lists of this offer have
    brought."""
    clashes: dict[str, Fault] = {}
    present: set[str] = set()
    for batch in batches(list(found.lines)):
        for code, its_offer_id, import_id in _there(engine, workspace_id, batch):
            if its_offer_id == offer_id and import_id is not None:
                present.add(code)
                continue
            where = (
                f"in {format_id('offer', its_offer_id)}" if its_offer_id != offer_id else "in this offer, not from a list"
            )
            clashes[code] = Fault(found.lines[code], "clash", f"The workspace has this code already, {where}.")
    return clashes, present


def batches(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many codes as are dealt with at once."""
    for first in range(0, len(codes), BATCH_ROWS):
        yield codes[first : first + BATCH_ROWS]


def _there(engine: Engine, workspace_id: int, codes: Sequence[str]) -> Sequence[tuple[str, int, int | None]]:
    with reading(engine) as session:
        statement = select(PromoCode.code, PromoCode.offer_id, PromoCode.import_id).where(
            PromoCode.workspace_id == workspace_id, col(PromoCode.code).in_(select(listed(session, codes).c.value))
        )
        return session.exec(statement).all()
