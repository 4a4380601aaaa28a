"""The HTTP server: connections, their limits, their end."""
