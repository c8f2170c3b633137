"""Lists are read from indexes alone.

Revision 0013.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_clients_status", table_name="clients", if_exists=True)
    op.create_index(
        "ix_clients_status",
        "clients",
        ["status", "hidden", "id"],
        unique=False,
        if_not_exists=True,
    )
    op.drop_index("ix_documents_client", table_name="documents", if_exists=True)
    op.create_index(
        "ix_documents_client",
        "documents",
        ["client_id", "kind", "hidden", "id", "status"],
        unique=False,
        if_not_exists=True,
    )
    op.drop_index("ix_documents_status", table_name="documents", if_exists=True)
    op.create_index(
        "ix_documents_status",
        "documents",
        ["status", "kind", "hidden", "id", "due_on"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_documents_kind",
        "documents",
        ["kind", "hidden", "id"],
        unique=False,
        if_not_exists=True,
    )
    op.drop_index("ix_orders_status", table_name="orders", if_exists=True)
    op.create_index(
        "ix_orders_status", "orders", ["status", "hidden", "id"], unique=False, if_not_exists=True
    )


def downgrade() -> None:
    op.drop_index("ix_orders_status", table_name="orders")
    op.create_index("ix_orders_status", "orders", ["status"], unique=False)
    op.drop_index("ix_documents_kind", table_name="documents")
    op.drop_index("ix_documents_status", table_name="documents")
    op.create_index("ix_documents_status", "documents", ["status", "due_on"], unique=False)
    op.drop_index("ix_documents_client", table_name="documents")
    op.create_index("ix_documents_client", "documents", ["client_id", "kind"], unique=False)
    op.drop_index("ix_clients_status", table_name="clients")
    op.create_index("ix_clients_status", "clients", ["status"], unique=False)
