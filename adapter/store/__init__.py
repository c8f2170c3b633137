"""The built-in store: tables, units of work and the run's SQL."""
