"""Show that the tests of the invariants can fail: `python -m tests.mutations [WORD...]`.

Each defect of the catalogue is put into a copy of the source, never into the source itself, and
the test that names its invariant must fail there, having passed on an untouched copy. With words,
only mutations whose row contains one of them are tried. Prints a table; ends with an error when a
defect survives or can no longer be put in. Tests on a server that cannot be reached are "not
tried".
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from tests.mutations.catalogue import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("adapter", "tests", "contracts", "docs", "pyproject.toml")
TIME_LIMIT_SECONDS = 600
_COUNTS = re.compile(r"(\d+) (failed|passed|skipped|errors?)\b")


class Verdict(StrEnum):
    """How a mutation ended."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    UNTRIED = "not tried"
    OUTDATED = "OUTDATED"
    UNCLEAR = "UNCLEAR"


GOOD = frozenset({Verdict.KILLED, Verdict.UNTRIED})


def copy_source(folder: Path) -> None:
    """Copy what the tests need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)


def counts(folder: Path, tests: Sequence[str]) -> dict[str, int]:
    """Run tests in a copy and return how many passed, failed, were skipped or broke."""
    done = subprocess.run(  # noqa: S603 - this interpreter and our own tests
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            # Both kinds: without this the tests on real servers are left out.
            *("-m", "db or not db", "--hypothesis-seed=20260302", "--tb=no", *tests),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    return {word.removesuffix("s"): int(count) for count, word in _COUNTS.findall(last)}


def tried(mutation: Mutation) -> tuple[Verdict, float]:
    """Put a mutation into a copy of its own and run its test there."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        copy_source(folder)
        path = folder / mutation.path
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text.count(mutation.old) != 1:
            return Verdict.OUTDATED, 0.0
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        found = counts(folder, [mutation.test])
    spent = time.monotonic() - began
    if found.get("failed"):
        return Verdict.KILLED, spent
    if found.get("error"):
        return Verdict.UNCLEAR, spent
    if found.get("passed"):
        return Verdict.SURVIVED, spent
    return (Verdict.UNTRIED if found.get("skipped") else Verdict.UNCLEAR), spent


def main(words: Sequence[str]) -> int:
    """Try the mutations and return the exit status."""
    chosen = [
        mutation
        for mutation in MUTATIONS
        if not words or any(word in f"{mutation.invariant} {mutation.defect}" for word in words)
    ]
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        copy_source(Path(name))
        untouched = counts(Path(name), sorted({mutation.test for mutation in chosen}))
    if not chosen or set(untouched) - {"passed", "skipped"} or not untouched.get("passed"):
        sys.stdout.write(f"Without any mutation the tests do not pass: {untouched}\n")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        ends = list(threads.map(tried, chosen))
    for mutation, (verdict, seconds) in zip(chosen, ends, strict=True):
        test = mutation.test.rpartition("::")[2] if "::" in mutation.test else mutation.test
        row = (
            f"{verdict:9}  {seconds:5.1f} s  {mutation.invariant:21}  {mutation.defect:59}  {test}"
        )
        sys.stdout.write(f"{row}\n")
    bad = [verdict for verdict, _ in ends if verdict not in GOOD]
    sys.stdout.write(f"{len(ends)} mutations, {len(bad)} that no test noticed or could be tried\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
