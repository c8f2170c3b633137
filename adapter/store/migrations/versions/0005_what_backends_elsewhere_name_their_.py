"""What backends elsewhere name their records by.

Revision 0005.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backend_ids",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("backend", types.short_text(64), nullable=False),
        sa.Column("noun", types.short_text(32), nullable=False),
        sa.Column("remote", types.short_text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backend_ids")),
        sa.UniqueConstraint("backend", "noun", "remote", name="uq_backend_ids_remote"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("backend_ids")
