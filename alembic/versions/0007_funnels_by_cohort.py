"""Counters by cohort and by what messages have in common, the window of attribution, the device of the first click

Revision: 0007, after 0006. The counters are counted anew by `linksvc.migrations.migrate` once it is done.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

ABOUT_MONEY = sa.text("kind IN ('redeemed', 'returned', 'voided', 'paid')")
ABOUT_REDEMPTIONS = sa.text("kind IN ('redeemed', 'voided')")

FIRST_CLICK = """
    UPDATE message SET {column} = coalesce((
        SELECT hit.{column} FROM hit WHERE hit.campaign_id = message.campaign_id AND hit.n = message.n
            AND hit.verdict = 'human' AND hit.occurred_at = message.clicked_at
        ORDER BY hit.segment, hit.position LIMIT 1
    ), '') WHERE clicked_at IS NOT NULL
"""


def upgrade() -> None:
    for table, column in _new_columns():
        op.add_column(table, column)
    _fill_in()
    op.drop_index("ix_fact_redemption", "fact")
    columns = ["campaign_id", "n"]
    op.create_index("ix_fact_money", "fact", columns, sqlite_where=ABOUT_MONEY, postgresql_where=ABOUT_MONEY)
    op.drop_table("funnel_count")
    _make_counters(
        "funnel_count",
        sa.Column("by", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("cohort", MOMENT, nullable=False),
    )
    _make_counters("timeline_count", sa.Column("bucket", MOMENT, nullable=False))


def downgrade() -> None:
    op.drop_table("timeline_count")
    op.drop_table("funnel_count")
    _make_counters(
        "funnel_count",
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("route_id", BIG, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("bucket", MOMENT, nullable=False),
    )
    op.drop_index("ix_fact_money", "fact")
    columns = ["campaign_id", "n"]
    op.create_index(
        "ix_fact_redemption", "fact", columns, sqlite_where=ABOUT_REDEMPTIONS, postgresql_where=ABOUT_REDEMPTIONS
    )
    for table, column in _new_columns():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column.name}")


def _new_columns() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("campaign", sa.Column("attribution_days", sa.Integer(), nullable=False, server_default="7")),
        ("message", sa.Column("segment_id", BIG, nullable=False, server_default="0")),
        ("message", sa.Column("device", TEXT, nullable=False, server_default="")),
        ("message", sa.Column("os", TEXT, nullable=False, server_default="")),
        ("message", sa.Column("click_hour", sa.Integer(), nullable=False, server_default="-1")),
        ("message", sa.Column("has_occurrences", sa.Boolean(), nullable=False, server_default=sa.false())),
        ("message", sa.Column("window_ends_at", MOMENT, nullable=True)),
    )


def _fill_in() -> None:
    """What is known of the messages that are there."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    # As the driver writes moments: with microseconds.
    shifted = "datetime(submitted_at, '+7 days') || substr(submitted_at, 20)"
    ends_at = shifted if on_sqlite else "submitted_at + interval '7 days'"
    op.execute(f"UPDATE message SET window_ends_at = {ends_at} WHERE submitted_at IS NOT NULL")  # noqa: S608
    for column in ("device", "os"):
        op.execute(FIRST_CLICK.format(column=column))
    op.execute(f"""
        UPDATE message SET has_occurrences = {"1" if on_sqlite else "true"}
        WHERE clicked_at IS NOT NULL OR suspect_at IS NOT NULL OR machine_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM fact WHERE fact.campaign_id = message.campaign_id AND fact.n = message.n
                AND fact.{ABOUT_MONEY.text} AND fact.applied_at IS NOT NULL
        )
    """)  # noqa: S608


def _make_counters(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("campaign_id", BIG, nullable=False),
        *columns,
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", *(column.name for column in columns), "stage", "currency"),
        sqlite_with_rowid=False,
    )
