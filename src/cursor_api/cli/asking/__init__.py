"""`chat`, `models`, `logs`, `status`, `reload` and `ui`: what the running gateway is asked."""
