"""Cursor's official way: API keys of its dashboard, over its SDK's local bridge."""
