"""The ids and numbers of a page's documents: one block each, so that they have no gaps."""

from dataclasses import dataclass

from adapter.store.faults import Point, reached
from adapter.store.unit_of_work import DOCUMENT_ID, INVOICE_NUMBER, UnitOfWork


@dataclass(frozen=True, slots=True)
class Numbers:
    """A block of document ids, `id_step` apart, and one of running numbers."""

    first_id: int
    id_step: int
    first_number: int

    def id_at(self, position: int) -> int:
        """Return the id of the document at this position, from 0."""
        return self.first_id + position * self.id_step

    def after(self, count: int) -> "Numbers":
        """Return what is left of both when the first `count` are used."""
        return Numbers(self.id_at(count), self.id_step, self.first_number + count)


def take_numbers(uow: UnitOfWork, count: int) -> Numbers:
    """Take the ids and numbers of `count` documents."""
    step = uow.settings.id_increment
    first_id = uow.take(DOCUMENT_ID, count, step=step)
    numbers = Numbers(first_id, step, uow.take(INVOICE_NUMBER, count))
    reached(Point.NUMBER)
    return numbers
