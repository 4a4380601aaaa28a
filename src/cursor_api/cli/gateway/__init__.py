"""Requests to the running gateway."""
