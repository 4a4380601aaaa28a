"""`key`, `price` and `audit`: API keys with their limits, prices, and who changed what."""
