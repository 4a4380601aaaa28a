"""How well-known client programs are pointed at this gateway: data, and nothing that acts."""
