"""Imports without the garbage collector: it would look through every class again and again.

`adapter.cli` imports this before what takes long to load. What was loaded stays for good, so the
collector leaves it alone afterwards too.
"""

import gc

_was_on = gc.isenabled()
gc.disable()


def loaded() -> None:
    """Let it work again, on what comes from now on."""
    gc.freeze()
    if _was_on:
        gc.enable()
