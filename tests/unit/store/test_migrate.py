import re
from pathlib import Path

import pytest

from adapter.store import migrate
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store


@pytest.fixture
def fresh(tmp_path):
    store = Store(StoreConfig(f"sqlite:///{tmp_path / 'new' / 'adapter.db'}"))
    yield store
    store.close()


def test_the_migrations_make_the_tables_of_this_version(fresh):
    assert migrate.upgrade(fresh) == migrate.needed_revision()
    assert migrate.drift(fresh) == []
    migrate.require_schema(fresh, migrate.needed_revision())


def test_an_upgrade_of_an_upgraded_store_changes_nothing(fresh):
    migrate.upgrade(fresh)
    with fresh.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT * FROM sqlite_master").all()
    migrate.upgrade(fresh)
    with fresh.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM sqlite_master").all() == before


def test_a_database_that_is_not_there_has_no_revision_and_is_not_made(fresh, tmp_path):
    assert migrate.found_revision(fresh) is None
    assert not (tmp_path / "new").exists()
    with pytest.raises(migrate.ForeignSchema, match=r"revision none.*adapter db upgrade"):
        migrate.require_schema(fresh, migrate.needed_revision())


def test_a_schema_of_another_version_is_foreign(fresh):
    migrate.upgrade(fresh)
    with fresh.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.ForeignSchema, match="at schema revision 9999") as refused:
        migrate.require_schema(fresh, "0001")
    assert (refused.value.found, refused.value.needed) == ("9999", "0001")


def test_drift_tells_what_is_missing_and_what_is_too_much(fresh):
    migrate.upgrade(fresh)
    with fresh.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit ADD COLUMN extra INTEGER")
        connection.exec_driver_sql("DROP INDEX ix_clients_email")
        connection.exec_driver_sql("DROP TABLE tlds")
    assert sorted(migrate.drift(fresh)) == [
        "missing in the database: index ix_clients_email",
        "missing in the database: table tlds",
        "only in the database: column audit extra",
    ]


def test_the_first_migration_can_be_taken_back(fresh):
    migrate.upgrade(fresh)
    migrate.downgrade(fresh, "base")
    with fresh.engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert {row[0] for row in names} <= {"alembic_version", "sqlite_sequence"}


def test_migrations_write_defaults_that_every_engine_takes():
    for file in Path(migrate.__file__).with_name("migrations").glob("versions/*.py"):
        text = file.read_text()
        assert not re.search(r"sa\.Boolean\(\), server_default=sa\.text", text), file.name
