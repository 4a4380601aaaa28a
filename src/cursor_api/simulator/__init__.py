"""A fake upstream that speaks the real bytes: a program of its own, for demos and tests."""
