import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapter.cli import main


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{tmp_path / 'adapter.db'}")
    return tmp_path / "adapter.db"


@pytest.fixture
def generate(database: Path) -> Callable[..., Result]:
    CliRunner().invoke(main, ["db", "upgrade"], catch_exceptions=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["generate-data", *arguments])

    return run


def clients(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        found: int = connection.execute("SELECT count(*) FROM clients").fetchone()[0]
    connection.close()
    return found


def test_a_run_bills_what_was_generated_as_due(generate, database):
    made = generate("--schedules", "40", "--kind", "services", "--clients", "40", "--due", "7")
    assert made.exit_code == 0, made.output
    *progress, last = made.stdout.splitlines()
    assert progress == ["40 of 80 written", "80 of 80 written"]
    assert last.startswith("Account main: 40 clients and 40 schedules generated, 7 of them due on")
    assert clients(database) == 40
    billed = CliRunner().invoke(main, ["run-invoices"])
    assert ": 7 invoices issued" in billed.stdout


@pytest.mark.parametrize(
    ("due", "count"),
    [("0", 0), ("1", 1), ("40", 40), ("10%", 4), ("12.5%", 5), ("0.5", 20), ("1.0", 40),
     (".25", 10), ("100%", 40), ("0%", 0)],
)  # fmt: skip
def test_due_is_a_share_or_a_count(generate, due, count):
    made = generate("--schedules", "40", "--due", due)
    assert f"40 schedules generated, {count} of them due" in made.stdout


@pytest.mark.parametrize("due", ["41", "101%", "1.5", "-1", "", "half", "1e1", "\u0663", "%", "."])
def test_a_due_that_cannot_be_changes_nothing(generate, database, due):
    refused = generate("--schedules", "40", "--due", due)
    assert refused.exit_code == 2
    assert "Invalid value for --due" in refused.stderr
    assert clients(database) == 0


@pytest.mark.parametrize(
    "arguments",
    [["--schedules", "0"], ["--schedules", "x"], ["--schedules", "4", "--clients", "0"],
     ["--schedules", "4", "--kind", "lots"], ["--schedules", "4", "--seed", "x"], []],
)  # fmt: skip
def test_bad_options_change_nothing(generate, database, arguments):
    assert generate(*arguments).exit_code == 2
    assert clients(database) == 0


def test_a_production_account_is_refused(generate, database, production):
    refused = generate("--schedules", "4")
    assert refused.exit_code == 1
    assert refused.stderr == "Error: Account main is in production: no made-up data\n"
    assert clients(database) == 0
