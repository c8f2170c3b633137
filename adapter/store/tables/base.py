"""What all tables share: the metadata and recurring groups of columns."""

from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, MetaData, SmallInteger, false

from adapter.store.types import MoneyAmount, RowId, UtcTime, long_text, short_text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

MODULE = 64  # system names of payment methods, modules and registrars
NAME = 255


def row_id() -> Column[int]:
    """Return an automatic primary key; ids are never given twice."""
    return Column("id", RowId, primary_key=True, autoincrement=True)


def text(name: str, length: int = NAME) -> Column[str]:
    """Return a text column that is never null; blank by default."""
    return Column(name, short_text(length), nullable=False, default="", server_default="")


def notes(name: str = "notes") -> Column[str]:
    """Return a long text column that is never null."""
    return Column(name, long_text(), nullable=False, default="")


def flag(name: str) -> Column[bool]:
    """Return a boolean column that is never null; false by default."""
    return Column(name, Boolean, nullable=False, default=False, server_default=false())


def number(name: str, default: int = 0) -> Column[int]:
    """Return an integer column that is never null."""
    return Column(name, Integer, nullable=False, default=default, server_default=str(default))


def money(name: str) -> Column[int]:
    """Return an amount in hundredths that is never null."""
    return Column(name, MoneyAmount, nullable=False, default=0, server_default="0")


def promotion_columns() -> list[Column[Any]]:
    """Return the columns of an item that can carry a promotion.

    Amounts are stored net of it; the discounts are what they were reduced by, so that an invoice
    can show the price before the promotion, and go back to it when its uses are spent.
    """
    return [
        Column("promotion_id", RowId, nullable=False, default=0),
        number("promotion_uses"),
        money("first_discount"),
        money("recurring_discount"),
    ]


def schedule_columns() -> list[Column[Any]]:
    """Return the columns that make a row a billable.

    `next_due_on` waits for payment; `next_invoice_on` is the run's queue: the due date of the
    next period to invoice, NULL when nothing can be billed. `last_issued_on` is the account day
    of the latest document (at most one period a day under `one_per_day`). `owner` and `fence`
    say who may generate. `anchor_day` restores a day that month ends clamped. A schedule that the
    operator `paused` or `ended` bills nothing; `ended` also says that a recurring invoice has
    reached its limit.
    """
    return [
        Column("next_due_on", Date),
        Column("next_invoice_on", Date),
        Column("last_issued_on", Date),
        number("generation_count"),
        Column("anchor_day", SmallInteger),
        Column("catch_up", short_text(16)),
        Column("parked_reason", short_text(NAME)),
        Column("parked_at", UtcTime),
        flag("paused"),
        flag("ended"),
        Column(
            "owner", short_text(16), nullable=False, default="gateway", server_default="gateway"
        ),
        number("fence"),
        Column("created_at", UtcTime, nullable=False),
    ]
