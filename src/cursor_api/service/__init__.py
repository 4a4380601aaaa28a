"""Use cases: answering requests, admitting callers, credentials, records and alerts."""
