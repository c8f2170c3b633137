"""What `adapter db` does about copies: made, brought back, and told of."""

import os
import subprocess
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from adapter.assemble import Workplace, at_store
from adapter.cli.output import say, say_table, warn
from adapter.store import migrate
from adapter.store.backups import dumps, files
from adapter.store.backups.resuming import Restored, put_on_hold
from adapter.store.backups.series import Group, Series, all_series, last_write
from adapter.store.unit_of_work import Store

_CALLER = "cli"


def back_up_file(place: Workplace, file: Path) -> None:
    """Copy a SQLite database, and say what the copy holds."""
    size = files.back_up(place.store, file)
    say(
        f"{_account(place)}: {file}, {size:,} bytes, schema revision {migrate.needed_revision()}, "
        "checked"
    )
    _say_state(place)


def back_up_server(place: Workplace, file: Path, *, runs: bool) -> None:
    """Run a server's dump command, or print it."""
    if not runs:
        _print_tool(dumps.dump_tool(place.store, file))
        return
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _run_tool(dumps.dump_tool(place.store, part))
        if not dumps.is_complete(place.store, part):
            raise click.ClickException("the dump was cut short")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    size = file.stat().st_size
    say(f"{_account(place)}: {file}, {size:,} bytes, schema revision {migrate.needed_revision()}")
    _say_state(place)


def before_upgrade(place: Workplace) -> None:
    """Copy a SQLite database that is about to be changed, and say where to."""
    found = migrate.found_revision(place.store)
    if not place.store.is_alone or found in {None, migrate.needed_revision()}:
        return
    copy = files.before_upgrade(place.store, str(found), f"{_now():%Y%m%dT%H%M%SZ}")
    say(f"{_account(place)}: copied to {copy} before the upgrade (the last three are kept)")


def restore_file(place: Workplace, file: Path) -> None:
    """Bring a copy of a SQLite database back, on hold in the same transaction."""
    _require_file(file)
    with files.unpacked(place.store, file) as unpacked:
        if migrate.found_revision(unpacked) is None:
            raise files.BadBackup(file, "it has no schema of ours")
        migrate.upgrade(unpacked)
        restored = _hold(place, unpacked, file)
        files.bring_back(place.store, unpacked)
    _say_restored(place, file, restored)


def restore_server(place: Workplace, file: Path, *, runs: bool, loaded: bool) -> None:
    """Load a dump into a server's database and put it on hold; or print what does."""
    store = place.store
    if not (runs or loaded):
        _print_tool(dumps.load_tool(store, file))
        say("Stop `adapter serve` and every worker first. Start nothing until you have run:")
        say(f"adapter db restore {file} --loaded --account {place.account.account.name}")
        return
    if runs:
        _require_file(file)
        if not dumps.is_complete(store, file):
            raise files.BadBackup(file, "it is no dump of this kind of server, or was cut short")
        others = dumps.others_connected(store)
        if others:
            raise click.ClickException(
                f"{others} other connections to the database: stop `adapter serve` and every "
                "worker first"
            )
        store.engine.dispose()
        _run_tool(dumps.load_tool(store, file))
    fresh = Store(store.config)
    try:
        if migrate.found_revision(fresh) is None:
            raise files.BadBackup(file, "it brought no schema of ours")
        migrate.upgrade(fresh)
        restored = _hold(place, fresh, file)
    finally:
        fresh.close()
    _say_restored(place, file, restored)


def _hold(place: Workplace, store: Store, file: Path) -> Restored:
    # Settings versions count changes: none ever comes near the seconds of our time.
    version = int(_now().timestamp())
    context = at_store(place, store).context(_CALLER)
    return put_on_hold(store, context, version, {"file": str(file)})


def _say_restored(place: Workplace, file: Path, restored: Restored) -> None:
    name = place.account.account.name
    say(f"{_account(place)}: restored from {file}, and on hold: nothing is billed or sent")
    _say_series(restored.series, restored.last_write)
    highest = max(each.highest for each in restored.series if each.group is Group.ID)
    say("Find the highest number and id that were given after that, then:")
    say(f"adapter resume --numbers-from N --ids-from M --account {name}   (M at least {highest})")
    if place.account.account.name == "main":
        warn("Credentials are as in the backup: revoke again what was revoked since")


def _say_state(place: Workplace) -> None:
    with place.store.read() as uow:
        series = all_series(uow, place.context(_CALLER).today)
        moment = last_write(uow)
    _say_series(series, moment)


def _say_series(series: Iterable[Series], moment: datetime | None) -> None:
    rows = [(each.group.value, each.name, str(each.highest)) for each in series if each.highest]
    say_table(("kind", "series", "highest"), rows)
    say("last write: " + ("none" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"))


def _print_tool(tool: dumps.Tool) -> None:
    say(str(tool))
    for name in tool.asks_for:
        say(f"# reads the password from {name}")


def _run_tool(tool: dumps.Tool) -> None:
    """Run a command that we have built; raises with what it says when it fails."""
    environ = {**os.environ, **tool.secrets}
    stdin: Any = subprocess.DEVNULL
    try:
        if tool.stdin is not None:
            stdin = tool.stdin.open("rb")
        done = subprocess.run(  # noqa: S603 - built from the settings
            tool.arguments, stdin=stdin, env=environ, check=False, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise click.ClickException(f"{tool.arguments[0]} is not installed here") from error
    finally:
        if stdin is not subprocess.DEVNULL:
            stdin.close()
    if done.returncode:
        said = done.stderr.strip() or f"status {done.returncode}"
        raise click.ClickException(f"{tool.arguments[0]}: {said}")


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise click.ClickException(f"{file}: no such file")


def _account(place: Workplace) -> str:
    return f"Account {place.account.account.name}"


def _now() -> datetime:
    return datetime.now(UTC)
