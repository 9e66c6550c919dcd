"""The index of facts about money names its kinds one by one

SQLite puts a list of more than two into a table of its own and looks there, once for each fact of any kind that is stored: a
quarter of what a hit's fact cost.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ONE_BY_ONE = sa.text("(kind = 'redeemed' OR kind = 'returned' OR kind = 'voided' OR kind = 'paid')")
LISTED = sa.text("kind IN ('redeemed', 'returned', 'voided', 'paid')")


def upgrade() -> None:
    _index(ONE_BY_ONE)


def downgrade() -> None:
    _index(LISTED)


def _index(kinds: sa.TextClause) -> None:
    op.drop_index("ix_fact_money", "fact")
    op.create_index("ix_fact_money", "fact", ["campaign_id", "n"], sqlite_where=kinds, postgresql_where=kinds)
