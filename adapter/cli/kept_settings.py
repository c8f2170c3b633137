"""The settings file as the processes of `adapter serve` read it: a copy that no crash leaves.

The copy may hold secrets. It is a file without a name, which ends with the process that holds it
open; the processes below open it through that one. Where the system shows no such files it is a
file of a folder that nobody else may read.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from adapter.assemble import assemble, check_fixed
from adapter.cli.output import say, warn
from adapter.settings import CONFIG, CONFIG_NAME, Settings, SettingsError, load_settings

_OPEN_FILES: Final = Path("/proc/self/fd")


class _Copy(Protocol):
    @property
    def path(self) -> str:
        """Where every process below reads it."""

    def write(self, content: bytes) -> None:
        """Replace it as a whole: whoever reads it meanwhile has the old or the new one."""


class _Nameless:
    """A copy that is open here and stands in no folder."""

    def __init__(self, stack: ExitStack) -> None:
        self._held = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, self._held)

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._held}"

    def write(self, content: bytes) -> None:
        with tempfile.TemporaryFile() as new:  # readable for its owner alone
            new.write(content)
            new.flush()
            os.dup2(new.fileno(), self._held, inheritable=False)


class _Named:
    """A copy in a folder of its own."""

    def __init__(self, stack: ExitStack) -> None:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="adapter-settings-"))
        self._file = Path(folder) / "adapter.toml"

    @property
    def path(self) -> str:
        return str(self._file)

    def write(self, content: bytes) -> None:
        new = self._file.with_suffix(".new")
        with suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        new.replace(self._file)


class KeptSettings:
    """The settings file that all processes read: a copy, replaced only by one that can be used.

    So a process that is started anew, or reads again a moment later, has what the others have.
    """

    def __init__(self, settings: Settings, copy: _Copy) -> None:
        self._settings = settings
        self._source = os.environ.get(CONFIG)
        self._copy = copy
        self._write(settings)
        os.environ[CONFIG] = copy.path

    def restore(self) -> None:
        """Give the environment back as it was."""
        os.environ.pop(CONFIG_NAME, None)
        if self._source is None:
            os.environ.pop(CONFIG, None)
        else:
            os.environ[CONFIG] = self._source

    def renew(self) -> bool:
        """Take the file over as it is now; where it cannot be used say why, and keep the old."""
        environ = {name: value for name, value in os.environ.items() if name != CONFIG_NAME}
        try:
            settings = load_settings({**environ, CONFIG: self._source or ""})
            check_fixed(self._settings, settings)
            assemble(settings).close()
            self._write(settings)
        except SettingsError as error:
            for problem in error.problems:
                warn(f"Settings refused, the old ones stay: {problem}")
            return False
        except OSError as error:
            warn(f"Settings refused, the old ones stay: {error.filename}: {error.strerror}")
            return False
        self._settings = settings
        say("Settings read again")
        sys.stdout.flush()
        return True

    def _write(self, settings: Settings) -> None:
        self._copy.write(b"" if settings.file is None else Path(settings.file).read_bytes())
        os.environ[CONFIG_NAME] = settings.file or ""


@contextmanager
def kept_settings(settings: Settings) -> Iterator[KeptSettings]:
    """Have this process and those it starts read the settings from a copy."""
    with ExitStack() as stack:
        copy = _Nameless(stack) if _OPEN_FILES.is_dir() else _Named(stack)
        kept = KeptSettings(settings, copy)
        try:
            yield kept
        finally:
            kept.restore()
