"""Column types that keep values exact on SQLite, PostgreSQL and MariaDB."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapter.billing.money import MAX_HUNDREDTHS, Money
from adapter.errors import OutOfBounds

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode
# No number of ours is rounded by moving its point.
_UNROUNDED = Context(prec=60)
# MariaDB's default collations ignore case, accents and trailing blanks in comparisons and keys.
EXACT_COLLATION: Final = "utf8mb4_nopad_bin"

# So many values of a column are remembered as they were read.
_KNOWN: Final = 1024

# SQLite makes only INTEGER primary keys the row id.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def short_text(length: int) -> TypeEngine[str]:
    """Return a text type of at most `length` characters that compares exactly everywhere."""
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation=EXACT_COLLATION)
    # PostgreSQL compares exactly anyway; by bytes it also sorts like the others.
    by_bytes = String(length, collation="C")
    return (
        String(length).with_variant(exact, "mysql", "mariadb").with_variant(by_bytes, "postgresql")
    )


def long_text() -> TypeEngine[str]:
    """Return a text type without a practical bound."""
    exact = mysql.MEDIUMTEXT(charset="utf8mb4", collation=EXACT_COLLATION)
    return Text().with_variant(exact, "mysql", "mariadb")


class MoneyAmount(TypeDecorator[int]):
    """Hundredths in a BIGINT. Takes `Money` or hundredths; gives hundredths.

    The row's currency stands in a column of its own, so the reader builds the `Money`.
    Out of range raises `OutOfBounds`.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        if value is None:
            return None
        hundredths = value.hundredths if isinstance(value, Money) else value
        if not -MAX_HUNDREDTHS <= hundredths <= MAX_HUNDREDTHS:
            raise OutOfBounds(f"The amount is beyond {MAX_HUNDREDTHS // 100}.00")
        return hundredths


class Scaled(TypeDecorator[Decimal]):
    """A decimal with `places` decimals in a BIGINT. More decimals than that raise `ValueError`."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002, D102
        if value is None:
            return None
        scaled = value.scaleb(self.places, _UNROUNDED)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} decimals")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002, D102
        return None if value is None else Decimal(value).scaleb(-self.places)

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> Callable[[int | None], Decimal | None]:
        """Return `process_result_value` as one call; a run reads it six times a line.

        The usual values (quantities, rates) are one and the same object each time, so that what
        is done with them can be remembered: hashing a new decimal costs more than making it.
        """
        known: dict[int | None, Decimal | None] = {None: None}

        def process(value: int | None) -> Decimal | None:
            if value in known:
                return known[value]
            made = self.process_result_value(value, dialect)
            if len(known) < _KNOWN:
                known[value] = made
            return made

        return process


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, stored without its zone, to the microsecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:  # noqa: D102
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102
        return None if value is None else value.replace(tzinfo=UTC)


class Unreadable:
    """A stored value that is not what its column holds; using it raises `ValueError`."""

    def __init__(self, stored: str) -> None:
        self.stored = stored

    def __iter__(self) -> Iterator[Any]:
        raise ValueError(f"not JSON: {self.stored[:40]!r}")

    __bool__ = __len__ = __getitem__ = keys = __iter__


class JsonText(TypeDecorator[Any]):
    """A small JSON value as text, keys sorted, so that equal values are equal bytes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:  # noqa: D102
        if dialect.name in {"mysql", "mariadb"}:
            return mysql.MEDIUMTEXT(charset="utf8mb4", collation=EXACT_COLLATION)
        return Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002, D102
        if value is None:
            return None
        return _encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002, D102
        if value is None:
            return None
        try:
            return json.loads(value)
        except ValueError:
            # One damaged value must not keep a page of others from being read.
            return Unreadable(value)

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> Callable[[str | None], Any]:
        """Return `process_result_value` as one call; most values are none."""
        load = self.process_result_value
        return lambda value: None if value is None else load(value, dialect)


class JsonTuple(JsonText):
    """A JSON list read as a tuple, the usual ones as one and the same; anything else as it is."""

    cache_ok = True

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,
    ) -> Callable[[str | None], Any]:
        """Return what reads a list once, however many rows hold it."""
        load = super().result_processor(dialect, coltype)
        known: dict[str | None, tuple[Any, ...]] = {}

        def process(value: str | None) -> Any:
            if value in known:
                return known[value]
            found = load(value)
            if not isinstance(found, list):
                return found
            if len(known) < _KNOWN:
                known[value] = tuple(found)
            return tuple(found)

        return process
