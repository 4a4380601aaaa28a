"""A stand-in for Anthropic's API."""
