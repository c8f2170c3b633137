"""The shell lines of docs/operations.md, run as they stand."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.fuzz.server import adapter, environment
from tests.integration.test_serve import ADAPTER

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_line_of_the_page_works_in_its_order(tmp_path):
    environ = environment(tmp_path)
    adapter(environ, "db", "upgrade")
    adapter(environ, "demo")
    adapter(environ, "run-invoices")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=lines,
        env={**environ, "PATH": f"{ADAPTER.parent}{os.pathsep}{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Account main: restored from backup.db, and on hold" in done.stdout
    assert "goes on after numbers 250, ids 10000" in done.stdout
