"""Use cases: answering chat requests, letting callers in, looking after credentials."""
