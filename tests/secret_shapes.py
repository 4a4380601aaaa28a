"""Texts that look like secrets, in each of the spellings in which people have them."""

from __future__ import annotations

HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
JWT = f"{HEADER}.eyJzdWIiOiJhdXRoMHx1c2VyXzAxIn0.c2lnbmF0dXJlLWNhbmFyeS1fLTAxMjM0NTY3ODk"
DEVICE = "0123456789abcdef" * 4
CHECKSUM = f"paaotdDV{DEVICE}/{DEVICE[::-1]}"

SHAPES = {
    "a JWT": JWT,
    "a JWT cut short": JWT[:50],
    "a JWT's header": HEADER,
    "a cookie as the browser shows it": f"user_01ABC%3A%3A{JWT}",
    "a cookie in lower case": f"user_01ABC%3a%3a{JWT}",
    "a cookie encoded twice": f"user_01ABC%253A%253A{JWT}",
    "a cookie with colons": f"user_01ABC::{JWT}",
    "a cookie with an opaque token": "user_01ABC::opaque-canary-token",
    "device ids": CHECKSUM,
    "one device id": f"paaotdDV{DEVICE}",
    "a time part that ends in hex": f"paaotdab{DEVICE}",
    "an upper case device id": DEVICE.upper(),
    "a dashboard key": "crsr_canary0123456789",
    "an older dashboard key": "key_0123456789abcdefcanary",
    "an OpenAI key": "sk-canary0123456789abcdef",
}
