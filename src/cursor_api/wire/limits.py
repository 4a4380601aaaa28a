"""What one request may hold, whatever the client API that it is written in."""

from __future__ import annotations

from dataclasses import dataclass, field

from cursor_api.wire.json_bounds import JsonLimits


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one request may hold. The body's size is limited before it comes here.

    `messages_max`: long agent sessions run to some thousand turns; a 10 MiB body could hold
    600,000, and each costs work again in every later stage.
    `parts_max`: content parts and tool calls of all messages together, two for each message; most
    have one.
    `image_bytes_max`: the strictest of the vision models takes 5 MB an image.
    `model_chars_max`: real ids stay below 100; the catalogue compares an unknown one with every
    name it has, which takes quadratic time.
    """

    messages_max: int = 10_000
    parts_max: int = 20_000
    image_bytes_max: int = 5 * 1024 * 1024
    model_chars_max: int = 256
    json: JsonLimits = field(default_factory=JsonLimits)
