"""Software that we did not write, each in an environment of its own, made on first use."""

import shutil
import subprocess
import venv
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def python_of(software: str) -> Path:
    """Return the interpreter of a software's own environment; skips where none can be made."""
    folder = HERE / f".venv-{software}"
    python, wanted = folder / "bin" / "python", HERE / f"{software}.txt"
    if not _is_made(folder, wanted):
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)]
        _make(software, folder, wanted, install, "let pip reach its package registry")
    return python


def node_modules_of(software: str) -> Path:
    """Return the folder in which Node.js finds a software; skips where none can be made."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"{software} needs Node.js: install nodejs and npm")
    folder = HERE / f".venv-{software}"
    wanted = HERE / f"{software}.json"
    if not _is_made(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(wanted, folder / "package.json")
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        install = [npm, "install", "--prefix", str(folder), "--loglevel", "error", *quiet]
        _make(software, folder, wanted, install, "let npm reach its package registry")
    return folder / "node_modules"


def _stamp(folder: Path) -> Path:
    return folder / "installed.txt"


def _is_made(folder: Path, wanted: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text() == wanted.read_text()


def _make(software: str, folder: Path, wanted: Path, install: list[str], enable: str) -> None:
    made = subprocess.run(install, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    if made.returncode:
        pytest.skip(f"{software} cannot be installed, {enable}: {made.stderr.strip()[-300:]}")
    _stamp(folder).write_text(wanted.read_text())
