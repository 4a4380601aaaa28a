"""Asking the running gateway."""
