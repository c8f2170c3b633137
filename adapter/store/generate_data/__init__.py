"""A realistic store, fast: for trying things out, load tests and benchmarks. Sandboxes only."""

from adapter.store.generate_data.generate import generate_data
from adapter.store.generate_data.plan import DataKind, Plan

__all__ = ["DataKind", "Plan", "generate_data"]
