"""Reads are bounded look-ups: what an engine touches for a page does not grow with the store.

A store of 20,000 clients and 200,000 invoices, filled by the database itself. Every SELECT that a
command sends is sent once more and its engine asked what it touched: PostgreSQL by
`EXPLAIN ANALYZE`, MariaDB by its handler counters, SQLite by the steps of its virtual machine.
Only the count of a whole list may grow, and then by the rows that it counts and no others.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import ClientStatus, InvoiceStatus, OrderStatus
from adapter.commands.model import (
    Command,
    GetClient,
    GetInvoice,
    ListClients,
    ListInvoices,
    ListOrders,
    ListServices,
    Page,
)
from adapter.store import tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store
from tests.contexts import context_on
from tests.databases import EVERY_ENGINE, new_database, new_sqlite

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CLIENTS, INVOICES = 20_000, 200_000
# So rare that going through all invoices until a page is full is more than `ROWS`: where it is
# not, PostgreSQL rightly chooses either way, as its sample of the table happens to be.
ONE_UNPAID_IN = 50
UNPAID = INVOICES // ONE_UNPAID_IN
MIDDLE = CLIENTS // 2
DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
# A page of 25 with what is joined to each row; a step of SQLite's machine is less than a row.
ROWS, STEPS = 400, 15_000
STEPS_A_COUNTED_ROW = 12

# Command -> how many rows its count may go through besides.
READS: dict[str, tuple[Command, int]] = {
    "one client": (GetClient(client_id=MIDDLE), 0),
    "one client with figures": (GetClient(client_id=MIDDLE, with_stats=True), 0),
    "one client by e-mail": (GetClient(email=f"c{MIDDLE}@example.com"), 0),
    "one invoice": (GetInvoice(INVOICES // 2), 0),
    "a client's invoices": (ListInvoices(client_id=MIDDLE), 0),
    "a client's unpaid invoices": (
        ListInvoices(client_id=MIDDLE, status=InvoiceStatus.UNPAID),
        0,
    ),
    "a client's orders": (ListOrders(client_id=MIDDLE), 0),
    "a client's services": (ListServices(client_id=MIDDLE), 0),
    "a page of invoices": (ListInvoices(), INVOICES),
    "unpaid invoices": (ListInvoices(status=InvoiceStatus.UNPAID), UNPAID),
    "overdue invoices": (ListInvoices(overdue=True), UNPAID),
    "cancelled invoices": (ListInvoices(status=InvoiceStatus.CANCELLED), 0),
    "paid invoices": (ListInvoices(status=InvoiceStatus.PAID), INVOICES),
    "a page of clients": (ListClients(), CLIENTS),
    "inactive clients": (ListClients(status=ClientStatus.INACTIVE), CLIENTS // 50),
    "closed clients": (ListClients(status=ClientStatus.CLOSED), 0),
    "a page of orders": (ListOrders(), CLIENTS),
    "pending orders": (ListOrders(status=OrderStatus.PENDING), CLIENTS // 100),
    "a page of services": (ListServices(Page(offset=50)), CLIENTS),
}


class Large(NamedTuple):
    """A large store, and how to ask its engine what a statement touched."""

    store: Store
    touched: Callable[[Any, str, Any], int]
    most: int
    a_counted_row: int


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def large(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Large]:
    if request.param == "sqlite":
        yield from _filled(new_sqlite(tmp_path_factory.mktemp("large")))
    else:
        with new_database(request.param) as url:
            yield from _filled(url)


def _filled(url: str) -> Iterator[Large]:
    store = Store(StoreConfig(url))
    name = store.engine.dialect.name
    if name != "sqlite":
        tables.metadata.create_all(store.engine)
    with store.write() as uow:
        ensure_defaults(uow, NOW)
    with store.engine.begin() as connection:
        if name == "mariadb":
            connection.exec_driver_sql(f"SET SESSION max_recursive_iterations = {2 * INVOICES}")
        _fill(connection)
    with store.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        if name == "mariadb":
            alone.exec_driver_sql(f"ANALYZE TABLE {', '.join(tables.metadata.tables)}")
        elif name == "postgresql":
            alone.exec_driver_sql("VACUUM ANALYZE")
        # SQLite keeps no statistics unless an operator asks for them: nobody does.
    match name:
        case "sqlite":
            yield Large(store, _steps, STEPS, STEPS_A_COUNTED_ROW)
        case "postgresql":
            yield Large(store, _explained, ROWS, 1)
        case _:
            yield Large(store, _handled, ROWS, 1)
    store.close()


def _fill(connection: sa.Connection) -> None:
    def number(table: sa.Table, count: int, **columns: Any) -> None:
        """Insert rows 1 to `count`; a column's value may be made of the row's number."""
        first = sa.select(sa.literal(1).label("i")).cte("n", recursive=True)
        n = first.union_all(sa.select(first.c.i + 1).where(first.c.i < count))
        values: dict[str, Any] = {"id": n.c.i}
        for column in table.columns:
            if column.name in columns:
                given = columns[column.name]
                made = given(n.c.i) if callable(given) else sa.literal(given, column.type)
                values[column.name] = made
            elif column.default is not None and column.default.is_scalar:
                values[column.name] = sa.literal(column.default.arg, column.type)  # type: ignore[attr-defined]
        connection.execute(
            sa.insert(table).from_select(
                list(values), sa.select(*values.values()), include_defaults=False
            )
        )

    def address(i: Any) -> Any:
        return sa.literal("c").concat(sa.cast(i, sa.String(20))).concat("@example.com")

    def every(count: int, status: str, otherwise: Any) -> Callable[[Any], Any]:
        return lambda i: sa.case((i % count == 0, status), else_=otherwise)

    number(
        tables.clients,
        CLIENTS,
        uuid="u",
        currency_id=1,
        email=address,
        email_key=address,
        custom={},
        email_preferences={},
        status=every(50, "Inactive", "Active"),
        created_on=DAY,
        created_at=NOW,
    )
    number(
        tables.documents,
        INVOICES,
        kind="invoice",
        client_id=lambda i: i % CLIENTS + 1,
        currency="ZAR",
        status=lambda i: sa.case(
            (i % ONE_UNPAID_IN == 0, "Unpaid"), (i % 2000 == 1, "Cancelled"), else_="Paid"
        ),
        number=lambda i: i,
        issued_on=DAY,
        due_on=date(2026, 3, 1),
        total=1000,
        tax_rate=Decimal(0),
        tax_rate_2=Decimal(0),
        created_at=NOW,
        updated_at=NOW,
    )
    number(
        tables.orders,
        CLIENTS,
        order_number=lambda i: i,
        client_id=lambda i: i,
        placed_at=NOW,
        invoice_id=lambda i: i,
        status=every(100, "Pending", "Active"),
    )
    number(
        tables.services,
        CLIENTS,
        client_id=lambda i: i,
        order_id=lambda i: i,
        product_id=1,
        cycle="Monthly",
        status="Active",
        registered_on=DAY,
        next_due_on=DAY,
        custom_fields={},
        created_at=NOW,
    )


def _steps(connection: Any, statement: str, parameters: Any) -> int:
    """Return how many instructions SQLite's virtual machine carried out, in hundreds."""
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 0

    connection.set_progress_handler(tick, 100)
    try:
        connection.execute(statement, parameters).fetchall()
    finally:
        connection.set_progress_handler(None, 0)
    return ticks * 100


def _explained(connection: Any, statement: str, parameters: Any) -> int:
    """Return how many rows the scans of PostgreSQL's plan met, kept or not."""
    cursor = connection.cursor()
    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
    found = cursor.fetchone()[0]
    plans = json.loads(found) if isinstance(found, str) else found
    return _met(plans[0]["Plan"])


def _met(plan: dict[str, Any]) -> int:
    rows = 0.0
    if "Scan" in plan["Node Type"]:
        each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        rows = each * plan["Actual Loops"]
    below = sum(_met(part) for part in plan.get("Plans", ()))
    # The scan of a bitmap meets the rows again that its indexes have met.
    is_bitmap = plan["Node Type"] == "Bitmap Heap Scan"
    return max(round(rows), below) if is_bitmap else round(rows) + below


def _handled(connection: Any, statement: str, parameters: Any) -> int:
    """Return how many rows MariaDB read, of tables and of indexes."""

    def read() -> int:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())

    cursor = connection.cursor()
    before = read()
    cursor.execute(statement, parameters)
    cursor.fetchall()
    return read() - before


@pytest.mark.parametrize("name", READS)
def test_a_read_touches_what_it_shows(large: Large, name: str) -> None:
    command, counted = READS[name]
    sent: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    sa.event.listen(large.store.engine, "before_cursor_execute", keep)
    try:
        LocalBackend(large.store, RunConfig()).execute(command, context_on(DAY))
    finally:
        sa.event.remove(large.store.engine, "before_cursor_execute", keep)
    reads = [(statement, values) for statement, values in sent if "FROM" in statement]
    assert reads
    with large.store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        for statement, values in reads:
            is_count = counted and statement.startswith("SELECT count(*)")
            most = large.most + (counted * large.a_counted_row if is_count else 0)
            assert large.touched(driver, statement, values) <= most, statement
