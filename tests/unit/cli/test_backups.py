"""`adapter db backup`, `db restore` and `resume`, as an operator calls them on a bad day."""

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapter.assemble import open_workplace
from adapter.backends.base import Proof
from adapter.backends.remote import Accept, RemoteBackend, RemoteConfig
from adapter.backends.resolving import Tender
from adapter.commands.model import ClientFields, ClientIdentity, CreateClient, UpdateService
from adapter.commands.results import ClientCreated, ServiceUpdated
from adapter.settings import load_settings
from adapter.store import migrate, servers, tables
from adapter.store.attempts import State
from adapter.store.config import StoreConfig
from adapter.store.holds import holds
from adapter.store.unit_of_work import Store
from tests.databases import EVERY_ENGINE, EVERY_SERVER, new_database
from tests.elsewhere import Elsewhere

PASSWORD = "Pa55-word"
FIRST, SECOND, THIRD = "2026-03-02", "2026-03-03", "2026-03-04"


@pytest.fixture
def place(ready):
    opened = open_workplace(load_settings(), "main")
    yield opened
    opened.store.close()


def documents(url):
    """Return every document there is: its id, number and day."""
    store = Store(StoreConfig(url))
    columns = tables.documents.c
    with store.read() as uow:
        query = sa.select(columns.id, columns.number, columns.issued_on).order_by(columns.id)
        found = [tuple(row) for row in uow.execute(query)]
    store.close()
    return found


def message_ids(folder):
    """Return the Message-ID of each mail that left."""
    mails = (each.read_bytes() for each in sorted(folder.glob("*.eml")))
    return [message_from_bytes(each)["Message-ID"] for each in mails]


def highest(output):
    """Read the table of a backup: the highest of each series."""
    rows = (line.split("\t") for line in output.splitlines())
    return {row[1]: int(row[2]) for row in rows if len(row) == 3 and row[2].isdigit()}


def fill(adapter):
    """Have schedules in the store, some due on each of the days that follow."""
    adapter("clock", "set", FIRST)
    adapter("worker", "--once")  # mail is switched on
    adapter("generate-data", "--schedules", "60", "--due", "50%", "--clients", "12")


@pytest.fixture(params=EVERY_ENGINE)
def operator(request, environ, monkeypatch, adapter):
    """Return the command line on a database of each kind, and the database's URL."""
    if request.param == "sqlite":
        adapter("db", "upgrade")
        yield adapter, environ["ADAPTER_DATABASE_URL"]
        return
    with new_database(request.param) as url:
        monkeypatch.setenv("ADAPTER_DATABASE_URL", url)
        monkeypatch.setenv("ADAPTER_MAIL_FOLDER", "mail")
        monkeypatch.setenv("ADAPTER_ACCESS_SERVER_KEY_FILE", "server.key")
        adapter("db", "upgrade")
        yield adapter, url


def run_options(url):
    return () if url.startswith("sqlite") else ("--run",)


@pytest.mark.slow
def test_a_restored_account_uses_no_number_and_sends_no_mail_twice(operator):
    adapter, url = operator
    fill(adapter)
    adapter("run-invoices")
    adapter("worker", "--once")
    adapter("clock", "set", SECOND)
    adapter("run-invoices")  # its mail waits in the backup, and leaves after it
    waiting = len(documents(url))
    adapter("db", "backup", "copy", *run_options(url))
    adapter("worker", "--once")
    adapter("clock", "set", THIRD)
    adapter("worker", "--once")
    seen, sent = documents(url), message_ids(load_settings().mail_folder)
    assert len(seen) > waiting
    assert len(sent) == len(set(sent)) > 0

    told = adapter("db", "restore", "copy", "--replace", *run_options(url)).stdout
    assert highest(told)["invoice"] == waiting
    kept = documents(url)
    assert kept == seen[:waiting]
    adapter("clock", "set", THIRD)
    adapter("worker", "--once", fails=True)
    assert "on hold" in adapter("run-invoices", fails=True).stderr
    assert documents(url) == kept

    top_id = max(each[0] for each in seen)
    last = adapter(
        "resume", "--numbers-from", str(len(seen)), "--ids-from", str(top_id + 1000)
    ).stdout.splitlines()[-1]
    assert re.fullmatch(
        rf"Account main, on hold since .* UTC: goes on after numbers {len(seen)}, "
        rf"ids {top_id + 1000}",
        last,
    )
    adapter("worker", "--once")
    after = [each for each in documents(url) if each not in kept]
    assert len(after) == len(seen) - waiting
    assert [number for _, number, _ in after] == [len(seen) + 1 + n for n in range(len(after))]
    assert not {each[0] for each in after} & {each[0] for each in seen}
    sent = message_ids(load_settings().mail_folder)
    assert len(sent) == len(set(sent))


def test_ids_of_records_go_on_behind_what_the_world_has_seen(operator):
    adapter, url = operator
    adapter("demo")
    adapter("db", "backup", "copy", *run_options(url))
    adapter("db", "restore", "copy", "--replace", *run_options(url))
    adapter("resume", "--numbers-from", "50", "--ids-from", "9000", "--series", "clients=700")
    place = open_workplace(load_settings(), "main")
    fields = ClientFields(first_name="Ann", email="ann@example.com", country="ZA")
    made = place.backend.execute(
        CreateClient(fields, ClientIdentity.EMAIL), place.context("tests")
    )
    place.store.close()
    assert made == ClientCreated(701)
    # A second backup knows what was given, though hardly any of it is there.
    told = highest(adapter("db", "backup", "again", *run_options(url)).stdout)
    assert (told["clients"], told["transactions"], told["document_id"]) == (701, 9000, 9000)
    assert told["credit_note"] == 50


def test_values_below_what_is_there_are_refused_and_nothing_changes(operator):
    adapter, url = operator
    fill(adapter)
    adapter("run-invoices")
    count = len(documents(url))
    adapter("db", "backup", "copy", *run_options(url))
    adapter("db", "restore", "copy", "--replace", *run_options(url))
    low, high = str(count - 1), "100000"

    def refused(*options):
        return adapter("resume", *options, fails=True).stderr

    assert f"(invoice {count})" in refused("--numbers-from", low, "--ids-from", high)
    told = refused("--numbers-from", high, "--ids-from", "1")
    assert "--ids-from: 1 lies below what the store has (" in told
    assert "clients 12" in told
    told = refused("--numbers-from", high, "--series", f"invoice={low}")
    assert f"invoice: {low} lies below {count}" in told
    assert "there is no series invoices" in refused(
        "--numbers-from", high, "--series", "invoices=9"
    )
    assert "must be NAME=N" in refused("--numbers-from", high, "--series", "invoice")
    assert "on hold" in adapter("run-invoices", fails=True).stderr
    told = adapter("resume", "--numbers-from", high, "--dry-run").stdout
    assert "would go on after numbers 100000, ids 100000" in told
    assert "on hold" in adapter("run-invoices", fails=True).stderr


@pytest.mark.slow
def test_mail_that_waited_is_sent_after_all_where_that_is_said(operator):
    adapter, url = operator
    fill(adapter)
    adapter("run-invoices")
    waiting = len(documents(url))
    adapter("db", "backup", "copy", *run_options(url))
    adapter("db", "restore", "copy", "--replace", *run_options(url))
    told = adapter("resume", "--numbers-from", "5000", "--dry-run").stdout
    assert f"{waiting} mails would be withdrawn, because it may have left" in told
    assert told.count("Invoice Created") == waiting
    told = adapter("resume", "--numbers-from", "5000", "--send-mail").stdout
    assert told.startswith(f"{waiting} mails will be sent, with the Message-ID as before\n")
    adapter("worker", "--once")
    assert len(message_ids(load_settings().mail_folder)) >= waiting


@pytest.mark.parametrize("proof", [Proof.REFERENCE, Proof.NONE])
@pytest.mark.parametrize("was_sent", [True, False])
def test_a_command_that_was_queued_in_the_backup_is_never_sent_twice(
    ready, place, proof, was_sent
):
    change = UpdateService(service_id=3, notes="new")
    elsewhere = Elsewhere(lambda *_: ServiceUpdated(3), proof_of=proof)
    config = RemoteConfig(accept=Accept.QUEUE, deadline_seconds=0.0, settle_seconds=0.0)
    backend = RemoteBackend(elsewhere, place.ledger, config, pause=lambda _: None)

    def tend():
        tended = Tender(backend, lambda: place.context("worker")).tend()
        return [each.state for each in tended]

    assert backend.execute(change, place.context("shop")) == ServiceUpdated(3)
    ready("db", "backup", "copy.db")
    if was_sent:
        assert tend() == [State.DONE]
    (reference,) = [each.reference for each in place.ledger.listed()]
    ready("db", "restore", "copy.db", "--replace")
    assert tend() == []
    began = datetime.now(UTC)
    told = ready("resume", "--numbers-from", "1", "--dry-run").stdout
    assert ready("resume", "--numbers-from", "1").stdout.splitlines()[0] == told.splitlines()[0]
    row = ready("forwards", "list").stdout.splitlines()[1].split("\t")
    assert (row[0], row[3], row[7]) == (reference, "unknown", "restored")
    # What left just before the restore has its time to arrive before it is looked up.
    doubted = place.ledger.find(reference)
    assert doubted is not None
    assert began <= doubted.deadline_at <= datetime.now(UTC)
    if proof is Proof.NONE:
        assert told.startswith("1 command to backends may have been sent since and cannot be look")
        assert tend() == []
        assert elsewhere.tries[reference] == was_sent
        ready("forwards", "resolve", reference, "--done")
    else:
        assert told.startswith("1 command to backends may have been sent since: looked up there")
        assert tend() == [State.DONE]
        assert elsewhere.tries[reference] == 1
    assert tend() == []
    assert elsewhere.tries[reference] == (was_sent or proof is Proof.REFERENCE)


def test_only_a_restored_account_is_resumed(ready):
    told = ready("resume", "--numbers-from", "1", fails=True).stderr
    assert (
        told == "Error: The account is not on hold after a restore; there is nothing to resume\n"
    )


def test_a_backup_is_one_checked_file_that_only_its_owner_reads(ready, tmp_path):
    fill(ready)
    told = ready("db", "backup", "copy.db").stdout.splitlines()
    size = Path("copy.db").stat().st_size
    assert told[0] == (
        f"Account main: copy.db, {size:,} bytes, schema revision {migrate.needed_revision()}, "
        "checked"
    )
    assert re.fullmatch(r"last write: 2026-03-02 \d\d:\d\d:\d\d UTC", told[-1])
    assert Path("copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["copy.db"]
    with closing(sqlite3.connect("copy.db")) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("SELECT count(*) FROM clients").fetchone() == (12,)


@pytest.mark.parametrize("name", ["adapter.db", "adapter.db-wal", "adapter.db.lock", "link.db"])
def test_the_database_is_not_copied_over_itself(ready, tmp_path, name):
    data = tmp_path / "data"
    (data / "link.db").symlink_to(data / "adapter.db")
    before = (data / "adapter.db").read_bytes()
    told = ready("db", "backup", f"data/{name}", fails=True).stderr
    assert "it is the database itself" in told
    assert (data / "adapter.db").read_bytes() == before


def test_a_backup_that_fails_leaves_the_older_one(ready, tmp_path):
    Path("copy.db").write_bytes(b"older")
    (tmp_path / "folder").mkdir()
    assert "No such file" in ready("db", "backup", "nowhere/copy.db", fails=True).stderr
    assert Path("copy.db").read_bytes() == b"older"
    ready("db", "backup", "copy.db")
    assert Path("copy.db").read_bytes().startswith(b"SQLite format 3")


def test_documents_are_not_replaced_unless_that_is_said(ready):
    fill(ready)
    ready("db", "backup", "empty.db")
    ready("run-invoices")
    told = ready("db", "restore", "empty.db", fails=True).stderr
    assert re.search(r"the database has \d+ documents, which would be lost", told)
    ready("run-invoices")
    ready("db", "restore", "empty.db", "--replace")
    assert "on hold" in ready("run-invoices", fails=True).stderr


def test_a_backup_is_brought_to_a_machine_that_has_no_database(ready, monkeypatch, tmp_path):
    fill(ready)
    ready("run-invoices")
    ready("db", "backup", "copy.db")
    url = f"sqlite:///{tmp_path / 'new' / 'adapter.db'}"
    monkeypatch.setenv("ADAPTER_DATABASE_URL", url)
    assert "on hold" in ready("db", "restore", "copy.db").stdout
    assert len(documents(url)) > 0
    assert list((tmp_path / "new").glob(".*")) == []
    assert "on hold" in ready("run-invoices", fails=True).stderr


def garbled(file):
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 2)
        opened.write(os.urandom(4096))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), "file is not a database"),
        (lambda file: file.write_bytes(file.read_bytes()[:-8192]), "malformed"),
        (garbled, ""),
        (lambda file: file.unlink(), "no such file"),
        (lambda file: file.write_bytes(b""), "it has no schema of ours"),
    ],
)
def test_a_spoilt_backup_is_refused_and_the_database_stays(ready, spoil, told):
    fill(ready)
    ready("db", "backup", "copy.db")
    spoil(Path("copy.db"))
    assert told in ready("db", "restore", "copy.db", "--replace", fails=True).stderr
    assert "on hold" not in ready("run-invoices").stdout


def test_a_backup_with_pages_of_another_size_is_taken_all_the_same(ready, tmp_path):
    fill(ready)
    ready("db", "backup", "copy.db")
    with closing(sqlite3.connect("copy.db")) as copy:
        copy.execute("PRAGMA page_size=8192")
        copy.execute("VACUUM")
    assert "on hold" in ready("db", "restore", "copy.db", "--replace").stdout
    with closing(sqlite3.connect(tmp_path / "data" / "adapter.db")) as live:
        assert live.execute("PRAGMA page_size").fetchone() == (4096,)
        assert live.execute("SELECT count(*) FROM clients").fetchone() == (12,)


def test_a_backup_of_a_newer_version_is_refused(ready):
    ready("db", "backup", "copy.db")
    with closing(sqlite3.connect("copy.db")) as copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")
        copy.commit()
    told = ready("db", "restore", "copy.db", fails=True).stderr
    assert "schema revision 9999, which this version does not know" in told
    assert "issued" in ready("run-invoices").stdout


def test_a_backup_of_an_older_version_is_brought_up_to_date(ready, place):
    older = Store(StoreConfig("sqlite:///older.db"))
    migrate.upgrade(older, "0009")
    older.close()
    ready("db", "restore", "older.db")
    assert "no drift" in ready("db", "check").stdout
    with place.store.read() as uow:
        assert [each.reason for each in holds(uow)] == ["restored"]


def test_processes_that_have_the_database_open_see_the_hold_at_once(ready, place):
    fill(ready)
    ready("db", "backup", "copy.db")
    with place.store.read() as uow:
        assert holds(uow) == ()
    ready("db", "restore", "copy.db", "--replace")
    with place.store.read() as uow:
        assert [each.reason for each in holds(uow)] == ["restored"]
        assert holds(uow)[0].facts["file"] == "copy.db"


def test_an_upgrade_copies_a_file_first_and_keeps_three(adapter, tmp_path):
    data = tmp_path / "data"
    adapter("db", "upgrade")
    assert list(data.glob("*.bak")) == []
    for n in range(4):
        store = Store(StoreConfig(f"sqlite:///{data / 'adapter.db'}"))
        migrate.downgrade(store, "0009")
        store.close()
        for each in data.glob("*.bak"):  # as if a day had passed
            each.rename(data / each.name.replace("-2026", f"-201{n}"))
        told = adapter("db", "upgrade").stdout
        newest = max(data.glob("*.bak"), key=lambda each: each.name.partition("-")[2])
        assert re.fullmatch(r"adapter\.db\.0009-\d{8}T\d{6}Z\.bak", newest.name)
        assert told.startswith(
            f"Account main: copied to {newest} before the upgrade (the last three are kept)\n"
        )
        assert len(list(data.glob("*.bak"))) == min(n + 1, 3)
    with closing(sqlite3.connect(newest)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0009",)


@pytest.fixture
def with_password(operator, monkeypatch):
    """Have the account's database behind a password, where the server asks for one."""
    adapter, url = operator
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        secret = parsed.set(password=PASSWORD)
        monkeypatch.setenv("ADAPTER_DATABASE_URL", secret.render_as_string(hide_password=False))
        yield adapter
        return
    user = f"adapter_{os.getpid()}"
    admin = servers.create_engine(StoreConfig(url))
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE USER '{user}'@'%%' IDENTIFIED BY '{PASSWORD}'")
        connection.exec_driver_sql(f"GRANT ALL ON {parsed.database}.* TO '{user}'@'%%'")
    admin.dispose()
    secret = parsed.set(username=user, password=PASSWORD)
    monkeypatch.setenv("ADAPTER_DATABASE_URL", secret.render_as_string(hide_password=False))
    yield adapter
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP USER '{user}'@'%%'")
    admin.dispose()


@pytest.mark.parametrize("operator", EVERY_SERVER, indirect=True)
def test_a_servers_commands_are_printed_without_the_password(with_password):
    for command in ("backup", "restore"):
        told = with_password("db", command, "copy.sql").stdout
        assert PASSWORD not in told
        assert "copy.sql" in told
        assert "# reads the password from " in told
    assert "adapter db restore copy.sql --loaded --account main" in told
    assert not Path("copy.sql").exists()
    # Run, the commands have it.
    with_password("db", "backup", "copy.sql", "--run")
    assert PASSWORD.encode() not in Path("copy.sql").read_bytes()
    assert Path("copy.sql").stat().st_mode & 0o777 == 0o600
    told = with_password("db", "restore", "copy.sql", "--run").stdout
    assert "and on hold" in told


@pytest.mark.parametrize("operator", EVERY_SERVER, indirect=True)
def test_a_dump_that_was_cut_short_is_refused_and_the_database_stays(operator):
    adapter, url = operator
    fill(adapter)
    adapter("run-invoices")
    before = documents(url)
    adapter("db", "backup", "copy.sql", "--run")
    whole = Path("copy.sql").read_bytes()
    Path("copy.sql").write_bytes(whole[: len(whole) // 2])
    told = adapter("db", "restore", "copy.sql", "--run", "--replace", fails=True).stderr
    assert "it is no dump of this kind of server, or was cut short" in told
    assert documents(url) == before
    assert "on hold" not in adapter("run-invoices").stdout


@pytest.mark.parametrize("operator", EVERY_SERVER, indirect=True)
def test_nothing_is_loaded_while_others_use_the_database(operator):
    adapter, url = operator
    adapter("db", "backup", "copy.sql", "--run")
    store = Store(StoreConfig(url))
    with store.read():
        told = adapter("db", "restore", "copy.sql", "--run", fails=True).stderr
    store.close()
    assert "other connections to the database: stop `adapter serve`" in told
