"""Cursor's official route: API keys of its dashboard, over its SDK's local bridge (`sdk.v1`)."""
