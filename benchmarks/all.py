"""Run every benchmark and write `benchmarks/README.md`: the table, the machine and the date.

    python benchmarks/all.py

Each script measures its claim against its reference in one run and exits with 1 where a claim
fails; so does this. Run it alone: two busy neighbours are enough to make every ratio wrong.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("decode.py", "http_calls.py")
HEAD = """# Benchmarks

Speed is claimed only as a ratio to a reference measured in the same run: medians of several runs
after a warm-up. `make bench` runs every script and writes this file.

- `decode.py`: reading 1,000 rows of 8 columns, against PHP's `parse_str` and a bare `json.loads`.
- `http_calls.py`: requests per second and p99 over HTTP with 16 connections and 2 workers, against
  a bare Flask view that does comparable work (`reference_app.py`). `load.py` is the client.
"""


def main() -> int:
    """Run the scripts in turn; exit 1 when one misses a claim."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    python = f"Python {platform.python_version()}"
    report = [HEAD, f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}, {python}.\n"]
    failed = 0
    for script in SCRIPTS:
        ended = subprocess.run(
            [sys.executable, str(HERE / script)], capture_output=True, text=True, check=False
        )
        print(ended.stdout, ended.stderr, sep="", flush=True)
        failed |= ended.returncode
        rows = [line for line in ended.stdout.splitlines() if line.startswith("|")]
        report += [f"## {script}\n", "\n".join(rows) + "\n"]
    (HERE / "README.md").write_text("\n".join(report), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
