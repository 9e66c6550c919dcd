from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.advisory_locks import Name, lock
from linksvc.api_keys import create_key, hash_of
from linksvc.database import open_engine, writing
from linksvc.group_claims import claim
from linksvc.models import ApiKey
from tests import factories
from tests.factories import NOW

NAMES: list[Name] = [("idempotency", "1"), ("order", "1"), ("order", "2"), ("order", "1")]


def test_a_key_opens_until_it_is_revoked(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        keys = [create_key(session, workspace_id, name, ["codes:redeem"], None, NOW) for name in ("live", "ends", "ended")]
        for key, end in zip(keys[1:], (NOW + timedelta(seconds=1), NOW), strict=True):
            session.exec(update(ApiKey).where(col(ApiKey.key_hash) == hash_of(key)).values(revoked_at=end))
        live, ends, ended = session.exec(select(ApiKey.id).order_by(col(ApiKey.id))).all()
    with writing(engine) as session:
        assert claim(session, {live, ends, ended, 999_999}, [], NOW) == ({live, ends}, [])
        assert claim(session, {live}, NAMES, NOW) == ({live}, [True] * len(NAMES))


def test_a_name_that_another_transaction_has_locked_is_neither_got_nor_waited_for(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    with writing(engine) as other:
        lock(other, "order", "1")
        with writing(engine) as session:
            assert claim(session, [], NAMES, NOW) == (frozenset(), [True, False, True, False])
    with writing(engine) as session:
        assert claim(session, [], NAMES, NOW) == (frozenset(), [True] * len(NAMES))
    engine.dispose()
