"""Ctrl-C as an operator expects it: one quiet, orderly end, whenever it is pressed.

A terminal sends SIGINT to a program and all processes below it. `adapter.cli` imports this first,
so that it ends the program at once while that loads, instead of with a stack of its imports.
"""

import signal
import threading
from multiprocessing import resource_tracker
from types import FrameType

_quiet = (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
)
if _quiet:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def loaded() -> None:
    """Let Ctrl-C be an exception again, now that everything is imported."""
    if _quiet:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def handle_once() -> None:
    """Turn Ctrl-C into a SIGTERM to this process, and keep it from the processes it starts.

    Those are ended by this one, in order; with a SIGINT of their own they would end beside it, in
    the middle of a request or of their imports. Called by the main thread; holds until the end.
    """
    main = threading.get_ident()

    def pass_on() -> None:
        while True:
            signal.sigwait({signal.SIGINT})
            signal.pthread_kill(main, signal.SIGTERM)

    # Whoever starts it lifts the block again (Python up to 3.12): it must be there before.
    resource_tracker.ensure_running()
    signal.signal(signal.SIGTERM, _end)
    # Processes and threads inherit the block from the thread that starts them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=pass_on, name="ctrl-c", daemon=True).start()


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
