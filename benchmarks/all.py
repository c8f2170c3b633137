"""Run every benchmark and write `benchmarks/README.md`: the tables, the machine and the date.

    python benchmarks/all.py [--quick] [SCRIPT...]

With scripts named, only their tables are measured again; the others stay as they are written.
`--quick` tries the scripts of the invoice run at small sizes and writes nothing.

Each script measures its claim against its reference in one run and exits with 1 where a claim
fails; so does this. Run it alone: two busy neighbours are enough to make every ratio wrong.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
REPORT = HERE / "README.md"
SCRIPTS = ("decode.py", "http_calls.py", "documents.py", "forward.py")
# These fill stores of their own; all of them know --quick.
RUN_SCRIPTS = (
    "small_run.py",
    "invoice_run.py",
    "due_cost.py",
    "reads.py",
    "run_size.py",
    "parallel_run.py",
    "beside_run.py",
    "against_peers.py",
)
HEAD = """# Benchmarks

Speed is claimed only as a ratio to a reference measured in the same run: medians of several runs
after a warm-up. `make bench` runs every script and writes this file.

- `decode.py`: reading 1,000 rows of 8 columns, against PHP's `parse_str` and a bare `json.loads`.
- `http_calls.py`: requests per second and p99 over HTTP with 16 connections and 2 workers, against
  a bare Flask view that does comparable work (`reference_app.py`). `load.py` is the client.
- `documents.py`: PDFs per second and core, against the PDF library's bare rendering of the same
  words.
- `forward.py`: requests per second and p99 of what passes to an upstream and of what is
  translated and stored, against bare Flask views with `requests` (`forward_reference.py`) and
  nginx, with an upstream that answers at once or after 50 ms (`forward_upstream.py`).
- `small_run.py`: one client with three due services, in process, commit included.
- `invoice_run.py`: a whole `GenInvoices` call over 100,000 due schedules on every engine, against
  bare set-based SQL that writes the very same rows (`bare_sql.py`).
- `due_cost.py`: nothing due, and 1,000 due, among 1,000,000 schedules.
- `reads.py`: one client of 100,000, a page and the unpaid ones of 1,000,000 invoices, against the
  very statements that each sends, issued directly.
- `run_size.py`: 1,000,000 due against 100,000, in time and in memory.
- `parallel_run.py`: two processes against one on PostgreSQL.
- `beside_run.py`: creates on SQLite while 1,000,000 services are billed.
- `against_peers.py`: django-silver and Tryton at the same work (`peers/`), installed from the
  package registry on first use.

PostgreSQL and MariaDB are looked for where the tests look for them; `gateway.py` and `stores.py`
are what the scripts share.
"""


def main() -> int:
    """Run the scripts in turn; exit 1 when one misses a claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes; writes nothing")
    parser.add_argument("scripts", nargs="*", help="measure these alone again")
    options = parser.parse_args()
    quick = options.quick
    known = RUN_SCRIPTS if quick else (*SCRIPTS, *RUN_SCRIPTS)
    if unknown := set(options.scripts) - set(known):
        parser.error(f"no benchmark {min(unknown)}")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    python = f"Python {platform.python_version()}"
    measured = f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {python}"
    tables = written() if options.scripts else {}
    failed = 0
    for script in options.scripts or known:
        command = [sys.executable, str(HERE / script), *(["--quick"] if quick else [])]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        print(ended.stdout, ended.stderr, sep="", flush=True)
        failed |= ended.returncode
        rows = [line for line in ended.stdout.splitlines() if line.startswith("|") or not line]
        tables[script] = f"Measured on {measured}.\n\n" + "\n".join(rows).strip() + "\n"
    if not quick:
        report = [f"## {script}\n\n{tables[script]}" for script in known if script in tables]
        REPORT.write_text("\n".join([HEAD, *report]), encoding="utf-8")
    return failed


def written() -> dict[str, str]:
    """Return the sections that the file has, by script."""
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    _, *sections = re.split(r"(?m)^## (\S+)\n\n", text)
    bodies = (f"{body.strip()}\n" for body in sections[1::2])
    return dict(zip(sections[::2], bodies, strict=True))


if __name__ == "__main__":
    sys.exit(main())
