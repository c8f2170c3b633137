"""The command line: one file per noun, the same commands as the web."""

import click

from adapter.cli import interrupts  # before what takes long to load
from adapter.cli.audit import audit_command
from adapter.cli.base import Commands
from adapter.cli.clock import clock
from adapter.cli.config import config
from adapter.cli.contracts import contracts
from adapter.cli.credentials import credentials
from adapter.cli.db import db
from adapter.cli.demo import demo
from adapter.cli.explain import explain
from adapter.cli.generate_data import generate
from adapter.cli.parked import parked
from adapter.cli.run_invoices import run_invoices
from adapter.cli.schedule import schedule
from adapter.cli.serve import serve
from adapter.cli.setup import setup
from adapter.cli.worker import worker


@click.group(cls=Commands)
@click.version_option(package_name="legacy-billing-gateway")
def main() -> None:
    """Answer legacy billing API clients from a recurring-billing store of your own."""


for _command in (
    clock,
    audit_command,
    config,
    contracts,
    credentials,
    db,
    demo,
    parked,
    explain,
    generate,
    run_invoices,
    schedule,
    serve,
    setup,
    worker,
):
    main.add_command(_command)

interrupts.loaded()
