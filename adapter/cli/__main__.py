"""`python -m adapter.cli` is `adapter`."""

from adapter.cli import main

main(prog_name="adapter")
