"""Cursor by session token: the editor's StreamChat call."""
