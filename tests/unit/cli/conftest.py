"""The command line on a folder and database of its own."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from adapter.cli import main


@pytest.fixture
def environ(tmp_path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    values = {"ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'adapter.db'}"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def adapter(environ) -> Callable[..., Result]:
    def run(*arguments: str, stdin: str | None = None, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert bool(result.exit_code) is fails, result.output
        return result

    return run


@pytest.fixture
def ready(adapter) -> Callable[..., Result]:
    adapter("db", "upgrade")
    return adapter  # type: ignore[no-any-return]
