"""Every shell line of README.md and docs/*.md, run by a shell in an empty folder, page by page.

What a page starts with `adapter serve` runs beside the rest of it, on ports of the test's own.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.server import free_port
from tests.integration.test_serve import ADAPTER
from tests.pages import PAGES, ROOT, Block, blocks, shell

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

SECONDS = 240
PORT, METRICS_PORT = "8080", "9464"
SERVE = f"adapter serve --bind 127.0.0.1:{PORT}"

REGISTRY = "takes packages from a registry; `make test` installs the same ones"
ROOT_ONLY = "makes users and files of the whole machine, as root"
A_SERVICE = "needs a running systemd"
A_WEB_SERVER = "installs into the machine's web server; tests/integration/test_fronts.py runs one"
DOCKER = "needs images from a registry; tests/unit/deploy checks what the file names"
A_DATABASE_SERVER = "makes a user on a database server; the tests make databases themselves"
# Blocks that are not run here, by page and first line.
NOT_HERE: Mapping[tuple[str, str], str] = {
    ("README.md", "make run"): "is how the tests are run; `adapter demo` has tests of its own",
    ("docs/operating.md", "python3 -m venv /opt/adapter"): REGISTRY,
    ("docs/deploy.md", "createuser --pwprompt adapter"): A_DATABASE_SERVER,
    ("docs/deploy.md", "mariadb <<'END'"): A_DATABASE_SERVER,
    ("docs/deploy.md", "python3 -m venv /opt/adapter"): ROOT_ONLY,
    ("docs/deploy.md", "umask 027"): ROOT_ONLY,
    ("docs/deploy.md", "adapter config check"): A_SERVICE,
    ("docs/deploy.md", "systemctl enable --now adapter-worker@2"): A_SERVICE,
    (
        "docs/deploy.md",
        "install -m 0644 docs/deploy/nginx.conf /etc/nginx/conf.d/adapter.conf",
    ): A_WEB_SERVER,
    (
        "docs/deploy.md",
        "install -m 0644 docs/deploy/apache.conf /etc/apache2/sites-available/adapter.conf",
    ): A_WEB_SERVER,
    ("docs/deploy.md", "docker compose -f docs/deploy/compose.yaml up --build --detach"): DOCKER,
}
# Where a page says nothing of it, a gateway is there already.
STARTED = f"adapter db upgrade\nadapter credentials add shop\n{SERVE}\n"
BEFORE: Mapping[str, str] = {
    "docs/canonical.md": "adapter db upgrade\n",
    "docs/catalogue.md": "adapter db upgrade\n",
    "docs/documents.md": "adapter db upgrade\n",
    "docs/import.md": "adapter db upgrade\n",
    "docs/integrating.md": STARTED,
    "docs/management.md": STARTED,
    "docs/operations.md": "adapter db upgrade\nadapter generate-data --schedules 20\n",
    "docs/requests.md": "adapter db upgrade\n",
}


def catalogue_file(folder: Path) -> None:
    *_, example = (block for block in blocks("docs/catalogue.md") if block.language == "toml")
    (folder / "catalogue.toml").write_text(example.text)


def import_file(folder: Path) -> None:
    example = next(block for block in blocks("docs/import.md") if block.language == "jsonl")
    (folder / "old.jsonl").write_text(example.text)


def deploy_folder(folder: Path) -> None:
    shutil.copytree(ROOT / "docs" / "deploy", folder / "docs" / "deploy")


PREPARE: Mapping[str, Callable[[Path], None]] = {
    "docs/catalogue.md": catalogue_file,
    "docs/deploy.md": deploy_folder,
    "docs/import.md": import_file,
}
# What is to be read in what a page's lines print, besides their all ending well.
SAID: Mapping[str, tuple[str, ...]] = {
    "docs/canonical.md": (r"business id +1",),
    "docs/catalogue.md": (r'code = "SPRING"',),
    "docs/deploy.md": (),
    "docs/documents.md": (r"^0 mails dropped$",),
    "docs/integrating.md": (r'"result":"success","totalresults":', r"^Client .*[Nn]ot [Ff]ound"),
    "docs/management.md": (r'"moved_by_seconds": ?1209600',),
    "docs/operations.md": (
        r"Account main: restored from backup\.db, and on hold",
        r"goes on after numbers 250, ids 10000",
    ),
    "docs/operating.md": (
        r"server\.metrics_bind\t127\.0\.0\.1:\d+\t.*adapter\.toml",
        r'name = "Hosting"',
        r"^ok$",
        r"^ready$",
        r'adapter_store_up\{account="main"\} 1',
        r"Account main: 10 clients and 40 schedules generated, 10 of them due",
    ),
}


def check_readme(printed: str) -> None:
    """Check what the calls of the README answer, one after another."""
    *answers, documents = [line for line in printed.splitlines() if line.startswith(("{", "["))]
    replies: list[Any] = [json.loads(line) for line in answers]
    assert all("success" in {reply.get("result"), reply.get("type")} for reply in replies), replies
    counts = [reply["numcreated"] for reply in replies if "numcreated" in reply]
    assert counts == ["1", "0", "1"]
    shown = [reply["invoices"]["invoice"] for reply in replies if "invoices" in reply]
    assert [[row["total"] for row in rows] for rows in shown] == [["99.00"], ["575.00"]]
    assert "575.00" in documents
    (run_by_hand,) = [line for line in printed.splitlines() if " issued" in line]
    assert run_by_hand.startswith("Account main")
    assert "1 invoice issued" in run_by_hand


CHECKS: Mapping[str, Callable[[str], None]] = {"README.md": check_readme}


def is_here(block: Block) -> bool:
    if block.name.startswith("promtool "):
        return shutil.which("promtool") is not None
    return (block.page, block.name) not in NOT_HERE


def script(page: str, port: int, metrics_port: int) -> str:
    """Return the shell lines of a page, what only a person can do done for him."""
    text = BEFORE.get(page, "") + "".join(block.text for block in shell(page) if is_here(block))
    later = str(datetime.now(UTC).date() + timedelta(days=35))
    text = re.sub(r"(?m)^LATER=.*$", f"LATER={later}", text)
    for name in ("IDENTIFIER", "SECRET"):
        typed = f"$(sed -n 's/^{name.lower()} *//p' credential)"
        text = text.replace(f"\n{name}=...\n", f"\n{name}={typed}\n")
    # The worker may be faster on a day that the page moves the clock to.
    last = "$(sed -n 's/.*the last is //p' runs | tail -n 1)"
    text = text.replace("\nINVOICE=...\n", f"\nINVOICE={last}\n")
    text = re.sub(
        r"(?m)^adapter run-invoices$", "adapter run-invoices > run; cat run; cat run >> runs", text
    )
    text = re.sub(r"(?m)^(adapter credentials add .*)$", r"\1 > credential; cat credential", text)
    waiting = (
        "serving=$!\ntrap 'kill $serving; wait $serving' EXIT\n"
        "until grep -q 'Serving on' serve.log; do kill -0 $serving; sleep 0.1; done\n"
    )
    text = text.replace(f"{SERVE}\n", f"{SERVE} > serve.log 2>&1 &\n{waiting}")
    return text.replace(PORT, str(port)).replace(METRICS_PORT, str(metrics_port))


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_here, shell(page)))])
def test_every_shell_line_of_a_page_works(page, tmp_path):
    PREPARE.get(page, lambda _: None)(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=script(page, free_port(), free_port()),
        env={**kept, "PATH": f"{ADAPTER.parent}{os.pathsep}{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    log = tmp_path / "serve.log"
    told = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    assert done.returncode == 0, told
    assert "Traceback" not in told
    if page in CHECKS:
        CHECKS[page](done.stdout)
    for wanted in SAID.get(page, ()):
        assert re.search(wanted, done.stdout, re.MULTILINE), (wanted, told)


def test_only_blocks_that_there_are_are_left_out():
    there = {(block.page, block.name) for page in PAGES for block in shell(page)}
    assert set(NOT_HERE) <= there
