"""`connect` and `run`: client programs and their settings."""
