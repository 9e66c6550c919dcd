"""Landing pages, what happens on them, and payments

Revision: 0006, after 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

NEW_TABLES = (
    "payment_callback",
    "payment",
    "payment_provider",
    "message_text",
    "survey_count",
    "survey_answer",
    "prize_words",
    "prize_draw",
    "prize_stock",
    "page_event",
    "picture",
    "landing_page",
)

NEW_INDEXES = (
    ("ix_page_event_message", "page_event", ["campaign_id", "n"], False),
    ("ix_landing_page_revision", "landing_page", ["revision"], False),
    ("ix_picture_time", "picture", ["workspace_id", "created_at", "digest"], False),
    ("ix_landing_page_workspace", "landing_page", ["workspace_id"], False),
    ("ix_payment_expiry", "payment", ["state", "expires_at"], False),
    ("ix_payment_time", "payment", ["workspace_id", "created_at", "id"], False),
    ("ix_payment_state", "payment", ["workspace_id", "state", "created_at", "id"], False),
    ("ux_payment_provider_name", "payment_provider", ["workspace_id", "name"], True),
    ("ix_payment_provider_id", "payment_provider", ["id"], False),
    ("ix_payment_message", "payment", ["campaign_id", "n"], False),
    ("ix_payment_provider_ref", "payment", ["workspace_id", "provider_id", "provider_ref"], True),
    ("ix_survey_answer_time", "survey_answer", ["campaign_id", "block", "answered_at", "n"], False),
)


def upgrade() -> None:
    for table, column in _new_columns():
        op.add_column(table, column)
    _count_generated()
    _make_tables_of_pages()
    _make_tables_of_messages()
    _make_tables_of_payments()
    for name, table, columns, unique in NEW_INDEXES:
        op.create_index(name, table, columns, unique=unique)
    claimed = sa.text("name = 'conversion'")
    columns = ["campaign_id", "occurred_at", "segment", "position", "number"]
    op.create_index("ix_page_event_conversion", "page_event", columns, sqlite_where=claimed, postgresql_where=claimed)
    told = sa.text("external_id <> ''")
    columns = ["workspace_id", "external_id"]
    op.create_index("ix_contact_external_id", "contact", columns, sqlite_where=told, postgresql_where=told)


def _new_columns() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("contact", sa.Column("language", TEXT, nullable=False, server_default="")),
        ("link", sa.Column("closed", TEXT, nullable=False, server_default="")),
        ("link", sa.Column("page_id", BIG, nullable=True)),
        ("link", sa.Column("snippet_origins", TEXT, nullable=False, server_default="")),
        ("message", sa.Column("engaged_at", MOMENT, nullable=True)),
        ("message", sa.Column("paid_at", MOMENT, nullable=True)),
        ("offer", sa.Column("generated", BIG, nullable=False, server_default="0")),
    )


def _count_generated() -> None:
    """The codes that offers have for no message."""
    op.execute(
        "UPDATE offer SET generated = made.codes FROM (SELECT offer_id, count(*) AS codes FROM promo_code "
        "WHERE source = 'generated' AND campaign_id IS NULL GROUP BY offer_id) AS made WHERE made.offer_id = offer.id"
    )


def _make_tables_of_pages() -> None:
    op.create_table(
        "landing_page",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("draft", TEXT, nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("published", TEXT, nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "picture",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "digest"),
    )


def _make_tables_of_messages() -> None:
    op.create_table(
        "page_event",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("segment", TEXT, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("link_id", BIG, nullable=False),
        sa.Column("page_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.Column("order_ref", TEXT, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "segment", "position", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "prize_stock",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("prize", TEXT, nullable=False),
        sa.Column("drawn", BIG, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "block", "prize"),
    )
    op.create_table(
        "prize_draw",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("prize", TEXT, nullable=False),
        sa.Column("page_id", BIG, nullable=False),
        sa.Column("page_version", sa.Integer(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id", "n"], ["message.campaign_id", "message.n"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "n", "block"),
    )
    op.create_table(
        "survey_answer",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("page_id", BIG, nullable=False),
        sa.Column("page_version", sa.Integer(), nullable=False),
        sa.Column("answers", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id", "n"], ["message.campaign_id", "message.n"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "n", "block"),
    )
    op.create_table(
        "prize_words",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("prize", TEXT, nullable=False),
        sa.Column("page_id", BIG, nullable=False),
        sa.Column("page_version", BIG, nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "block", "prize", "page_id", "page_version"),
    )
    op.create_table(
        "survey_count",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("choice", TEXT, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "block", "question", "choice"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_text",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id", "n"], ["message.campaign_id", "message.n"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "n"),
    )


def _make_tables_of_payments() -> None:
    op.create_table(
        "payment_provider",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("previous_secret", TEXT, nullable=False),
        sa.Column("previous_until", MOMENT, nullable=True),
        sa.Column("checkout_url", TEXT, nullable=False),
        sa.Column("checkout_key", TEXT, nullable=False),
        sa.Column("return_url", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_table(
        "payment",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("provider_id", TEXT, nullable=False),
        sa.Column("provider_ref", TEXT, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("destination_url", TEXT, nullable=False),
        sa.Column("confirmation", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_table(
        "payment_callback",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("provider_id", TEXT, nullable=False),
        sa.Column("event_ref", TEXT, nullable=False),
        sa.Column("payment_id", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "provider_id", "event_ref"),
    )


def downgrade() -> None:
    op.drop_index("ix_contact_external_id", "contact")
    for table in NEW_TABLES:
        op.drop_table(table)
    for table, column in _new_columns():
        op.drop_column(table, column.name)
