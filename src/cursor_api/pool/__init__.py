"""Credentials at work: which one serves a request, and what its outcome means for the next."""
