"""`adapter documents`: whether documents can be made as chosen, and how one looks."""

from pathlib import Path

import click

from adapter.assemble import account_links, account_renderer, known_account
from adapter.backends.local.pages import document_page, recorded_number
from adapter.cli.base import (
    WHOLE,
    account_option,
    workplace,
)
from adapter.cli.output import say
from adapter.commands.links import INVOICE
from adapter.documents.check import check_documents, unwritable_scripts
from adapter.settings import load_settings
from adapter.store import tables


@click.group()
def documents() -> None:
    """Check what documents are made with, and render one."""


@documents.command("check")
@account_option
def check(*, account: str) -> None:
    """Say what of the account's templates, logo and fonts cannot be used."""
    chosen = known_account(load_settings(), account)
    problems = list(check_documents(chosen.business, chosen.documents))
    for problem in problems:
        say(problem)
    missing = unwritable_scripts(chosen.documents)
    if missing:
        say(
            f"No font for {', '.join(missing)}: install one (on Debian: fonts-droid-fallback), or "
            "name it in fallback_fonts"
        )
    if problems:
        raise click.ClickException("Documents are made without what is named above")
    say("Documents can be made as chosen")


@documents.command("render")
@click.argument("document_id", type=WHOLE, metavar="DOCUMENT")
@click.option("--kind", default=INVOICE, show_default=True, help="The word of its links.")
@click.option("--html", "as_html", is_flag=True, help="HTML instead of PDF.")
@click.option("--output", type=click.Path(dir_okay=False), help="File to write.")
@account_option
def render(
    *, document_id: int, kind: str, as_html: bool, output: str | None, account: str
) -> None:
    """Write a document as PDF or HTML, and print its link."""
    settings = load_settings()
    with workplace(account, settings) as place:
        with place.store.read() as uow:
            page = document_page(uow, kind, document_id, place.account.account.zone)
            row = uow.row(tables.documents, document_id)
        if page is None:
            raise click.ClickException(f"There is no {kind} {document_id}")
        renderer = account_renderer(place.account)
        file = Path(output or page.file_name)
        if as_html:
            file = file if output else file.with_suffix(".html")
            file.write_text(renderer.html(page), encoding="utf-8")
        else:
            file.write_bytes(renderer.pdf(page))
        say(f"Written to {file}")
        number = document_id if row is None else recorded_number(row)
        say(account_links(settings, place.account).download(kind, document_id, number))
