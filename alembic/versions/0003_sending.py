"""Sending: routes with several sessions, coverage and prices; batches that wait to leave; schedules, holds, causes, prices

Revision: 0003, after 0002
"""

from collections.abc import Iterator

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()

NEW_TABLES = (
    "bind",
    "route_coverage",
    "route_price",
    "route_error",
    "send_batch",
    "campaign_share",
    "stray_receipt",
    "inbound_part",
    "sent_day",
)


def upgrade() -> None:
    for table, column in _new_columns():
        op.add_column(table, column)
    _make_tables_of_routes()
    _make_tables_of_what_waits()
    _make_tables_of_what_came_in()
    _queue_what_is_left()
    for name in ("claimed_by", "claimed_until"):
        op.execute(f"ALTER TABLE message DROP COLUMN {name}")
    op.drop_index("ix_attempt_open", "attempt")
    open_still = sa.text("outcome IN ('marked', 'retry', 'unknown')")
    op.create_index(
        "ix_attempt_open", "attempt", ["route_id", "outcome"], sqlite_where=open_still, postgresql_where=open_still
    )
    op.create_index(
        "ix_smsc_id_parked",
        "smsc_id",
        ["route_id", "recorded_at"],
        sqlite_where=sa.text("campaign_id IS NULL"),
        postgresql_where=sa.text("campaign_id IS NULL"),
    )


def _new_columns() -> Iterator[tuple[str, sa.Column[object]]]:
    for table, texts in _TEXTS.items():
        for name, default in texts.items():
            yield table, sa.Column(name, TEXT, nullable=False, server_default=default)
    for table, numbers in _NUMBERS.items():
        for name, number in numbers.items():
            yield table, sa.Column(name, sa.Integer(), nullable=False, server_default=str(number))
    for table, name in (("fact", "price_micros"), ("message", "price_micros")):
        yield table, sa.Column(name, BIG, nullable=False, server_default="0")
    for name in ("contact_id", "answer_campaign_id", "answer_n"):
        yield "inbound", sa.Column(name, BIG, nullable=True)
    for name in ("send_at", "expires_at", "paused_at", "cancelled_at"):
        yield "campaign", sa.Column(name, MOMENT, nullable=True)
    for name in ("held_until", "released_until"):
        yield "message", sa.Column(name, MOMENT, nullable=True)
    for name in ("quiet_hours", "quiet_holidays"):
        yield "workspace", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true())
    yield "route", sa.Column("removed_at", MOMENT, nullable=True)
    yield "route", sa.Column("tls", sa.Boolean(), nullable=False, server_default=sa.false())
    yield "inbound", sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.true())


_TEXTS = {
    "campaign": {"send_local": "", "send_timezone": ""},
    "contact": {"network": ""},
    "fact": {"cause": ""},
    "message": {"cause": "", "held_reason": "", "price_currency": ""},
    "route": {
        "system_type": "",
        "bind_type": "transceiver",
        "tls_name": "",
        "alphabet": "gsm",
        "data_codings": "{}",
        "answer_id": "auto",
        "receipt_id": "auto",
        "tlv_id": "auto",
        "receipt_timezone": "UTC",
        "number_country": "",
        "numbering": "{}",
        "long_form": "udh8",
    },
    "smsc_id": {"twin": "", "number": "", "cause": "", "states": ""},
    "workspace": {"stop_reply": "", "help_reply": "", "start_reply": ""},
}

_NUMBERS = {
    "attempt": {"bind": 0},
    "inbound": {"parts": 1},
    "route": {"binds": 1, "max_tries": 10, "max_age_s": 86_400},
    "workspace": {"cap_messages": 0, "cap_days": 0},
}


def _make_tables_of_routes() -> None:
    op.create_table(
        "bind",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("state_at", MOMENT, nullable=True),
        sa.Column("present_rate_milli", BIG, nullable=False),
        sa.Column("accepted", BIG, nullable=False),
        sa.Column("refused", BIG, nullable=False),
        sa.Column("retried", BIG, nullable=False),
        sa.Column("unanswered", BIG, nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "number"),
    )
    op.create_table(
        "route_coverage",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "country", "network"),
    )
    op.create_table(
        "route_price",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("price_micros", BIG, nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "country", "network", "starts_at"),
    )
    op.create_table(
        "route_error",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("wait_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "source", "code"),
    )


def _make_tables_of_what_waits() -> None:
    op.create_table(
        "send_batch",
        sa.Column("campaign_id", BIG, autoincrement=False, nullable=False),
        sa.Column("first_n", BIG, autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("country", TEXT, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("worker", TEXT, nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "first_n"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_send_batch_due", "send_batch", ["campaign_id", "due_at", "first_n"])
    op.create_table(
        "campaign_share",
        sa.Column("campaign_id", BIG, autoincrement=False, nullable=False),
        sa.Column("worker", TEXT, nullable=False),
        sa.Column("rate_milli", BIG, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "worker"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sent_day",
        sa.Column("workspace_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("day", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "number", "day"),
    )


def _make_tables_of_what_came_in() -> None:
    op.create_table(
        "stray_receipt",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "fingerprint"),
    )
    op.create_table(
        "inbound_part",
        sa.Column("route_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("sender", TEXT, nullable=False),
        sa.Column("reference", BIG, autoincrement=False, nullable=False),
        sa.Column("parts", BIG, autoincrement=False, nullable=False),
        sa.Column("part", BIG, autoincrement=False, nullable=False),
        sa.Column("data_coding", sa.Integer(), nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"]),
        sa.PrimaryKeyConstraint("route_id", "number", "sender", "reference", "parts", "part"),
    )
    op.create_index("ix_inbound_part_time", "inbound_part", ["recorded_at"])
    op.create_index("ix_inbound_time", "inbound", ["workspace_id", "occurred_at"])
    op.create_index("ix_reply_inbound", "reply", ["inbound_id"])


def _queue_what_is_left() -> None:
    """A batch for each message that was not handed over, or only in vain. What stands open is settled by the next sender."""
    op.execute("""
        INSERT INTO send_batch (campaign_id, first_n, size, country, network, lane, due_at, reason, worker)
        SELECT message.campaign_id, message.n, 1, message.country, message.network, message.n * 7919 % 10000,
               message.produced_at, '', ''
        FROM message JOIN campaign ON campaign.id = message.campaign_id
        WHERE message.state = 'queued' AND campaign.state IN ('producing', 'sending') AND NOT EXISTS (
            SELECT 1 FROM attempt
            WHERE attempt.campaign_id = message.campaign_id AND attempt.n = message.n AND attempt.outcome <> 'retry'
        )
    """)
    op.execute("""
        UPDATE attempt SET outcome = 'retried' WHERE outcome = 'retry' AND (
            EXISTS (
                SELECT 1 FROM send_batch
                WHERE send_batch.campaign_id = attempt.campaign_id AND send_batch.first_n = attempt.n
            )
            OR EXISTS (
                SELECT 1 FROM attempt AS later
                WHERE later.campaign_id = attempt.campaign_id AND later.n = attempt.n AND later.part = attempt.part
                    AND later.attempt > attempt.attempt
            )
        )
    """)


def downgrade() -> None:
    op.drop_index("ix_attempt_open", "attempt")
    op.create_index("ix_attempt_open", "attempt", ["route_id", "outcome"])
    op.add_column("message", sa.Column("claimed_by", TEXT, nullable=False, server_default=""))
    op.add_column("message", sa.Column("claimed_until", MOMENT, nullable=True))
    op.execute("UPDATE attempt SET outcome = 'retry' WHERE outcome = 'retried'")
    op.execute("UPDATE attempt SET outcome = 'unknown' WHERE outcome = 'resent'")
    op.drop_index("ix_smsc_id_parked", "smsc_id")
    op.drop_index("ix_reply_inbound", "reply")
    op.drop_index("ix_inbound_time", "inbound")
    for table in NEW_TABLES:
        op.drop_table(table)
    for table, column in _new_columns():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column.name}")
