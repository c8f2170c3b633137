"""Results as ordered replies, with the exact field names and types of the documents."""
