"""Addresses of the earlier program's other versions: which are served here by another name.

Rules of this file:
- Only an address that is open to everybody has a second name, so that none can be reached around a
  proxy which holds its first one back.
- The others are told where what they did is now, and nothing is done.
"""

from __future__ import annotations

from typing import Final

SAME: Final = {
    "/health": "/",
    "/tokens": "/tokeninfo",
    "/get-checksum": "/checksum",
    "/gen-checksum": "/checksum",
}
_CREDENTIALS: Final = "/api/credentials, described at /api/openapi.json"
_SETTINGS: Final = "settings, in the environment or a file: docs/configuration.md"
# By the beginning of the path.
_MOVED: Final = (
    ("/tokens/get", "POST /get-tokeninfo, or GET /api/credentials"),
    ("/tokens/set", "POST /update-tokeninfo"),
    ("/tokens/", _CREDENTIALS),
    ("/tokens-", _CREDENTIALS),
    ("/env-checksum", "the token list, which has one for each token"),
    ("/get-user-info", "the state that GET /api/credentials shows of each"),
    ("/userinfo", "the state that GET /api/credentials shows of each"),
    ("/config", _SETTINGS),
    ("/env-example", _SETTINGS),
    ("/proxies", "the proxy of an upstream, in the settings"),
    ("/build-key", "CLIENT_TOKENS, which are keys that may only chat"),
    ("/get-hash", "GET /checksum, which makes a whole one"),
)


def find_successor(path: str) -> str | None:
    """What is in the place of an address that the later versions had."""
    for beginning, now in _MOVED:
        if path == beginning or path.startswith(
            beginning if beginning[-1] in "/-" else f"{beginning}/"
        ):
            return now
    return None
