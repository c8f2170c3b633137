"""Leases rows of the outbox and delivers them through callables that `assemble` hands in."""
