"""Signatures of thoughts: what the simulator has thought it knows again, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac

# No secret: it only tells the simulator's thoughts from made-up ones.
_KEY = b"the simulator's thoughts"


def sign(thought: str) -> str:
    """The signature of a thought, of the length that real ones have at least."""
    digest = hmac.digest(_KEY, thought.encode(), hashlib.sha512)
    return base64.b64encode(b"\x12\x40" + digest * 3).decode()


def is_genuine(thought: str, signature: str) -> bool:
    """Whether the simulator has signed this thought."""
    return hmac.compare_digest(sign(thought).encode(), signature.encode())
