"""The side of the callers: HTTP requests in, HTTP responses out."""
