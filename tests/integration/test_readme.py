"""The README's own commands, run by a shell against a fresh gateway."""

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_serve import ADAPTER, start, stop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.enable_socket,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

README = Path(__file__).parents[2] / "README.md"


def commands(url: str, identifier: str, secret: str) -> str:
    """Return the README's shell commands with this server's address and credential."""
    text = "\n".join(re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL))
    later = str(datetime.now(UTC).date() + timedelta(days=35))
    values = {"URL": url, "IDENTIFIER": identifier, "SECRET": secret, "LATER": later}
    for name, value in values.items():
        text, found = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
        assert found == 1
    return text


def test_a_new_user_gets_to_a_billed_service_and_a_billed_recurring_invoice(tmp_path):
    running = start(tmp_path, "--no-worker")
    try:
        done = subprocess.run(
            ["/bin/sh", "-eu"],
            input=commands(f"http://127.0.0.1:{running.port}", running.identifier, running.secret),
            env={**running.environ, "PATH": f"{ADAPTER.parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        stop(running)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, documents = done.stdout.splitlines()
    run_by_hand = next(line for line in lines if line.startswith("Account main"))
    assert "1 invoice issued" in run_by_hand
    lines.remove(run_by_hand)
    replies: list[Any] = [json.loads(line) for line in lines]
    assert all("success" in {reply.get("result"), reply.get("type")} for reply in replies), replies
    counts = [reply["numcreated"] for reply in replies if "numcreated" in reply]
    assert counts == ["1", "0", "1"]
    shown = [reply["invoices"]["invoice"] for reply in replies if "invoices" in reply]
    assert [[row["total"] for row in rows] for rows in shown] == [["99.00"], ["575.00"]]
    assert "575.00" in documents
