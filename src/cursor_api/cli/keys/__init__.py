"""`key` and `price`: API keys, their limits, and what models cost."""
