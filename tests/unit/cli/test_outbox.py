"""`adapter outbox`, `adapter documents` and what the worker sends, as an operator calls them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.assemble import open_workplace
from adapter.settings import load_settings
from adapter.store.outbox import enqueue_mail


@pytest.fixture
def queued(ready):
    """Have the demo's client, and queue him two mails, one of which can never be written."""
    ready("demo")
    place = open_workplace(load_settings(), "main")
    with place.store.write() as uow:
        enqueue_mail(uow, place.context("tests"), "client_welcome", 1)
        enqueue_mail(uow, place.context("tests"), "Nonsense", 1)
    place.store.close()
    return ready


def test_the_worker_writes_mail_and_the_outbox_says_what_became_of_it(queued, tmp_path):
    assert "waiting 2, sending 0, sent 1," in queued("outbox", "list").stdout
    told = queued("worker", "--once").stderr
    assert told == "Account main, mail 3: dead: There is no mail template for 'Nonsense'\n"
    assert len(list((tmp_path / "data" / "mail").glob("*.eml"))) == 2
    head, row, _, counts = queued("outbox", "list").stdout.splitlines()
    assert head == "row\tstate\tmail\tclient\tdocument\tqueued\ttries\twhy"
    today = datetime.now(UTC).date().isoformat()
    assert row.startswith(f"3\tdead\tNonsense\t1\t\t{today} ")
    assert row.endswith("\t1\tThere is no mail template for 'Nonsense'")
    assert counts == "waiting 0, sending 0, sent 2, dead 1, expired 0, dropped 0"


def test_rows_are_retried_and_dropped_by_number_or_all_at_once(queued):
    queued("worker", "--once")
    assert queued("outbox", "retry", "3").stdout == "1 mail will be sent\n"
    assert "waiting 1" in queued("outbox", "list").stdout
    assert queued("outbox", "drop", "3").stdout == "1 mail dropped\n"
    assert "\tdropped\t" in queued("outbox", "list", "--status", "dropped").stdout
    assert queued("outbox", "retry", "--all").stdout == "0 mails will be sent\n"
    assert "Outbox row 1 " in queued("outbox", "retry", "1", fails=True).stderr
    assert "Name rows, or give --all" in queued("outbox", "drop", fails=True).stderr
    assert "Name rows, or give --all" in queued("outbox", "drop", "3", "--all", fails=True).stderr


def test_mail_from_before_delivery_expires_and_leaves_only_by_a_retry(ready, monkeypatch):
    monkeypatch.setenv("ADAPTER_MAIL_TRANSPORT", "none")
    ready("demo")
    ready("worker", "--once")
    assert "waiting 1" in ready("outbox", "list").stdout
    monkeypatch.setenv("ADAPTER_MAIL_TRANSPORT", "files")
    told = ready("worker", "--once").stderr
    assert told == "Account main: 1 mail expired (`adapter outbox list`)\n"
    assert "queued before mail was switched on" in ready("outbox", "list").stdout
    assert ready("outbox", "retry", "--all").stdout == "1 mail will be sent\n"
    ready("worker", "--once")
    assert "sent 1" in ready("outbox", "list").stdout


def test_documents_are_checked_with_a_clear_message(ready, tmp_path, monkeypatch):
    assert "Documents can be made as chosen" in ready("documents", "check").stdout
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "document.xml").write_text("<page>\n{% if %}")
    monkeypatch.setenv("ADAPTER_ACCOUNTS_MAIN_DOCUMENTS_TEMPLATES", str(tmp_path / "own"))
    monkeypatch.setenv("ADAPTER_ACCOUNTS_MAIN_DOCUMENTS_LOGO", "none.png")
    found = ready("documents", "check", fails=True)
    assert "logo none.png: No such file or directory\n" in found.stdout
    assert "template document.xml, line 2: Expected an expression" in found.stdout
    assert "Documents are made without what is named above" in found.stderr


def test_a_document_is_written_as_pdf_and_html(ready):
    ready("demo")
    printed = ready("documents", "render", "2").stdout.splitlines()
    assert printed[0] == "Written to invoice-1.pdf"
    assert printed[1].startswith("http://127.0.0.1:8080/scripts/Download.php?type=invoice&id=2&")
    assert Path("invoice-1.pdf").read_bytes().startswith(b"%PDF-")
    ready("documents", "render", "2", "--html", "--output", "x.html")
    assert "Website design" in Path("x.html").read_text()
    assert "There is no invoice 9" in ready("documents", "render", "9", fails=True).stderr
