"""Attempts and SMSC ids without foreign keys: who marks a message has claimed it, and a route is never deleted

On PostgreSQL the keys asked for each part's message, campaign and route alone and locked them: a quarter of what a part cost
the database.

Revision: 0009, after 0008
"""

from contextlib import AbstractContextManager

from alembic import op
from alembic.operations import BatchOperations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEYS = {
    "attempt": {
        "attempt_campaign_id_n_fkey": ("message", ["campaign_id", "n"], ["campaign_id", "n"]),
        "attempt_campaign_id_fkey": ("campaign", ["campaign_id"], ["id"]),
    },
    "smsc_id": {"smsc_id_route_id_fkey": ("route", ["route_id"], ["id"])},
}


def upgrade() -> None:
    for name, keys in KEYS.items():
        with _table(name) as table:
            for key in keys:
                table.drop_constraint(key, type_="foreignkey")


def downgrade() -> None:
    for name, keys in KEYS.items():
        with _table(name) as table:
            for key, (other, columns, others) in keys.items():
                table.create_foreign_key(key, other, columns, others)


def _table(name: str) -> AbstractContextManager[BatchOperations]:
    """SQLite writes the table anew, for it drops no constraint; its keys have no name, and are found by PostgreSQL's."""
    return op.batch_alter_table(
        name,
        table_kwargs={"sqlite_with_rowid": False},
        naming_convention={"fk": "%(table_name)s_%(column_0_N_name)s_fkey"},
    )
