"""One invoice that no schedule asks for, written with the run's own code."""

from collections.abc import Callable

from adapter.billing.drafts import Decision, DocumentDraft
from adapter.billing.due import ClientTerms
from adapter.billing.generate import with_credit
from adapter.commands.context import Context
from adapter.store.run.load import client_terms, load_shared
from adapter.store.run.write import write_decisions
from adapter.store.unit_of_work import UnitOfWork


def write_invoice(
    uow: UnitOfWork,
    context: Context,
    client_id: int,
    make: Callable[[ClientTerms], DocumentDraft],
) -> int:
    """Issue what `make` makes of the client's terms, less his credit; return its id.

    The caller holds the client.
    """
    terms = client_terms(uow, load_shared(uow), [client_id])[client_id]
    documents = tuple(with_credit([make(terms)], terms, uow.settings))
    return write_decisions(uow, context, None, [Decision(documents)]).last_id
