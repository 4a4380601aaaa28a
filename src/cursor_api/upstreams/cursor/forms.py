"""What a session token looks like, in each of the spellings in which people have it."""

from __future__ import annotations

import re

from cursor_api.domain.credential import CredentialForm

_COOKIE = re.compile(r"^(user_[^:%\s]+)(?:::|%3A%3A)(.+)$", re.IGNORECASE)

# The name of the kind, and of the endpoint that session tokens belong to.
ENDPOINT = "cursor"

# Tokens are opaque: what is of no other form is taken for one.
SESSION_TOKEN = CredentialForm(ENDPOINT, lambda _secret: True, is_bound=True)


def split_token(text: str) -> tuple[str | None, str]:
    """Split a pasted token into (alias or None, bearer).

    Accepts `alias::token`, the browser cookie's `user_X::JWT` and `user_X%3A%3AJWT` (percent
    signs in either case), and a bare token. Nothing is validated: any opaque string is a token.
    """
    cookie = _COOKIE.match(text)
    if cookie:
        return cookie.group(1), cookie.group(2)
    alias, separator, token = text.partition("::")
    if not separator:
        return None, text
    # `alias::user_X%3A%3AJWT`: the cookie again, with a name in front of it.
    inner = _COOKIE.match(token)
    return alias or None, inner.group(2) if inner else token
