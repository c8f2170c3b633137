"""Audit of completeness: what schedules and their history ask for, against what was issued."""

from collections.abc import Iterator

from adapter.billing.completeness import Finding, Withheld
from adapter.store.auditing.clients import audit_credit
from adapter.store.auditing.documents import audit_documents
from adapter.store.auditing.numbers import audit_numbers
from adapter.store.auditing.page import Counts
from adapter.store.auditing.reading import Span
from adapter.store.auditing.schedules import audit_schedules
from adapter.store.unit_of_work import Store

__all__ = ["Counts", "Span", "audit"]


def audit(store: Store, span: Span, counts: Counts) -> Iterator[Finding | Withheld]:
    """Yield every fault of the span, and every date that was withheld; `counts` is filled.

    Works by page, each read from one snapshot: memory grows with the faults found, not with what
    exists. Source: contracts/decisions.md, "Audit".
    """
    blamed: set[int] = set()
    for part in (
        audit_schedules(store, span, counts),
        audit_documents(store, span, counts, blamed),
        audit_numbers(store, span, blamed),
        audit_credit(store),
    ):
        for found in part:
            if isinstance(found, Finding) and found.document_id is not None:
                blamed.add(found.document_id)
            yield found
