"""The copy of the settings that the processes of `adapter serve` read."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import adapter.cli.kept_settings as module
from adapter.cli.kept_settings import kept_settings
from adapter.settings import CONFIG, CONFIG_NAME, load_settings

READ = "import os; print(open(os.environ['ADAPTER_CONFIG']).read(), end='')"
OLD, NEW = '[access]\naccess_key = "hushhush"\n', "[limits]\nrows = 7\n"


@pytest.fixture
def file(environ, tmp_path, monkeypatch):
    chosen = tmp_path / "adapter.toml"
    chosen.write_text(OLD)
    monkeypatch.setenv(CONFIG, str(chosen))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    return chosen


def read_below() -> str:
    command = [sys.executable, "-c", READ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - this very program


def test_processes_below_read_the_copy_and_no_name_leads_to_it(file, tmp_path):
    with kept_settings(load_settings()) as kept:
        assert list((tmp_path / "temp").iterdir()) == []
        assert Path(os.environ[CONFIG]).stat().st_mode & 0o777 == 0o600
        file.write_text("[broken")
        assert not kept.renew()
        assert read_below() == OLD
        assert load_settings().file == str(file)
        file.write_text(NEW)
        assert kept.renew()
        assert read_below() == NEW
    assert os.environ[CONFIG] == str(file)
    assert CONFIG_NAME not in os.environ


def test_where_no_file_can_be_without_a_name_its_owner_alone_may_read_it(
    file, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_OPEN_FILES", tmp_path / "none")
    with kept_settings(load_settings()) as kept:
        file.write_text(NEW)
        assert kept.renew()
        assert read_below() == NEW
        assert Path(os.environ[CONFIG]).stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "temp").iterdir()) == []
