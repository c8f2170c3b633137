"""Commands on their way to a backend, and what became of them."""

import sqlalchemy as sa

from adapter.store.tables.base import metadata
from adapter.store.types import JsonText, UtcTime, long_text, short_text

# One row a command that must not be carried out twice, written before it is sent. `reference` is
# the one that the backend is given. `state`: `queued` (answered already, sent by the worker),
# `open` until `deadline_at` at most, then one of the four ends (`done`, `refused`, `not_sent`,
# `unknown`), or `dropped` by the operator. `began_at` and `ended_at` are of the account's clock,
# `deadline_at` is real time: moving a sandbox's clock must not end what is on its way. `request`
# is the canonical command, `sent` the call as the caller wrote it, without credentials; once it
# has ended, `sent` and secrets are gone. `result` is the canonical result of a `done` attempt, and
# of a `queued` one what its caller was answered. `sends` counts how often bytes may have left.
# `idempotency_key` is the claim on the deed, which one row of a credential has: `key:` and the
# caller's own key, or `same:` and the fingerprint; NULL once it is released. Rows of the backend
# `store` are replies that the built-in store keeps: `done` from the start, until `deadline_at` by
# the account's clock.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("reference", short_text(64), primary_key=True),
    sa.Column("credential", short_text(64), nullable=False),
    sa.Column("command", short_text(64), nullable=False),
    sa.Column("fingerprint", short_text(64), nullable=False),
    sa.Column("idempotency_key", short_text(255)),
    sa.Column("backend", short_text(64), nullable=False),
    sa.Column("proof", short_text(16), nullable=False),
    sa.Column("state", short_text(16), nullable=False),
    sa.Column("sends", sa.Integer, nullable=False, server_default="0"),
    sa.Column("began_at", UtcTime, nullable=False),
    sa.Column("deadline_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("request_id", short_text(64), nullable=False),
    sa.Column("request", JsonText, nullable=False),
    sa.Column("sent", JsonText),
    sa.Column("result", JsonText),
    sa.Column("error_code", short_text(64)),
    sa.Column("error_text", long_text()),
    sa.Column("resolved_by", short_text(64)),
    sa.UniqueConstraint("credential", "idempotency_key", name="uq_attempts_key"),
    sa.Index("ix_attempts_fingerprint", "credential", "fingerprint", "began_at"),
    sa.Index("ix_attempts_state", "state", "deadline_at"),
)

# Whether a backend elsewhere is asked at all, for all processes. `failures` in a row; `opened_at`
# while it is not.
breakers = sa.Table(
    "breakers",
    metadata,
    sa.Column("backend", short_text(64), primary_key=True),
    sa.Column("state", short_text(16), nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("opened_at", UtcTime),
)

# How many calls were made in the present window of a limit, for all processes.
call_counts = sa.Table(
    "call_counts",
    metadata,
    sa.Column("name", short_text(255), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
)
