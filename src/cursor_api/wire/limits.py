"""What one request may hold, whatever the client API that it is written in."""

from __future__ import annotations

from msgspec import Struct, field

from cursor_api.options.kinds import size, whole
from cursor_api.options.setting import GIB, KIB, setting
from cursor_api.wire.json_bounds import JsonLimits


class RequestLimits(Struct, frozen=True):
    """What one request may hold. The body's size is limited before it comes here.

    `messages_max`: a 10 MiB body could hold 600,000, and each costs work again in every later
    stage.
    `model_chars_max`: real ids stay below 100; the catalogue compares an unknown one with every
    name it has, which takes quadratic time.
    `tools_max`: agents with many servers of tools have some hundred. Each is read alone, and takes
    some microseconds.
    """

    messages_max: int = setting(
        "GATEWAY_MESSAGES_MAX",
        whole(1, 1_000_000, 10_000),
        "10000",
        "Most messages in one request. Long agent sessions have several hundred; each message"
        " costs memory beyond its bytes.",
    )
    parts_max: int = setting(
        "GATEWAY_PARTS_MAX",
        whole(1, 10_000_000, 20_000),
        "20000",
        "Most content parts (texts, images) and tool calls in one request, over all messages."
        " That allows two per message, where most messages have one.",
    )
    image_bytes_max: int = setting(
        "GATEWAY_IMAGE_BYTES_MAX",
        size(KIB, GIB, "5MiB"),
        "5MiB",
        "Largest image in a request, decoded. The strictest vision model accepts 5 MB.",
    )
    model_chars_max: int = 256
    tools_max: int = 5000
    json: JsonLimits = field(default_factory=JsonLimits)
