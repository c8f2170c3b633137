"""The commands of PostgreSQL and MariaDB that dump a database and load a dump.

No password stands on a command line: the tools find it in their environment.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import URL

from adapter.store import tables
from adapter.store.unit_of_work import Store

_POSTGRESQL: Final = "postgresql"
_PASSWORD: Final = {_POSTGRESQL: "PGPASSWORD", "mariadb": "MYSQL_PWD"}
# What each tool writes last; a dump without it was cut short.
_LAST_WORDS: Final = {
    _POSTGRESQL: "PostgreSQL database dump complete",
    "mariadb": "-- Dump completed",
}
_MARIADB_OPTIONS: Final = {
    "unix_socket": "--socket",
    "ssl_ca": "--ssl-ca",
    "ssl_cert": "--ssl-cert",
    "ssl_key": "--ssl-key",
}


@dataclass(frozen=True, slots=True)
class Tool:
    """One command line. `stdin` is the file that it reads; `secrets` go into its environment."""

    arguments: tuple[str, ...]
    stdin: Path | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Return the command as it is typed into a shell."""
        line = shlex.join(self.arguments)
        return line if self.stdin is None else f"{line} < {shlex.quote(str(self.stdin))}"

    @property
    def asks_for(self) -> tuple[str, ...]:
        """The names of the environment variables that it needs."""
        return tuple(self.secrets)


def dump_tool(store: Store, file: Path) -> Tool:
    """Return what writes the whole database to a file, as of one moment, locking nobody out."""
    url, server = store.engine.url, store.engine.dialect.name
    if server == _POSTGRESQL:
        how = ("--no-owner", "--no-privileges", "--clean", "--if-exists")
        return _tool(server, url, ("pg_dump", *how, f"--file={file}", f"--dbname={_uri(url)}"))
    options = ("--single-transaction", "--hex-blob", "--no-tablespaces")
    place = ("--default-character-set=utf8mb4", f"--result-file={file}")
    return _tool(server, url, ("mariadb-dump", *_mariadb_place(url), *options, *place, _name(url)))


def load_tool(store: Store, file: Path) -> Tool:
    """Return what lets the database have a dump's content instead of its own.

    On PostgreSQL all of it is one transaction.
    """
    url, server = store.engine.url, store.engine.dialect.name
    if server == _POSTGRESQL:
        options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
        # Tables of a later schema than the dump's would stay otherwise.
        drop = f"DROP TABLE IF EXISTS {', '.join(_ours())} CASCADE"
        place = f"--dbname={_uri(url)}"
        quiet = "SET client_min_messages = warning"
        steps = (f"--command={quiet}", f"--command={drop}", f"--file={file}")
        return _tool(server, url, ("psql", *options, place, *steps))
    drop = f"SET FOREIGN_KEY_CHECKS = 0; DROP TABLE IF EXISTS {', '.join(_ours())}"
    begin = ("--default-character-set=utf8mb4", f"--init-command={drop}")
    return _tool(server, url, ("mariadb", *_mariadb_place(url), *begin, _name(url)), file)


def is_complete(store: Store, file: Path) -> bool:
    """Tell whether a dump was written to its end, by the tool of this server."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(0, size - 4096))
        return _LAST_WORDS[store.engine.dialect.name].encode() in opened.read()


def others_connected(store: Store) -> int:
    """Return how many other connections there are to the database, of whatever process."""
    if store.engine.dialect.name == _POSTGRESQL:
        query = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    else:
        query = sa.text(
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() "
            "AND id <> CONNECTION_ID()"
        )
    with store.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def _ours() -> list[str]:
    return [*(each.name for each in tables.metadata.sorted_tables), "alembic_version"]


def _tool(server: str, url: URL, arguments: tuple[str, ...], stdin: Path | None = None) -> Tool:
    password = url.password
    return Tool(arguments, stdin, {} if password is None else {_PASSWORD[server]: str(password)})


def _uri(url: URL) -> str:
    """Return the database as PostgreSQL's own tools read it, without its password."""
    plain = URL.create(
        _POSTGRESQL,
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.query,
    )
    return plain.render_as_string(hide_password=False)


def _mariadb_place(url: URL) -> list[str]:
    place = {"--host": url.host, "--port": url.port, "--user": url.username}
    more = {option: url.query.get(name) for name, option in _MARIADB_OPTIONS.items()}
    given = {name: value for name, value in (place | more).items() if value is not None}
    return [f"{name}={value}" for name, value in given.items()]


def _name(url: URL) -> str:
    return str(url.database or "")
