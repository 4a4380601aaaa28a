"""What an upstream says, made fit to be shown to people.

On one line, bounded, without HTML, and without anything that looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from cursor_api.domain.credential import Secret
from cursor_api.options.said import tell

# Longer than any text seen; a message stands in one line of a terminal or a log.
SAID_LENGTH_MAX: Final = 300
# Of which so much is shown, looked through for ten thousand secrets.
LOOKED_AT_CHARS_MAX: Final = 16_384
# What stands for "no key" is shorter, and may be part of any word.
_SECRET_LENGTH_MIN: Final = 4

# A media type that may be repeated: letters only, and too short to hold a token. Elsewhere tokens
# are found and masked; in a media type, whose case does not count, they could not be.
_SHOWN_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,12}/[a-z.+-]{1,32}")

# Session tokens, the ids inside a checksum, and API keys as most vendors spell them.
_SECRET_FORMS: Final = re.compile(
    r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|[0-9a-fA-F]{64}"
    r"|\b(?:sk|gsk|xai|crsr|key)[-_][\w.-]{15,}|\bAIza[\w-]{20,}"
)


def quote_said(text: str, secret: Secret, mask: Callable[[str], str] = str) -> str:
    """What an upstream said, with `secret` and what looks like one masked.

    `mask` takes out every other secret of the gateway.
    """
    if len(text) > LOOKED_AT_CHARS_MAX:
        # Without the last word: half a secret is not known as one.
        text = text[:LOOKED_AT_CHARS_MAX].rpartition(" ")[0]
    own = secret.reveal()
    if len(own) >= _SECRET_LENGTH_MIN:
        text = text.replace(own, secret.masked)
    text = mask(_SECRET_FORMS.sub("…", text))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) > SAID_LENGTH_MAX:
        return text[: SAID_LENGTH_MAX - 1] + "…"
    return text


def media_type_of(headers: Mapping[str, str]) -> str:
    """The stated content type without parameters; "" if there is none that is fit to be shown."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type if _SHOWN_MEDIA_TYPE.fullmatch(media_type) else ""


def describe_body(headers: Mapping[str, str], body: bytes) -> str:
    """What kind of body came, in a few words; never the body itself."""
    if not body:
        return tell("an empty body")
    return tell("a body of type {type}", type=media_type_of(headers) or tell("unknown"))
