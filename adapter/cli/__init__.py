"""The command line: one file per noun, the same commands as the web."""

import click

from adapter.cli import collector, interrupts  # before what takes long to load
from adapter.cli.audit import audit_command
from adapter.cli.base import Commands
from adapter.cli.clock import clock
from adapter.cli.config import config
from adapter.cli.contracts import contracts
from adapter.cli.credentials import credentials
from adapter.cli.db import db
from adapter.cli.demo import demo
from adapter.cli.documents import documents
from adapter.cli.duplicates import duplicates
from adapter.cli.explain import explain
from adapter.cli.forwards import forwards
from adapter.cli.generate_data import generate
from adapter.cli.go_live import go_live_command
from adapter.cli.held import held
from adapter.cli.outbox import outbox
from adapter.cli.parked import parked
from adapter.cli.requests import requests
from adapter.cli.resume import resume_command
from adapter.cli.routes import routes
from adapter.cli.run_invoices import run_invoices
from adapter.cli.runs import runs
from adapter.cli.schedule import schedule
from adapter.cli.serve import serve
from adapter.cli.setup import setup
from adapter.cli.transfer import export_command, import_command
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
    duplicates,
    documents,
    outbox,
    parked,
    explain,
    export_command,
    forwards,
    generate,
    requests,
    resume_command,
    go_live_command,
    import_command,
    held,
    routes,
    run_invoices,
    runs,
    schedule,
    serve,
    setup,
    worker,
):
    main.add_command(_command)

collector.loaded()
interrupts.loaded()
