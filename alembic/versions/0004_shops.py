"""Shops: limits of offers, holds, redemptions as rows; stores, devices, twins for test keys; webhooks

Revision: 0004, after 0003
"""

from collections.abc import Iterator

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

NEW_TABLES = (
    "till_device",
    "store",
    "offer_shop",
    "offer_budget",
    "contact_use",
    "code_import",
    "code_hold",
    "redemption",
    "webhook_attempt",
    "webhook_delivery",
    "webhook_event",
    "webhook_endpoint",
)


def upgrade() -> None:
    for table, column in _new_columns():
        op.add_column(table, column)
    _let_codes_be_held()
    _make_tables_of_offers()
    _make_tables_of_uses()
    _make_tables_of_shops()
    _make_tables_of_webhooks()
    for name, table, columns, condition in _NEW_INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns, unique=name.startswith("ux_"), sqlite_where=where, postgresql_where=where)
    _let_offers_keep_what_they_allowed()
    _make_rows_of_redemptions()


def _new_columns() -> Iterator[tuple[str, sa.Column[object]]]:
    for table, name, default in _TEXTS:
        yield table, sa.Column(name, TEXT, nullable=False, server_default=default)
    for table, name in _NUMBERS:
        yield table, sa.Column(name, sa.Integer(), nullable=False, server_default="0")
    for table, name in _BIG_NUMBERS:
        yield table, sa.Column(name, BIG, nullable=False, server_default="0")
    for table, name in (("api_key", "store_id"), ("workspace", "sandbox_of")):
        yield table, sa.Column(name, BIG, nullable=True)
    for table, name in (("api_key", "sandbox"), ("offer", "stackable")):
        yield table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
    yield "offer", sa.Column("withdrawn_at", MOMENT, nullable=True)


_TEXTS = (
    ("code_ledger", "redemption_id", ""),
    ("code_ledger", "hold_id", ""),
    ("offer", "gift", ""),
    ("offer", "timezone", "UTC"),
    ("offer", "shared_code", ""),
    ("campaign", "code_source", "generated"),
)

_NUMBERS = (
    ("code_ledger", "used_step"),
    ("code_ledger", "held_step"),
    ("offer", "uses_per_contact"),
    ("offer", "days_after_delivery"),
)

_BIG_NUMBERS = (
    ("code_ledger", "amount_minor"),
    ("offer", "cap_minor"),
    ("offer", "uses_in_all"),
    ("offer", "budget_minor"),
)

_NEW_INDEXES = (
    ("ux_workspace_sandbox", "workspace", ["sandbox_of"], ""),
    ("ix_till_device_shop", "till_device", ["workspace_id", "shop_id"], ""),
    ("ix_idempotency_record_time", "idempotency_record", ["created_at"], ""),
    ("ix_fact_redemption", "fact", ["campaign_id", "n"], "kind IN ('redeemed', 'voided')"),
    ("ux_code_hold_key", "code_hold", ["workspace_id", "code", "shop_id", "key"], "state = 'held'"),
    (
        "ix_promo_code_undealt",
        "promo_code",
        ["workspace_id", "offer_id", "import_id", "code"],
        "import_id IS NOT NULL AND campaign_id IS NULL",
    ),
    ("ix_code_import_offer", "code_import", ["workspace_id", "offer_id"], ""),
    ("ix_code_hold_id", "code_hold", ["workspace_id", "id"], ""),
    ("ix_code_hold_live", "code_hold", ["expires_at"], "state = 'held'"),
    (
        "ux_redemption_order",
        "redemption",
        ["workspace_id", "code", "shop_id", "order_ref"],
        "voided_at IS NULL AND NOT accepted_duplicate",
    ),
    ("ix_redemption_id", "redemption", ["workspace_id", "id"], ""),
    ("ix_redemption_order_ref", "redemption", ["workspace_id", "shop_id", "order_ref"], ""),
    ("ix_redemption_shop_time", "redemption", ["workspace_id", "shop_id", "recorded_at", "id"], ""),
    ("ix_redemption_time", "redemption", ["workspace_id", "recorded_at", "id"], ""),
    ("ix_code_ledger_refused", "code_ledger", ["workspace_id", "shop_id", "recorded_at"], "action = 'refused'"),
    ("ix_webhook_event_time", "webhook_event", ["recorded_at"], ""),
    ("ix_webhook_delivery_due", "webhook_delivery", ["workspace_id", "endpoint_id", "next_at"], "state = 'pending'"),
    ("ix_webhook_delivery_failed", "webhook_delivery", ["workspace_id", "endpoint_id", "recorded_at"], "state = 'failed'"),
    ("ix_webhook_delivery_log", "webhook_delivery", ["workspace_id", "endpoint_id", "recorded_at", "event_id"], ""),
    ("ux_webhook_endpoint_shop", "webhook_endpoint", ["workspace_id", "shop_id", "url"], ""),
    ("ux_webhook_endpoint_url", "webhook_endpoint", ["workspace_id", "url"], "shop_id IS NULL"),
)


def _let_codes_be_held() -> None:
    """SQLite takes no constraint into a table that is there: it is written anew. No other table refers to it."""
    with op.batch_alter_table("promo_code", table_kwargs={"sqlite_with_rowid": False}) as promo_code:
        promo_code.add_column(sa.Column("source", TEXT, nullable=False, server_default="generated"))
        promo_code.add_column(sa.Column("import_id", BIG, nullable=True))
        promo_code.add_column(sa.Column("written", TEXT, nullable=False, server_default=""))
        promo_code.add_column(sa.Column("held", sa.Integer(), nullable=False, server_default="0"))
        promo_code.create_check_constraint("ck_promo_code_uses", "used >= 0 AND held >= 0")


def _make_tables_of_offers() -> None:
    op.create_table(
        "code_import",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("file_name", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "offer_shop",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("offer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("shop_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"]),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "offer_id", "shop_id"),
    )
    op.create_table(
        "offer_budget",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("offer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("shard", BIG, autoincrement=False, nullable=False),
        sa.Column("uses_left", BIG, nullable=False),
        sa.Column("minor_left", BIG, nullable=False),
        sa.CheckConstraint("uses_left >= 0 AND minor_left >= 0", name="ck_offer_budget_left"),
        sa.PrimaryKeyConstraint("workspace_id", "offer_id", "shard"),
    )
    op.create_table(
        "contact_use",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("offer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name="ck_contact_use_used"),
        sa.PrimaryKeyConstraint("workspace_id", "offer_id", "subject"),
    )


def _make_tables_of_uses() -> None:
    op.create_table(
        "code_hold",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("shop_id", BIG, nullable=False),
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("order_ref", TEXT, nullable=False),
        sa.Column("order_minor", BIG, nullable=False),
        sa.Column("discount_minor", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("customer_ref", TEXT, nullable=False),
        sa.Column("budget_uses", sa.Integer(), nullable=False),
        sa.Column("budget_minor", BIG, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "code", "id"),
    )
    op.create_table(
        "redemption",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("shop_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=True),
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("order_ref", TEXT, nullable=False),
        sa.Column("order_minor", BIG, nullable=False),
        sa.Column("discount_minor", BIG, nullable=False),
        sa.Column("paid_minor", BIG, nullable=False),
        sa.Column("returned_minor", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("customer_ref", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("campaign_id", BIG, nullable=True),
        sa.Column("n", BIG, nullable=True),
        sa.Column("hold_id", TEXT, nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("accepted_duplicate", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "code", "id"),
    )


def _make_tables_of_shops() -> None:
    op.create_table(
        "store",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("shop_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workspace_id", "shop_id", "name"),
    )
    op.create_table(
        "till_device",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop_id", BIG, nullable=False),
        sa.Column("store_id", BIG, nullable=True),
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("pin_hash", TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"]),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"]),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("token_hash"),
    )


def _make_tables_of_webhooks() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop_id", BIG, nullable=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("events", TEXT, nullable=False),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("secret_key", sa.Integer(), nullable=False),
        sa.Column("previous_key", sa.Integer(), nullable=False),
        sa.Column("previous_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_table(
        "webhook_event",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("endpoint_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=False),
        sa.Column("last_error", TEXT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "event_id", "endpoint_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("endpoint_id", TEXT, nullable=False),
        sa.Column("attempt", BIG, autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("attempted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "event_id", "endpoint_id", "attempt"),
        sqlite_with_rowid=False,
    )


def _let_offers_keep_what_they_allowed() -> None:
    """Codes of the offers that are there could be used together on an order; their days were the workspace's."""
    op.execute(
        "UPDATE offer SET stackable = true, "
        "timezone = (SELECT workspace.timezone FROM workspace WHERE workspace.id = offer.workspace_id)"
    )


def _make_rows_of_redemptions() -> None:
    op.execute("""
        INSERT INTO redemption (
            workspace_id, code, id, offer_id, shop_id, key_id, order_ref, order_minor, discount_minor, paid_minor,
            returned_minor, currency, customer_ref, subject, campaign_id, n, hold_id, offline, accepted_duplicate,
            occurred_at, recorded_at
        )
        SELECT entry.workspace_id, entry.code, entry.id, promo_code.offer_id, entry.shop_id, entry.key_id, entry.order_ref,
               entry.order_minor, entry.discount_minor, entry.order_minor - entry.discount_minor, 0, entry.currency, '', '',
               promo_code.campaign_id, promo_code.n, '', false, false, entry.occurred_at, entry.recorded_at
        FROM code_ledger AS entry
        JOIN promo_code ON promo_code.workspace_id = entry.workspace_id AND promo_code.code = entry.code
        WHERE entry.action = 'redeemed'
    """)
    op.execute("UPDATE code_ledger SET redemption_id = id, used_step = 1 WHERE action = 'redeemed'")


def downgrade() -> None:
    """What the former version has no word for is forgotten: holds, returns, voids. A voided redemption never was, and
    `ricochet counters rebuild` takes it out of the figures."""
    op.execute("""
        DELETE FROM code_ledger WHERE action NOT IN ('redeemed', 'refused') OR redemption_id IN (
            SELECT redemption.id FROM redemption
            WHERE redemption.workspace_id = code_ledger.workspace_id AND redemption.code = code_ledger.code
                AND (redemption.voided_at IS NOT NULL OR redemption.accepted_duplicate)
        )
    """)
    op.execute("UPDATE code_ledger SET id = redemption_id WHERE action = 'redeemed'")
    op.execute("""
        DELETE FROM fact WHERE kind = 'redeemed' AND EXISTS (
            SELECT 1 FROM fact AS voided WHERE voided.campaign_id = fact.campaign_id AND voided.kind = 'voided'
                AND voided.source = fact.source
        )
    """)
    op.execute("DELETE FROM fact WHERE kind IN ('returned', 'voided')")
    op.execute("DELETE FROM funnel_count WHERE stage IN ('return', 'void')")
    for name, table, _, _ in _NEW_INDEXES:
        op.drop_index(name, table)
    for table in NEW_TABLES:
        op.drop_table(table)
    with op.batch_alter_table("promo_code", table_kwargs={"sqlite_with_rowid": False}) as promo_code:
        promo_code.drop_constraint("ck_promo_code_uses", type_="check")
        promo_code.drop_column("held")
        promo_code.drop_column("written")
        promo_code.drop_column("import_id")
        promo_code.drop_column("source")
    for table, column in _new_columns():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column.name}")
