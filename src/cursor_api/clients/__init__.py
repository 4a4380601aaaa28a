"""How well-known client programs are set up to use this gateway: data only."""
