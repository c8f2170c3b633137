import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapter.store import migrate
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.databases import EVERY_ENGINE, new_database

VERSIONS = sorted(Path(migrate.__file__).with_name("migrations").glob("versions/*.py"))
REVISIONS = [file.name.partition("_")[0] for file in VERSIONS]
# From the first and to the last at every turn, the others with what is slow.
STEPS = [
    pytest.param(each, marks=() if each in {REVISIONS[0], REVISIONS[-1]} else pytest.mark.slow)
    for each in REVISIONS
]


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
    with pytest.raises(migrate.UnknownSchema, match="9999, which this version does not know"):
        migrate.upgrade(fresh)
    assert migrate.found_revision(fresh) == "9999"


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
    for file in VERSIONS:
        text = file.read_text()
        assert not re.search(r"sa\.Boolean\(\), server_default=sa\.text", text), file.name


@pytest.fixture(params=EVERY_ENGINE)
def untouched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return a store on a database in which there is nothing at all, on every engine."""
    with ExitStack() as kept:
        url = f"sqlite:///{tmp_path / 'adapter.db'}"
        if request.param != "sqlite":
            url = kept.enter_context(new_database(request.param))
        store = Store(StoreConfig(url, pool_size=1))
        kept.callback(store.close)
        yield store


@pytest.mark.parametrize("revision", STEPS)
def test_every_earlier_revision_becomes_this_version_and_keeps_its_rows(untouched, revision):
    assert migrate.upgrade(untouched, revision) == revision
    kept = {"name": "CompanyName", "value": "Ä & Co", "changed_at": datetime(2026, 1, 1)}  # noqa: DTZ001 - as stored
    with untouched.engine.begin() as connection:
        settings = sa.Table("settings", sa.MetaData(), autoload_with=connection)
        connection.execute(settings.insert(), kept)
    if revision != migrate.needed_revision():
        with pytest.raises(migrate.ForeignSchema, match=f"at schema revision {revision}"):
            migrate.require_schema(untouched, migrate.needed_revision())
    assert migrate.upgrade(untouched) == migrate.needed_revision()
    assert migrate.drift(untouched) == []
    with untouched.read() as uow:
        assert uow.settings.company_name == "Ä & Co"


@pytest.mark.parametrize("revision", STEPS)
def test_every_revision_can_be_gone_back_to_and_left_again(untouched, revision):
    migrate.upgrade(untouched)
    migrate.downgrade(untouched, revision)
    assert migrate.found_revision(untouched) == revision
    migrate.upgrade(untouched)
    assert migrate.drift(untouched) == []
