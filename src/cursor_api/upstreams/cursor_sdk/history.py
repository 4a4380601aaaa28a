"""What a request says that was said before: where its conversation goes on; pure.

Two requests belong together when all that the second one holds up to its last answer is what the
first one held and was answered. Clients spell the same conversation differently from turn to turn
(blanks at the ends, one message or two, thoughts left out), so that it is the words that count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from typing import Final, NamedTuple

from cursor_api.domain.content import Image, Message, Part, Role, Text, ToolResult, ToolUse

# So much is hashed in a few milliseconds, after which others have their turn.
STEP_CHARS: Final = 1 << 20
DIGEST_BYTES: Final = 16


class History(NamedTuple):
    """`before`: the digest of all up to and with the last answer, b"" where there is none yet.

    `rest_at` is the first message after it, and `digest` that of everything, to be continued.
    """

    before: bytes
    rest_at: int
    digest: hashlib.blake2b


def read_history(messages: Sequence[Message]) -> Generator[None, None, History]:
    """In steps."""
    rest_at = 0
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role is Role.ASSISTANT:
            rest_at = at + 1
            break
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    before = b""
    size = 0
    at = 0
    while at < len(messages):
        if at == rest_at:
            before = digest.digest() if rest_at else b""
        role = messages[at].role
        turn: list[Part] = []
        while at < len(messages) and messages[at].role is role:
            turn += messages[at].parts
            at += 1
        size += add_turn(digest, role, turn)
        if size >= STEP_CHARS:
            size = 0
            yield
    if rest_at == len(messages):
        before = digest.digest()
    return History(before, rest_at, digest)


def add_turn(digest: hashlib.blake2b, role: Role, parts: Sequence[Part]) -> int:
    """Go on with what one side says; gives how large it is."""
    texts: list[str] = []
    others: list[bytes] = []
    for part in parts:
        if isinstance(part, Text):
            texts.append(part.text)
        elif isinstance(part, ToolUse):
            others.append(b"call " + _bytes(part.id))
        elif isinstance(part, ToolResult):
            others.append(b"result " + _bytes(part.call_id))
            others += [_bytes(one.text) for one in part.parts if isinstance(one, Text)]
            others += [one.data for one in part.parts if isinstance(one, Image)]
        elif isinstance(part, Image):
            others.append(part.data)
    said = _bytes("".join(texts).strip())
    size = 0
    # Each with its length: what belongs to which is never in doubt.
    for piece in (role.value.encode(), said, *others):
        digest.update(b"%d:" % len(piece))
        digest.update(piece)
        size += len(piece)
    return size


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
