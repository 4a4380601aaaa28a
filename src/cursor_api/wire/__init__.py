"""Framing as pure code, bytes to frames and back: `feed(bytes)` gives values or nothing yet."""
