"""What commands print: tables and marks on a terminal, plain lines anywhere else."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text


def say(line: str = "") -> None:
    """Print one line."""
    click.echo(line)


def warn(line: str) -> None:
    """Print one line on standard error."""
    click.secho(line, err=True, fg="yellow")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun (`1 invoice`, `2 invoices`)."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def say_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names with their values, a line each; the same everywhere, so that scripts read it."""
    rows = list(facts)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, else tab-separated with a first line of names."""
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
