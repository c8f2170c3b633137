"""The built-in store as a backend: a handler per command."""
