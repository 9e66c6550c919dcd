"""links with terms, domains, verdicts that can change

Revision: 0002, after 0001
"""

from contextlib import AbstractContextManager

import sqlalchemy as sa
import sqlmodel
from alembic import op
from alembic.operations import BatchOperations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    _let_facts_vouch_for_hits()
    op.create_table(
        "short_domain",
        sa.Column("host", TEXT, nullable=False),
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("short_url", TEXT, nullable=False),
        sa.Column("preferred", sa.Boolean(), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"]),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_index("ix_short_domain_revision", "short_domain", ["revision"])
    op.create_index("ix_short_domain_workspace", "short_domain", ["workspace_id"])
    op.create_table(
        "judgement_due",
        sa.Column("campaign_id", BIG, autoincrement=False, nullable=False),
        sa.Column("minute", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id", "minute"),
    )
    op.create_index("ix_judgement_due", "judgement_due", ["due_at"])
    op.add_column("fact", sa.Column("rules", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("serial_block", sa.Column("key_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_serial_block_link", "serial_block", ["campaign_id", "link_id"])
    _let_hits_say_their_verdict()
    _let_links_have_terms()


def _let_facts_vouch_for_hits() -> None:
    """A hit is stored with its fact, whose message is checked, and the campaign with the message: checking each of them for
    the hit again, and the campaign for both, took more than half of the time that PostgreSQL needed to store a hit. And
    SQLite keeps a hit's wide row apart from its key: rows at the end of a table cost less than rows within it."""
    op.drop_index("ix_fact_message", "fact")
    with _rebuilt("hit", with_rowid=True) as hit:
        hit.drop_constraint(_key("hit", "campaign_id_n"), type_="foreignkey")
        hit.drop_constraint(_key("hit", "campaign_id"), type_="foreignkey")
    with _rebuilt("fact") as fact:
        fact.drop_constraint(_key("fact", "campaign_id"), type_="foreignkey")


def _rebuilt(table: str, with_rowid: bool = False) -> AbstractContextManager[BatchOperations]:
    """SQLite drops no constraint: the table is written anew. Its foreign keys have no names, so they are named first."""
    return op.batch_alter_table(
        table,
        naming_convention={"fk": "%(table_name)s_%(column_0_N_name)s_fkey"},
        table_kwargs={"sqlite_with_rowid": with_rowid},
    )


def _key(table: str, columns: str) -> str:
    """What PostgreSQL calls a foreign key of that table."""
    return f"{table}_{columns}_fkey"


def _let_hits_say_their_verdict() -> None:
    """A hit's first fact was named after the rules that judged it; it is named after the hit now, so that a hit told again
    under newer rules is still the same."""
    op.add_column("hit", sa.Column("outcome", TEXT, nullable=False, server_default="redirected"))
    op.add_column("hit", sa.Column("verdict", TEXT, nullable=False, server_default=""))
    op.add_column("hit", sa.Column("reason", TEXT, nullable=False, server_default=""))
    op.add_column("hit", sa.Column("rules", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("hit", sa.Column("judged", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_hit_time", "hit", ["campaign_id", "occurred_at"])
    op.create_index(
        "ix_hit_link",
        "hit",
        ["campaign_id", "link_id", "occurred_at", "segment", "position", "verdict", "n"],
        sqlite_where=sa.text("n IS NULL"),
        postgresql_where=sa.text("n IS NULL"),
    )
    op.execute("UPDATE fact SET source = substr(source, 1, length(source) - 2), rules = 1 WHERE kind = 'hit'")
    for name, column in (("verdict", "value"), ("reason", "detail")):
        op.execute(
            f"UPDATE hit SET {name} = coalesce((SELECT {column} FROM fact WHERE fact.campaign_id = hit.campaign_id "  # noqa: S608
            "AND fact.kind = 'hit' AND fact.source = hit.segment || '\\:' || hit.position), '')"
        )


def _let_links_have_terms() -> None:
    """A campaign's destination moves to its link, which is there from the draft on."""
    op.add_column("link", sa.Column("workspace_id", BIG, nullable=False, server_default="0"))
    for name, default in (("title", ""), ("short_url", ""), ("fallback_url", ""), ("passed_parameters", ""), ("utm", "{}")):
        op.add_column("link", sa.Column(name, TEXT, nullable=False, server_default=default))
    for name in ("activates_at", "expires_at", "updated_at"):
        op.add_column("link", sa.Column(name, MOMENT, nullable=True))
    op.add_column("link", sa.Column("revision", BIG, nullable=False, server_default="0"))
    op.create_index("ix_link_revision", "link", ["revision"])
    op.execute(
        "INSERT INTO link (campaign_id, id, destination_url, created_at) SELECT id, 1, destination_url, created_at "
        "FROM campaign WHERE destination_url <> '' AND NOT EXISTS (SELECT 1 FROM link WHERE link.campaign_id = campaign.id)"
    )
    op.execute(
        "UPDATE link SET updated_at = created_at, revision = 1, "
        "workspace_id = (SELECT workspace_id FROM campaign WHERE campaign.id = link.campaign_id)"
    )
    op.execute("INSERT INTO serial_counter (name, next_serial) VALUES ('link_revision', 2)")
    op.execute("ALTER TABLE campaign DROP COLUMN destination_url")


def downgrade() -> None:
    op.add_column("campaign", sa.Column("destination_url", TEXT, nullable=False, server_default=""))
    op.execute(
        "UPDATE campaign SET destination_url = coalesce((SELECT destination_url FROM link "
        "WHERE link.campaign_id = campaign.id AND link.id = 1), '')"
    )
    op.execute("DELETE FROM serial_counter WHERE name = 'link_revision'")
    op.drop_index("ix_link_revision", "link")
    for name in [
        "workspace_id",
        "title",
        "short_url",
        "activates_at",
        "expires_at",
        "fallback_url",
        "passed_parameters",
        "utm",
        "revision",
        "updated_at",
    ]:
        op.execute(f"ALTER TABLE link DROP COLUMN {name}")
    op.execute("UPDATE fact SET source = source || '\\:1' WHERE kind = 'hit'")
    op.execute("DELETE FROM fact WHERE kind IN ('verdict', 'interaction')")
    op.drop_index("ix_hit_link", "hit")
    op.drop_index("ix_hit_time", "hit")
    for name in ("outcome", "verdict", "reason", "rules", "judged"):
        op.execute(f"ALTER TABLE hit DROP COLUMN {name}")
    op.drop_index("ix_serial_block_link", "serial_block")
    op.execute("ALTER TABLE serial_block DROP COLUMN key_version")
    op.execute("ALTER TABLE fact DROP COLUMN rules")
    op.drop_table("judgement_due")
    op.drop_table("short_domain")
    with _rebuilt("fact") as fact:
        fact.create_foreign_key(_key("fact", "campaign_id"), "campaign", ["campaign_id"], ["id"])
    with _rebuilt("hit") as hit:
        hit.create_foreign_key(_key("hit", "campaign_id"), "campaign", ["campaign_id"], ["id"])
        hit.create_foreign_key(_key("hit", "campaign_id_n"), "message", ["campaign_id", "n"], ["campaign_id", "n"])
    op.create_index("ix_fact_message", "fact", ["campaign_id", "n"])
