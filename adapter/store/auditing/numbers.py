"""The numbers of documents: given by a counter, and in the order of the ids within a kind."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.completeness import Fault, Finding
from adapter.billing.model import DocumentKind
from adapter.store import tables
from adapter.store.auditing.reading import Span
from adapter.store.unit_of_work import Store, UnitOfWork

_PAGE: Final = 5000
_D = tables.documents.c


@dataclass(slots=True)
class _Series:
    """The numbers of one kind as they are met; `waiting` is the last one, not yet judged."""

    last: int | None = None
    waiting: Any = None

    def meet(self, row: Any) -> Any:
        """Take the next document; return the one that is now known to be out of order."""
        waiting = self.waiting
        if waiting is None or row.number > waiting.number:
            self.last = None if waiting is None else waiting.number
            self.waiting = row
            return None
        if self.last is None or row.number > self.last:
            self.waiting = row
            return waiting
        return row


def audit_numbers(store: Store, span: Span, blamed: Collection[int]) -> Iterator[Finding]:
    """Yield documents, issued or due in the span, whose number is not the one they were given.

    Ids and numbers are taken in one order, so within a kind they rise together. A document that is
    lost leaves a gap, which is no fault of another one; `blamed` are documents that are at fault
    already, such as copies.
    """
    series: dict[str, _Series] = defaultdict(_Series)
    last = 0
    while True:
        with store.read() as uow:
            given = _given(uow)
            rows = uow.execute(
                sa.select(_D.id, _D.kind, _D.number, _D.client_id, _D.issued_on, _D.due_on)
                .where(_D.id > last)
                .order_by(_D.id)
                .limit(_PAGE)
            ).all()
        for row in rows:
            found = _judge(row, series, given, blamed)
            if found is not None and (span.has(found[0].issued_on) or span.has(found[0].due_on)):
                document, detail = found
                yield Finding(Fault.BROKEN, document.client_id, detail, document_id=document.id)
        if len(rows) < _PAGE:
            break
        last = rows[-1].id


def _given(uow: UnitOfWork) -> Mapping[str, int]:
    """Return the first number of each kind's counter that was not given yet."""
    counters = tables.counters.c
    values: dict[str, int] = {
        row.name: row.next_value
        for row in uow.execute(sa.select(counters.name, counters.next_value))
    }
    return {kind.value: values.get(kind.number_counter, 1) for kind in DocumentKind}


def _judge(
    row: Any, series: dict[str, _Series], given: Mapping[str, int], blamed: Collection[int]
) -> tuple[Any, str] | None:
    if row.id in blamed:
        return None
    if row.number is None:
        return (row, "has no number") if row.kind == DocumentKind.INVOICE else None
    if not 0 < row.number < given.get(row.kind, 1):
        return row, f"has number {row.number}, which was never given"
    stray = series[row.kind].meet(row)
    if stray is None:
        return None
    return stray, f"has number {stray.number}, out of the order of its series"
