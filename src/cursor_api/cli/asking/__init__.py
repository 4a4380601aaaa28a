"""`chat`, `models`, `logs`, `status`, `reload` and `ui`: requests to the running gateway."""
