import csv
import io

import pytest
from sqlalchemy import Engine

from linksvc import code_export
from linksvc.code_export import export_csv
from linksvc.code_withdrawal import set_withdrawn
from linksvc.database import writing
from tests import factories
from tests.factories import NOW


def exported(engine: Engine, workspace_id: int, offer_id: int, source: str | None = None) -> list[dict[str, str]]:
    data = b"".join(export_csv(engine, workspace_id, offer_id, source))
    assert data.startswith(b"\xef\xbb\xbfcode,")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_export, "_PAGE_ROWS", 2)


def test_an_offers_codes_are_handed_out_each_once_with_its_state(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    other = factories.offer(engine, workspace_id, name="Other")
    add = factories.add_code
    add(engine, workspace_id, "2F4K9QTX07BM", offer_id, campaign_id=5, n=0)
    add(engine, workspace_id, "N0E125", offer_id, source="shared", written="Noel 25", max_uses=10, used=4, held=1)
    add(engine, workspace_id, "=1+1", offer_id, source="imported", used=1)
    add(engine, workspace_id, "ZZZ", offer_id, source="imported", disabled=True)
    add(engine, workspace_id, "NOTMINE", other)
    rows = {row["code"]: row for row in exported(engine, workspace_id, offer_id)}
    assert set(rows) == {"2F4K-9QTX-07BM", "Noel 25", "'=1+1", "ZZZ"}
    assert rows["2F4K-9QTX-07BM"] == {
        "code": "2F4K-9QTX-07BM",
        "source": "generated",
        "state": "free",
        "uses": "1",
        "used": "0",
        "held": "0",
        "campaign": "cmp_5",
        "message": "0",
    }
    assert [rows["Noel 25"][name] for name in ("state", "uses", "used", "held", "campaign")] == ["free", "10", "4", "1", ""]
    assert [rows[code]["state"] for code in ("'=1+1", "ZZZ")] == ["used", "disabled"]
    assert {row["code"] for row in exported(engine, workspace_id, offer_id, "imported")} == {"'=1+1", "ZZZ"}
    with writing(engine) as session:
        set_withdrawn(session, workspace_id, offer_id, True, NOW)
    assert {row["state"] for row in exported(engine, workspace_id, offer_id)} == {"disabled"}


def test_nothing_is_handed_out_to_another_workspace(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    factories.add_code(engine, workspace_id, "ABC", offer_id)
    assert exported(engine, factories.workspace(engine, "Another"), offer_id) == []


def test_codes_come_page_by_page_while_others_write(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    for code in ("AAA", "BBB", "CCC"):
        factories.add_code(engine, workspace_id, code, offer_id)
    pieces = export_csv(engine, workspace_id, offer_id)
    assert next(pieces).count(b"\n") == 1
    assert next(pieces).count(b"\n") == 2
    # No transaction is open between two pages, so neither a writer nor a checkpoint waits for a slow reader.
    factories.add_code(engine, workspace_id, "DDD", offer_id)
    assert b"".join(pieces).count(b"\n") == 2
