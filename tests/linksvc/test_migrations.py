from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlmodel import SQLModel, col, select, update

from linksvc import models
from linksvc.database import reading, writing
from linksvc.migrations import check_revision, current_revision, migrate, newest_revision, scripts_dir
from linksvc.models import Attempt, Campaign, LedgerEntry, Message, Offer, PromoCode, Redemption, SendBatch
from tests import factories


def differences(engine: Engine) -> list[object]:
    """What the models have and the database has not, or the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def test_models_and_migrations_agree(engine: Engine) -> None:
    assert differences(engine) == []


def test_messages_have_the_room_on_their_page_that_the_model_says(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # It has no such setting: a row is changed in its place.
    with engine.connect() as connection:
        told = connection.execute(text("SELECT reloptions FROM pg_class WHERE relname = 'message'")).scalar_one()
    room = Message.__table__.dialect_options["postgresql"]["with"]
    assert told == [f"{name}={value}" for name, value in room.items()] == ["fillfactor=50"]


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    assert migrate(engine) == migrate(engine)
    check_revision(engine)


def test_the_newest_file_is_the_head_of_one_line_of_migrations() -> None:
    scripts = ScriptDirectory(str(scripts_dir()))
    assert scripts.get_heads() == [newest_revision()]
    for script in scripts.walk_revisions():
        assert script.path.rpartition("/")[2].startswith(f"{script.revision}_")


def test_alembic_reads_the_same_revision(engine: Engine) -> None:
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == current_revision(engine) == newest_revision()


def test_the_newest_migration_can_be_undone_and_done_again_with_rows_in_the_tables(engine: Engine) -> None:
    factories.produced_campaign(engine, factories.workspace(engine), 3)
    factories.route(engine)
    newest = current_revision(engine)
    config = Config()
    config.set_main_option("script_location", str(scripts_dir()))
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "-1")
    assert current_revision(engine) != newest
    assert migrate(engine) == newest
    assert differences(engine) == []
    with reading(engine) as session:
        assert session.exec(select(Message.held_reason)).all() == ["", "", ""]


def test_codes_that_were_generated_for_no_message_are_counted_by_their_offers(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id := factories.workspace(engine), 1)
    first, second = factories.offer(engine, workspace_id), factories.offer(engine, workspace_id)
    for i, fields in enumerate(({}, {}, {"source": "imported"}, {"campaign_id": campaign_id, "n": 0})):
        factories.add_code(engine, workspace_id, f"C0DE{i}", first, **fields)
    config = Config()
    config.set_main_option("script_location", str(scripts_dir()))
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0005")
    migrate(engine)
    with reading(engine) as session:
        counted = session.exec(select(Offer.id, Offer.generated).where(Offer.workspace_id == workspace_id)).all()
    assert dict(counted) == {first: 2, second: 0}


def test_what_was_queued_before_there_were_batches_is_queued_in_them(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 6)
    over = factories.produced_campaign(engine, factories.workspace(engine, "Another"), 1)
    route_id = factories.route(engine)
    config = Config()
    config.set_main_option("script_location", str(scripts_dir()))
    with writing(engine) as session:
        for n, attempt, outcome in (
            (0, 1, "accepted"),
            (1, 1, "marked"),
            (2, 1, "retry"),
            (3, 1, "retry"),
            (3, 2, "unknown"),
        ):
            session.add(_attempt(campaign_id, n, attempt, outcome, route_id))
        session.exec(update(Message).where(col(Message.n) == 5).values(state="stopped"))
        session.exec(update(Campaign).where(col(Campaign.id) == over).values(state="sent"))
    with writing(engine) as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0002")
        session.connection().execute(text("UPDATE message SET claimed_by = 'somebody' WHERE n IN (2, 4)"))
    migrate(engine)
    with reading(engine) as session:
        queued = session.exec(select(SendBatch.campaign_id, SendBatch.first_n, SendBatch.size, SendBatch.worker)).all()
        assert sorted(queued) == [(campaign_id, 2, 1, ""), (campaign_id, 4, 1, "")]
        outcomes = session.exec(select(Attempt.n, Attempt.outcome).order_by(col(Attempt.n), col(Attempt.attempt))).all()
    assert outcomes == [(0, "accepted"), (1, "marked"), (2, "retried"), (3, "retried"), (3, "unknown")]


def test_what_was_redeemed_before_is_a_row_and_offers_go_on_allowing_what_they_allowed(engine: Engine) -> None:
    workspace_id = factories.workspace(engine, timezone="America/Montreal")
    offer_id = factories.offer(engine, workspace_id)
    config = Config()
    config.set_main_option("script_location", str(scripts_dir()))
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code="XK42", offer_id=offer_id, used=1, campaign_id=7, n=3))
        session.add_all([_entry(workspace_id, "rdm_1", "redeemed", 400), _entry(workspace_id, "", "refused", 0)])
        session.flush()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0003")
    migrate(engine)
    with reading(engine) as session:
        row = session.exec(select(Redemption)).one()
        assert (row.id, row.code, row.shop_id, row.order_ref) == ("rdm_1", "XK42", 5, "R-1")
        assert (row.order_minor, row.discount_minor, row.paid_minor) == (4_000, 400, 3_600)
        assert (row.campaign_id, row.n, row.occurred_at, row.voided_at) == (7, 3, factories.NOW, None)
        steps = session.exec(select(LedgerEntry.action, LedgerEntry.redemption_id, LedgerEntry.used_step)).all()
        assert sorted(steps) == [("redeemed", "rdm_1", 1), ("refused", "", 0)]
        assert session.exec(select(Offer.stackable, Offer.timezone)).one() == (True, "America/Montreal")


def _entry(workspace_id: int, redemption_id: str, action: str, discount_minor: int) -> LedgerEntry:
    return LedgerEntry(
        workspace_id=workspace_id,
        code="XK42",
        id=f"ent_{action}",
        action=action,
        redemption_id=redemption_id,
        shop_id=5,
        key_id=6,
        order_ref="R-1",
        order_minor=4_000,
        discount_minor=discount_minor,
        currency="EUR",
        occurred_at=factories.NOW,
        recorded_at=factories.NOW,
    )


def _attempt(campaign_id: int, n: int, attempt: int, outcome: str, route_id: int) -> Attempt:
    return Attempt(
        campaign_id=campaign_id,
        n=n,
        part=1,
        attempt=attempt,
        parts=1,
        route_id=route_id,
        worker="somebody",
        outcome=outcome,
        occurred_at=factories.NOW,
        recorded_at=factories.NOW,
    )


def test_every_key_of_a_campaign_keyed_table_holds_campaign_id() -> None:
    for model in models.CAMPAIGN_KEYED:
        table = SQLModel.metadata.tables[str(model.__tablename__)]
        assert next(iter(table.primary_key.columns)).name == "campaign_id", table.name
        uniques = [c for c in table.constraints if type(c).__name__ == "UniqueConstraint"]
        uniques += [index for index in table.indexes if index.unique]
        for constraint in [*uniques, *table.foreign_key_constraints]:
            assert "campaign_id" in [column.name for column in constraint.columns], f"{table.name}: {constraint}"


def test_every_table_with_campaign_and_number_of_a_message_as_key_is_listed_as_campaign_keyed() -> None:
    listed = {str(model.__tablename__) for model in models.CAMPAIGN_KEYED}
    for table in SQLModel.metadata.tables.values():
        if "campaign_id" in [column.name for column in table.primary_key.columns]:
            assert table.name in listed
