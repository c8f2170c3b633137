"""Documents that do not exist yet, as commands show them."""

from typing import Any

from adapter.cli.output import say
from adapter.store.run import PreviewDocument


def say_document(document: PreviewDocument) -> None:
    """Print a document: when, for which due date, its lines and sums."""
    rows = [(line.description, str(line.amount)) for line in document.lines]
    rows += [("net", str(document.subtotal))]
    if document.tax:
        rows.append(("tax", str(document.tax)))
    if document.credit:
        rows.append(("credit used", f"-{document.credit}"))
    rows.append((f"to pay, {document.total.currency}", str(document.total)))
    width = max(len(amount) for _, amount in rows)
    say(f"{document.run_on}  invoice of {document.issued_on}, due {document.due_on}")
    for name, amount in rows:
        say(f"    {amount:>{width}}  {' '.join(name.split())}")


def document_facts(document: PreviewDocument) -> dict[str, Any]:
    """Return a document as JSON shows it."""
    return {
        "run_on": document.run_on.isoformat(),
        "issued_on": document.issued_on.isoformat(),
        "due_on": document.due_on.isoformat(),
        "currency": document.total.currency,
        "lines": [
            {"description": line.description, "amount": str(line.amount), "taxed": line.taxed}
            for line in document.lines
        ],
        "subtotal": str(document.subtotal),
        "tax": str(document.tax),
        "credit": str(document.credit),
        "total": str(document.total),
    }
