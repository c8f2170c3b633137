"""What was asked of the gateway, and how it answered."""

import sqlalchemy as sa

from adapter.store.tables.base import NAME, metadata, number, row_id, text
from adapter.store.types import UtcTime, long_text, short_text

# One row a request of an admitted caller, the oldest ones given up first. `received_at` is real
# time, whatever the account's clock says: it is looked for beside the logs of the caller. `asked`
# is the canonical command without secrets, or what of the call could be read where none came of
# it. `outcome` is `ok`, `passed` or the error's code, `message` the error's text, `told` the
# canonical result; both are JSON text of bounded length. Ids of requests may be the choice of a
# trusted proxy, so they may repeat.
requests = sa.Table(
    "requests",
    metadata,
    row_id(),
    sa.Column("request_id", short_text(64), nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("credential", short_text(NAME), nullable=False),
    text("protocol", 32),
    text("action", 64),
    text("command", 64),
    sa.Column("asked", long_text()),
    text("outcome", 64),
    sa.Column("message", long_text()),
    sa.Column("told", long_text()),
    number("status"),
    number("milliseconds"),
    sa.Index("ix_requests_request_id", "request_id"),
)
