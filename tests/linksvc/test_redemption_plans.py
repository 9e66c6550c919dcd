"""What every group of redemptions asks is found by an index from the first time on: the plans are kept while tables grow."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from linksvc import code_uses
from linksvc.advisory_locks import Name
from linksvc.bulk import insert_rows
from linksvc.code_lookup import Sought, find_codes
from linksvc.database import is_sqlite, writing
from linksvc.group_claims import claim
from linksvc.idempotency import Repeatable, find_all_kept
from linksvc.models import PromoCode
from tests import factories

CODES = 5_000
"""So few that to read them all takes less than to look a hundred of them up."""

NAMES: list[Name] = [("order", f"R-{n}") for n in range(16)]

LOOKS: dict[str, Callable[[Session], Any]] = {
    "promo_code": lambda session: find_codes(session, [Sought(1, f"B{n}", 1, f"R-{n}") for n in range(16)]),
    "promo_code to use it": lambda session: code_uses.use_all(session, [(1, f"B{n}") for n in range(16)]),
    "api_key": lambda session: claim(session, range(1, 9), NAMES, factories.NOW),
    "idempotency_record": lambda session: find_all_kept(session, [Repeatable("shop:1", f"k-{n}", "f") for n in range(16)]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_group_reads_no_table_whole(engine: Engine, look: str) -> None:
    offer_id, table = factories.offer(engine, factories.workspace(engine)), look.partition(" ")[0]
    blank = PromoCode(workspace_id=1, code="", offer_id=offer_id).model_dump()
    with writing(engine) as session:
        insert_rows(session, PromoCode, tuple(blank), [tuple((blank | {"code": f"B{n}"}).values()) for n in range(CODES)])
        session.connection().exec_driver_sql("ANALYZE promo_code")
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    with writing(engine) as session:
        LOOKS[look](session)
        statement, parameters = next(one for one in asked if table in one[0])
        explain = "EXPLAIN QUERY PLAN" if is_sqlite(session) else "EXPLAIN"
        plan = [str(row) for row in session.connection().exec_driver_sql(f"{explain} {statement}", parameters)]
    assert any(table in step for step in plan)
    assert not any(f"Seq Scan on {table}" in step or f"SCAN {table}" in step for step in plan)
