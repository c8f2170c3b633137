"""The schema of a store: brought up to date, compared, and found to be ours.

The migrations ship in the package; there is no `alembic.ini`.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.ddl.base import AddColumn, visit_add_column
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.compiler import compiles

from adapter.errors import AdapterError, StoreUnavailable
from adapter.store import servers, tables, types
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store

_CONNECTION: Final = "connection"
_FOLDER: Final = Path(__file__).with_name("migrations")


class ForeignSchema(AdapterError):
    """A database has no schema of ours, or one of another version."""

    code = "foreign_schema"

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"The database is at schema revision {found or 'none'}, this version needs {needed}: "
            "run `adapter db upgrade`"
        )
        self.found = found
        self.needed = needed


class UnknownSchema(AdapterError):
    """A database was upgraded by a version that this one does not know."""

    code = "unknown_schema"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database is at schema revision {found}, which this version does not know: "
            "a newer one upgraded it, use that one"
        )
        self.found = found


def needed_revision() -> str:
    """Return the schema revision that this version of the package works with."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def found_revision(store: Store) -> str | None:
    """Return the database's schema revision; None when it has none, or is not there at all."""
    database = _file(store)
    if database is not None and not database.exists():
        return None
    with _connection(store.engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_schema(store: Store, needed: str) -> None:
    """Raise `ForeignSchema` unless the database is at the revision `needed`."""
    found = found_revision(store)
    if found != needed:
        raise ForeignSchema(found, needed)


def upgrade(store: Store, revision: str = "head") -> str:
    """Bring the database to the newest revision; return it. A SQLite file is made where needed.

    An older `revision` is for tests. Raises `UnknownSchema` for a database of a newer version.
    """
    database = _file(store)
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    with _changing(store) as connection:
        config = _config(connection)
        found = MigrationContext.configure(connection).get_current_revision()
        scripts = ScriptDirectory.from_config(config).walk_revisions()
        if found is not None and found not in {script.revision for script in scripts}:
            raise UnknownSchema(found)
        command.upgrade(config, revision)
    return needed_revision() if revision == "head" else revision


def count_documents(store: Store) -> int:
    """Return how many documents a database has, at whatever revision its schema is."""
    with _connection(store.engine) as connection:
        if not sa.inspect(connection).has_table(tables.documents.name):
            return 0
        query = sa.select(sa.func.count()).select_from(tables.documents)
        return int(connection.execute(query).scalar_one())


def downgrade(store: Store, revision: str) -> None:
    """Take the database back to a revision; for developers and tests."""
    with _changing(store) as connection:
        command.downgrade(_config(connection), revision)


def drift(store: Store) -> list[str]:
    """Return how the database differs from the tables of this version, a line each."""
    with _connection(store.engine) as connection:
        context = MigrationContext.configure(connection, opts=dict(_OPTIONS))
        found = compare_metadata(context, tables.metadata)
        unfit = _otherwise_made(connection)
    return [*(_told(each) for each in found), *unfit]


def create_revision(store: Store, message: str, number: str) -> Path:
    """Write the migration from the database's schema to the tables of this version.

    For developers: `python -m adapter.store.migrate MESSAGE NUMBER`.
    """
    with _connection(store.engine.execution_options(adapter_write=True)) as connection:
        made = command.revision(
            _config(connection), message=message, autogenerate=True, rev_id=number
        )
    if made is None or isinstance(made, list):
        raise RuntimeError("one script was asked for")
    file = Path(made.path)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text(
        "".join(line for line in lines if not line.lstrip().startswith("# ###")), encoding="utf-8"
    )
    return file


def run_migrations(context: Any) -> None:
    """Run what Alembic asks for on the connection that the caller opened; called by `env.py`."""
    context.configure(
        connection=context.config.attributes[_CONNECTION],
        target_metadata=tables.metadata,
        **_OPTIONS,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:  # noqa: ARG001 - Alembic's signature
    """Write our column types by their names in `types`, and defaults that all engines take.

    False leaves the rest to Alembic.
    """
    if kind == "server_default":
        # Alembic would write this engine's literal: 0 is no boolean on PostgreSQL.
        value = getattr(item, "arg", None)
        if isinstance(value, sa.False_ | sa.True_):
            return "sa.true()" if isinstance(value, sa.True_) else "sa.false()"
        return False
    if kind != "type":
        return False
    if isinstance(item, types.MoneyAmount | types.Scaled):
        return "sa.BigInteger()"
    if isinstance(item, types.UtcTime):
        return "types.UtcTime()"
    if item is types.RowId:
        return "types.RowId"
    if isinstance(item, types.JsonText | sa.Text):
        return "types.long_text()"
    if isinstance(item, sa.String) and item._variant_mapping:  # noqa: SLF001 - no public way to tell
        return f"types.short_text({item.length})"
    return False


def _rerunnable(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Let every step written here be carried out again: MariaDB commits each by itself."""
    for script in directives:
        for step in script.upgrade_ops.ops:
            for each in getattr(step, "ops", (step,)):
                if hasattr(each, "if_not_exists"):
                    each.if_not_exists = True


@compiles(AddColumn, "sqlite")
def _add_column(step: AddColumn, compiler: Any, **options: Any) -> str:
    """SQLite knows no `IF NOT EXISTS` here, and needs none: its migrations commit as a whole."""
    step.if_not_exists = None
    return visit_add_column(step, compiler, **options)


_OPTIONS: Final[Mapping[str, Any]] = {
    "compare_type": True,
    "process_revision_directives": _rerunnable,
    "render_item": _render,
}


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes[_CONNECTION] = connection
    return config


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as error:
        if engine.dialect.name != "sqlite":
            raise  # what a server says of itself (no such database) tells more than "busy"
        raise StoreUnavailable from error
    try:
        with connection, connection.begin():
            yield connection
    except sa.exc.OperationalError as error:
        raise StoreUnavailable from error


@contextmanager
def _changing(store: Store) -> Iterator[Connection]:
    """Open a connection to change the schema with, one process at a time.

    On a server it has no limit on statements: an index of a large table takes its time.
    """
    if store.is_alone:
        with _connection(store.engine.execution_options(adapter_write=True)) as connection:
            yield connection
        return
    engine = servers.create_engine(store.config, patient=True)
    try:
        with _connection(engine) as connection:
            if not servers.lock_schema(connection, store.config.write_wait_seconds):
                raise StoreUnavailable
            yield connection
    finally:
        engine.dispose()


def _otherwise_made(connection: Connection) -> list[str]:
    """Return what a comparison of columns does not see: on MariaDB engines and collations."""
    if connection.dialect.name != "mariadb":
        return []
    ours = list(tables.metadata.tables)
    named: sa.BindParameter[list[str]] = sa.bindparam("ours", ours, expanding=True)
    engines = sa.text(
        "SELECT table_name, engine FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name IN :ours AND engine <> 'InnoDB'"
    ).bindparams(named)
    collations = sa.text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name IN :ours AND collation_name <> :exact"
    ).bindparams(named, exact=types.EXACT_COLLATION)
    return [
        *(f"engine: table {table} {engine}" for table, engine in connection.execute(engines)),
        *(
            f"collation: column {table} {column} {collation}"
            for table, column, collation in connection.execute(collations)
        ),
    ]


def _file(store: Store) -> Path | None:
    if not store.is_alone:
        return None
    return Path(store.engine.url.database or "")


def _told(difference: Any) -> str:
    """Write one difference of Alembic's comparison: what the database lacks, or has besides."""
    if isinstance(difference, list):
        return "; ".join(_told(each) for each in difference)
    word, *about = difference
    deed, _, noun = word.partition("_")
    told = (each for each in about if each is not None and not isinstance(each, dict))
    names = " ".join(str(getattr(each, "name", each)) for each in told)
    where = {"add": "missing in the database", "remove": "only in the database"}.get(deed, deed)
    return f"{where}: {noun} {names}"


def _main() -> None:
    message, number = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(StoreConfig(f"sqlite:///{folder}/schema.db"))
        if number != "0001":
            upgrade(store)
        sys.stdout.write(f"{create_revision(store, message, number)}\n")
        store.close()


if __name__ == "__main__":
    _main()
