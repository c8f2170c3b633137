"""Plain items billed by set-based SQL: grouped, priced, taxed and written without passing Python.

Plain is a fixed amount with tax by rule: one period, no promotion, discount, credit, proration or
separate invoices, and a row in the calendar. One item that is not plain sends its whole client
the Python path (`billing.generate`), which decides the same for plain ones; a property test keeps
both equal. Statements are built once per database, settings and list of payment methods.
"""

from adapter.store.run.plain.page import PlainPage, PlainPath, can_serve

__all__ = ["PlainPage", "PlainPath", "can_serve"]
