"""Who calls, and who has tried too many wrong keys."""
