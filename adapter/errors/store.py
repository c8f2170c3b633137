"""A store that does not answer."""

from adapter.errors.base import AdapterError


class StoreUnavailable(AdapterError):
    """The store did not answer in time; nothing was written."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("The store is busy, nothing was changed; try again")


class StoreFull(StoreUnavailable):
    """There is no room left on the store's disk, so trying again does not help by itself.

    `issued` is the number of documents that a run had committed before; of the rest nothing is.
    """

    code = "disk_full"

    def __init__(self, issued: int = 0) -> None:
        changed = f"{issued} invoices were generated" if issued else "nothing was changed"
        AdapterError.__init__(
            self, f"The disk of the store is full, {changed}; its operator has to make room"
        )
        self.issued = issued


class OutcomeUnknown(StoreUnavailable):
    """The connection broke during a commit: the change is there whole, or not at all.

    `issued` is the number of documents that a run had committed before, for certain.
    """

    code = "outcome_unknown"

    def __init__(self, issued: int = 0) -> None:
        before = f" ({issued} invoices had been generated before)" if issued else ""
        AdapterError.__init__(
            self,
            "The connection to the store broke while the change was saved; "
            f"look whether it was made before trying again{before}",
        )
        self.issued = issued
