"""Credentials in use: which one serves a request, and what its outcome means for the next."""
