"""The callers' side: HTTP requests in, HTTP responses out."""
