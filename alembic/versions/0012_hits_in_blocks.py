"""A message's hits are found in the blocks of its campaign

The index of hits by message grew at random places: at 600,000 hits it cost ingest on SQLite as much as the rest of a hit's
rows. Hits that are there already are their campaign's first block.

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hit", sa.Column("block", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_hit_message", "hit")
    op.create_index("ix_hit_message", "hit", ["campaign_id", "block", "n"])


def downgrade() -> None:
    op.drop_index("ix_hit_message", "hit")
    op.create_index("ix_hit_message", "hit", ["campaign_id", "n"])
    op.drop_column("hit", "block")
