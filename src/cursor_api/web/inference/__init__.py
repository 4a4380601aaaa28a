"""The addresses of the client APIs."""
