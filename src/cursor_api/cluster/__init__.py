"""Several processes that serve one address of one machine."""
