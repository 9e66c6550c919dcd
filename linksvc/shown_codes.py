"""How stored codes are shown: as their list or whoever shares them wrote them, generated ones in groups of four.

Read for answers about codes whose rows are not at hand: redemptions, holds and attempts keep the normalised code alone.
"""

from collections.abc import Collection, Mapping

from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.models import PromoCode
from linksvc.promo_codes import display


def shown(code: str, written: str) -> str:
    """A code's row as it is shown."""
    return written or display(code)


def read_shown(session: Session, workspace_id: int, codes: Collection[str]) -> Mapping[str, str]:
    """{code: as it is shown} of normalised codes."""
    written = session.exec(
        select(PromoCode.code, PromoCode.written).where(
            PromoCode.workspace_id == workspace_id, among(session, col(PromoCode.code), codes), PromoCode.written != ""
        )
    )
    return {code: display(code) for code in codes} | dict(written.all())


def read_one_shown(session: Session, workspace_id: int, code: str) -> str:
    return read_shown(session, workspace_id, [code])[code]
