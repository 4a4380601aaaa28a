"""What a request says that was said before: where its conversation goes on; pure.

Two requests belong together when all that the second one holds up to its last answer is what the
first one held and was answered. Clients spell the same conversation differently from turn to turn
(blanks at the ends, one message or two, thoughts left out), so that it is the words that count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from typing import Final

from msgspec import Struct

from cursor_api.domain.content import Image, Message, Part, Role, Text, ToolResult, ToolUse

# So much is hashed in a millisecond or two, after which others have their turn.
STEP_CHARS: Final = 1 << 18
DIGEST_BYTES: Final = 16


class History(Struct, frozen=True):
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
        for done in _add(digest, role, turn):
            size += done
            if size >= STEP_CHARS:
                size = 0
                yield
    if rest_at == len(messages):
        before = digest.digest()
    return History(before, rest_at, digest)


def add_turn(digest: hashlib.blake2b, role: Role, parts: Sequence[Part]) -> None:
    """Go on with what one side says."""
    for _ in _add(digest, role, parts):
        pass


def _add(digest: hashlib.blake2b, role: Role, parts: Sequence[Part]) -> Iterator[int]:
    """The same, and after each piece how large it was."""
    said = "".join([part.text for part in parts if isinstance(part, Text)]).strip()
    yield from _add_text(digest, role.value)
    yield from _add_text(digest, said)
    for part in parts:
        if isinstance(part, ToolUse):
            yield from _add_text(digest, f"call {part.id} {part.name}")
            # Two conversations may differ in this alone, where ids are counted.
            digest.update(b"%d:" % len(part.arguments))
            digest.update(part.arguments)
            yield len(part.arguments)
        elif isinstance(part, Image):
            yield _add_image(digest, part)
        elif isinstance(part, ToolResult):
            yield from _add_text(digest, f"result {part.call_id} {part.is_error}")
            for inner in part.parts:
                if isinstance(inner, Text):
                    yield from _add_text(digest, inner.text)
                elif isinstance(inner, Image):
                    yield _add_image(digest, inner)


def _add_text(digest: hashlib.blake2b, text: str) -> Iterator[int]:
    # With its length: what belongs to which piece is never in doubt.
    digest.update(b"%d:" % len(text))
    for at in range(0, len(text), STEP_CHARS):
        piece = text[at : at + STEP_CHARS]
        digest.update(piece.encode(errors="surrogatepass"))
        yield len(piece)


def _add_image(digest: hashlib.blake2b, image: Image) -> int:
    digest.update(b"image %d:" % len(image.data))
    digest.update(image.data)
    return len(image.data)
