"""The two files in which Cursor's credentials are kept: `.token` and `.token-list`."""
