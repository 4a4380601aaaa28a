"""A fake Cursor: StreamChat's bytes."""
