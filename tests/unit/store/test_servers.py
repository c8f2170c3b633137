"""PostgreSQL and MariaDB: set up strictly, refused when unfit, never waited for without end."""

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from adapter.errors import OutcomeUnknown, StoreFull, StoreUnavailable
from adapter.store import migrate, servers, tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import RUN_ID, Conflict, Store
from tests.databases import EVERY_SERVER, ON_A_SERVER, new_database

SLEEP = {"postgresql": "SELECT pg_sleep(20)", "mariadb": "SELECT SLEEP(20)"}
END = {
    "postgresql": "SELECT pg_terminate_backend({})",
    "mariadb": "KILL CONNECTION {}",
}
OWN_ID = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}
ISOLATION = {"postgresql": "SHOW transaction_isolation", "mariadb": "SELECT @@tx_isolation"}


@pytest.fixture(params=EVERY_SERVER)
def engine(request):
    return request.param


def _end(store, process_id):
    with store.engine.connect() as other:
        other.exec_driver_sql(END[store.engine.dialect.name].format(process_id))


def _own_id(uow):
    return uow.connection.exec_driver_sql(OWN_ID[uow.connection.dialect.name]).scalar()


def _take_and_break(store, uow, *, again=False):
    uow.take(RUN_ID)
    _end(store, _own_id(uow))
    if again:
        uow.take(RUN_ID)


@pytest.fixture
def impatient(store):
    config = replace(store.config, write_wait_seconds=1.0, statement_seconds=1.0, pool_size=1)
    hasty = Store(config)
    yield hasty
    hasty.close()


def test_writers_read_what_is_committed_and_readers_a_snapshot(store, engine):
    with store.write() as uow:
        found = uow.connection.exec_driver_sql(ISOLATION[engine]).scalar()
        assert str(found).upper().replace("-", " ") == "READ COMMITTED"
    with store.read() as reading:
        before = reading.execute(sa.select(tables.counters).order_by(tables.counters.c.name)).all()
        with store.write() as uow:
            uow.take(RUN_ID)
        again = reading.execute(sa.select(tables.counters).order_by(tables.counters.c.name)).all()
    assert before == again


def test_a_reader_cannot_write(store):
    # PostgreSQL says what a server that only follows another one says.
    with pytest.raises((sa.exc.DBAPIError, StoreUnavailable)), store.read() as uow:
        uow.take(RUN_ID)


def test_a_server_that_is_too_old_is_refused(store, monkeypatch):
    monkeypatch.setattr(servers, "_OLDEST_POSTGRESQL", 999999)
    monkeypatch.setattr(servers, "_OLDEST_MARIADB", (99, 0))
    other = Store(store.config)
    with pytest.raises(servers.UnfitServer, match="cannot be used"), other.read():
        pass
    other.close()


def test_a_lock_is_waited_for_and_then_given_up(store, impatient):
    with store.write() as uow:
        uow.take(RUN_ID)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable), impatient.write() as other:
            other.take(RUN_ID)
        assert time.monotonic() - began < 8


def test_a_statement_that_takes_too_long_is_ended(impatient, engine):
    began = time.monotonic()
    with pytest.raises(StoreUnavailable), impatient.read() as uow:
        uow.connection.exec_driver_sql(SLEEP[engine])
    assert time.monotonic() - began < 8


def test_no_free_connection_is_an_answer_too(impatient):
    with impatient.read(), impatient.read(), pytest.raises(StoreUnavailable), impatient.read():
        pass


def test_a_connection_that_breaks_changes_nothing_and_is_replaced(store):
    with pytest.raises(StoreUnavailable) as error, store.write() as uow:
        _take_and_break(store, uow, again=True)
    assert not isinstance(error.value, OutcomeUnknown)
    with store.write() as uow:
        assert uow.take(RUN_ID) == 1


def test_a_connection_that_breaks_at_the_commit_leaves_the_outcome_open(store):
    with pytest.raises(OutcomeUnknown), store.write() as uow:
        _take_and_break(store, uow)


def test_a_kept_connection_that_broke_is_replaced(store, engine):
    counters = tables.counters.c
    question = store.direct.prepare(
        sa.select(counters.next_value).where(counters.name == sa.bindparam("name"))
    )
    assert question.ask({"name": RUN_ID}) == (1,)
    (kept,) = store.direct._idle
    cursor = kept.connection.cursor()
    cursor.execute(OWN_ID[engine])
    (process_id,) = cursor.fetchone()
    cursor.close()
    _end(store, process_id)
    assert question.ask({"name": RUN_ID}) == (1,)


def test_a_defect_of_ours_does_not_read_like_a_busy_server(store):
    with pytest.raises(sa.exc.DBAPIError), store.read() as uow:
        uow.execute(sa.text("SELECT nothing_of_this_name FROM counters"))


@pytest.mark.parametrize("number", [1021, 1114])
def test_a_full_disk_of_the_server_is_said_to_be_one(store, engine, number):
    says = {
        "postgresql": "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$",
        "mariadb": f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}",
    }[engine]
    with pytest.raises(StoreFull), store.write() as uow:
        uow.connection.exec_driver_sql(says)


def test_two_that_wait_for_each_other_are_told_apart_from_a_defect(store):
    met, conflicts = threading.Barrier(2), []

    def take(first: str, second: str) -> None:
        try:
            with store.write() as uow:
                uow.take(first)
                met.wait(10)
                uow.take(second)
        except Conflict as conflict:
            conflicts.append(conflict)

    others = [
        threading.Thread(target=take, args=names)
        for names in (("run_id", "order_number"), ("order_number", "run_id"))
    ]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    assert len(conflicts) == 1


def test_a_counter_that_is_missing_is_made_once(store):
    taken: list[int] = []

    def take() -> None:
        for _ in range(10):
            with store.write() as uow:
                taken.append(uow.take("custom_number:2026-03"))

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 61))


def test_migrations_go_from_empty_to_this_version_and_back(engine):
    with new_database(engine) as url:
        fresh = Store(StoreConfig(url))
        assert migrate.found_revision(fresh) is None
        assert migrate.upgrade(fresh) == migrate.found_revision(fresh)
        assert migrate.drift(fresh) == []
        migrate.downgrade(fresh, "base")
        assert sa.inspect(fresh.engine).get_table_names() == ["alembic_version"]
        fresh.close()


def test_a_migration_that_was_cut_off_is_carried_out_again(engine):
    with new_database(engine) as url:
        fresh = Store(StoreConfig(url))
        migrate.upgrade(fresh)
        with fresh.engine.begin() as connection:
            # What MariaDB leaves of a process killed half-way: no revision, some of the steps.
            for left_undone in ("DROP TABLE transactions", "DELETE FROM alembic_version"):
                connection.exec_driver_sql(left_undone)
        migrate.upgrade(fresh)
        assert migrate.drift(fresh) == []
        fresh.close()


def test_processes_that_upgrade_at_once_do_it_one_after_the_other(engine):
    with new_database(engine) as url:
        stores = [Store(StoreConfig(url)) for _ in range(3)]
        failed: list[BaseException] = []

        def upgrade(store: Store) -> None:
            try:
                migrate.upgrade(store)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                failed.append(error)

        threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert migrate.drift(stores[0]) == []
        for store in stores:
            store.close()


DRIFT = {
    "postgresql": (
        "ALTER TABLE clients ALTER COLUMN phone TYPE text",
        "ALTER TABLE runs DROP COLUMN complete",
        "DROP INDEX ix_claims_document_id",
    ),
    "mariadb": (
        "ALTER TABLE clients MODIFY phone VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL",
        "ALTER TABLE runs DROP COLUMN complete",
        "DROP INDEX ix_claims_document_id ON claims",
        "ALTER TABLE tlds ENGINE = Aria",
    ),
}


def test_drift_is_told(engine):
    with new_database(engine) as url:
        fresh = Store(StoreConfig(url))
        migrate.upgrade(fresh)
        with fresh.engine.begin() as connection:
            for change in DRIFT[engine]:
                connection.exec_driver_sql(change)
        told = "\n".join(migrate.drift(fresh))
        fresh.close()
    assert len(told.splitlines()) == len(DRIFT[engine])
    assert "column runs complete" in told
    assert "index ix_claims_document_id" in told
    assert "clients phone" in told


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=ON_A_SERVER)], indirect=True)
def test_a_database_that_cannot_hold_every_text_is_refused(engine):
    with new_database(engine) as url, new_database(engine) as other:
        admin = servers.create_engine(StoreConfig(url))
        name = sa.make_url(other).database
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' "
                "TEMPLATE template0"
            )
        admin.dispose()
        store = Store(StoreConfig(other))
        with pytest.raises(servers.UnfitServer, match="SQL_ASCII"), store.read():
            pass
        store.close()
