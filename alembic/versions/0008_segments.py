"""Frozen segments, campaigns that are sent to them, and campaigns that follow others up

Revision: 0008, after 0007
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.add_column("campaign", sa.Column("parent_id", BIG, nullable=True))
    op.add_column("campaign", sa.Column("leave_out", TEXT, nullable=False, server_default=""))
    op.create_table(
        "segment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("filter", TEXT, nullable=False),
        sa.Column("messages", BIG, nullable=False),
        sa.Column("contacts", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_segment_name", "segment", ["workspace_id", "name"], unique=True)
    op.create_table(
        "segment_member",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("segment_id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "segment_id", "contact_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_segment",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("segment_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "place"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaign_segment_segment", "campaign_segment", ["segment_id"])


def downgrade() -> None:
    op.drop_table("campaign_segment")
    op.drop_table("segment_member")
    op.drop_table("segment")
    op.drop_column("campaign", "leave_out")
    op.drop_column("campaign", "parent_id")
