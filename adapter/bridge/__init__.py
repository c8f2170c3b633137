"""The flow of a request, between protocols and backends."""
