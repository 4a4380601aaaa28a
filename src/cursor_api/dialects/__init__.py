"""Client APIs as pure code: bytes or JSON to domain values, and back."""
